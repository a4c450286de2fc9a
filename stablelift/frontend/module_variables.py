"""What a Module's methods read and write while it is bound: variables, random streams, its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax

from stablelift import errors
from stablelift.frontend.module_state import ModuleBase
from stablelift.frontend.scope import Scope
from stablelift.frontend.variables import Variable


class ModuleVariables(ModuleBase):
    """The part of `Module` that its methods use; each call goes to the Scope that the Module is bound to."""

    if TYPE_CHECKING:

        @property
        def _initialization_allowed(self) -> bool: ...

    def _scope_for(self, what: str) -> Scope:
        if self.scope is None:
            raise errors.UnboundModuleError(what, type(self).__name__)
        return self.scope

    def _reserving_scope(self, kind: str, name: str, col: str) -> Scope:
        scope = self._scope_for(f"create {kind} `{name}`")
        scope.check_usable(f"{kind} `{name}`", writes=False)
        if not self._initialization_allowed:
            raise errors.AssignVariableError(kind, name, type(self).__name__)
        if scope.name_reserved(name, col):
            raise errors.NameInUseError(kind, name, type(self).__name__)
        return scope

    def param(
        self, name: str, init_fn: Callable[..., Any], *init_args: Any, unbox: bool = True, **init_kwargs: Any
    ) -> Any:
        """The parameter `name`; created as `init_fn(key, *init_args, **init_kwargs)` when initialising.

        Raises: NameInUseError, ScopeParamShapeError, ScopeParamNotFoundError, ScopeCollectionNotFound.
        """
        scope = self._reserving_scope("param", name, "params")
        value = scope.param(name, init_fn, *init_args, unbox=unbox, **init_kwargs)
        self._state.children[name] = "params"
        return value

    def variable(
        self,
        col: str,
        name: str,
        init_fn: Callable[..., Any] | None = None,
        *init_args: Any,
        unbox: bool = True,
        **init_kwargs: Any,
    ) -> Variable[Any]:
        """The variable `name` of `col`; created as `init_fn(*init_args, **init_kwargs)` if it is missing.

        Raises: NameInUseError, ScopeVariableNotFoundError, ScopeCollectionNotFound.
        """
        scope = self._reserving_scope("variable", name, col)
        variable = scope.variable(col, name, init_fn, *init_args, unbox=unbox, **init_kwargs)
        self._state.children[name] = col
        return variable

    def sow(
        self,
        col: str,
        name: str,
        value: Any,
        reduce_fn: Callable[[Any, Any], Any] = lambda xs, x: (*xs, x),
        init_fn: Callable[[], Any] = lambda: (),
    ) -> bool:
        """Store an intermediate value if `col` is mutable; by default values gather in a tuple.

        Returns whether it was stored.
        """
        scope = self._scope_for(f"sow `{name}`")
        if not scope.is_mutable_collection(col):
            return False
        if not scope.has_variable(col, name):
            scope.reserve(name, col)
            self._state.children[name] = col
            held = init_fn()
        else:
            held = scope.get_variable(col, name)
        scope.put_variable(col, name, reduce_fn(held, value))
        return True

    def perturb(self, name: str, value: Any, collection: str = "perturbations") -> Any:
        """`value` plus a variable that starts at zero, whose gradient is the gradient of `value`."""
        scope = self._scope_for(f"perturb `{name}`")
        missing = not scope.has_variable(collection, name)
        if missing and scope.is_mutable_collection(collection):
            scope.reserve(name, collection)
            self._state.children[name] = collection
            zeros = jax.tree_util.tree_map(jax.numpy.zeros_like, value)
            scope.put_variable(collection, name, zeros)
        elif missing and collection in scope.root.tree:
            raise errors.ScopeVariableNotFoundError(name, collection, scope.path_text)
        if not scope.has_variable(collection, name):
            return value
        return jax.tree_util.tree_map(jax.numpy.add, value, scope.get_variable(collection, name))

    @property
    def variables(self) -> dict[str, Any]:
        """This Module's part of every collection."""
        return self._scope_for("read `variables`").variables()

    def get_variable(self, col: str, name: str, default: Any = None) -> Any:
        """The value of a variable, `default` if it does not exist."""
        return self._scope_for(f"read variable `{name}`").get_variable(col, name, default)

    def put_variable(self, col: str, name: str, value: Any) -> None:
        """Create or update a variable of a mutable collection. Raises: ModifyScopeVariableError."""
        self._scope_for(f"write variable `{name}`").put_variable(col, name, value)

    def has_variable(self, col: str, name: str) -> bool:
        """Whether the variable exists."""
        return self._scope_for(f"look for variable `{name}`").has_variable(col, name)

    def is_mutable_collection(self, col: str) -> bool:
        """Whether variables of `col` may be written here."""
        return self._scope_for(f"ask whether `{col}` is mutable").is_mutable_collection(col)

    def has_rng(self, name: str) -> bool:
        """Whether there is a random stream `name`."""
        return self._scope_for(f"look for random stream `{name}`").has_rng(name)

    def make_rng(self, name: str = "params") -> Any:
        """The next key of a random stream. Raises: InvalidRngError."""
        return self._scope_for(f"draw from random stream `{name}`").make_rng(name)

    def is_initializing(self) -> bool:
        """Whether `init` is running."""
        return self._scope_for("ask for `is_initializing`").get_flag("initializing", False)

    @property
    def path(self) -> tuple[str, ...]:
        """The names from the root to this Module."""
        return self._scope_for("read `path`").path
