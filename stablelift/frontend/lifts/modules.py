"""Modules at the boundary of a lift: their scopes are taken out, inside they are rebuilt on new ones."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax

from stablelift.frontend.adoption import field_names
from stablelift.frontend.module_state import ModuleBase
from stablelift.frontend.scope import Scope
from stablelift.frontend.variables import Variable


@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True)
class Slot:
    """What stands for a Module or Variable among the arguments: a pytree without leaves."""

    number: int


class LiftedModules:
    """The Modules and Variables that take part in one lifted call: `module`, and those among its arguments.

    `scopes` has one entry for each, None for a `module` that is unbound. `args` and `kwargs` are the
    arguments with a Slot in place of each Module and Variable; an unbound Module passes through its Slot as
    it is. Those that occur twice are rebuilt once. `settle` says whether to try out their `setup` first, so
    that its errors come early.
    """

    def __init__(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, settle: bool = True):
        self.module = module
        self._settle = settle
        self.scopes: list[Scope | None] = []
        self.in_slots: list[Any] = []
        self._position: dict[int, int] = {}
        self.args, self.kwargs = jax.tree_util.tree_map(self._to_slot, (args, kwargs))
        self._collect(module)

    def _to_slot(self, x: Any) -> Any:
        if not isinstance(x, ModuleBase | Variable):
            return x
        if _is_bound(x):
            self._collect(x)
        known = [number for number, held in enumerate(self.in_slots) if held is x]
        if not known:
            self.in_slots.append(x)
        return Slot(known[0] if known else len(self.in_slots) - 1)

    def _collect(self, x: Any) -> None:
        """Note the scopes of `x` and of what sits in its fields."""
        if x._id in self._position:
            return
        if isinstance(x, ModuleBase):
            if self._settle:
                x._try_setup(shallow=True)
            for leaf in jax.tree_util.tree_leaves([getattr(x, name) for name in field_names(x)]):
                if _is_bound(leaf):
                    self._collect(leaf)
        self._position[x._id] = len(self.scopes)
        self.scopes.append(x.scope)

    def rebuild(self, cls: type, scopes: list[Scope | None], args: Any, kwargs: Any) -> tuple[Any, Any, Any]:
        """`module` as a `cls`, and the arguments, with every Module and Variable on the scopes given."""
        made: dict[int, Any] = {}

        def rebuilt(x: Any, cls: type | None = None) -> Any:
            if isinstance(x, Slot):
                return rebuilt(self.in_slots[x.number])
            if getattr(x, "_id", None) not in self._position or not isinstance(x, ModuleBase | Variable):
                return x
            if x._id not in made:
                made[x._id] = self._rebuilt(x, cls or type(x), scopes, rebuilt)
            return made[x._id]

        module = rebuilt(self.module, cls)
        args, kwargs = jax.tree_util.tree_map(rebuilt, (args, kwargs), is_leaf=lambda x: isinstance(x, Slot))
        return module, args, kwargs

    def _rebuilt(self, x: Any, cls: type, scopes: list[Scope | None], rebuilt: Any) -> Any:
        scope = scopes[self._position[x._id]]
        if isinstance(x, Variable):
            assert scope is not None
            return Variable(scope, x.collection, x.name, x.unbox)
        fields = {name: jax.tree_util.tree_map(rebuilt, getattr(x, name)) for name in field_names(x)}
        return cls(parent=scope, name=x.name, **fields)


def holds_modules(tree: Any) -> bool:
    """Whether a pytree holds a Module or a Variable."""
    return any(isinstance(x, ModuleBase | Variable) for x in jax.tree_util.tree_leaves(tree))


def _is_bound(x: Any) -> bool:
    return isinstance(x, ModuleBase | Variable) and isinstance(x.scope, Scope)
