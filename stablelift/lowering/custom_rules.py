"""custom_jvp and custom_vjp: pure functions with derivative rules of their own, as one lift op each.

The rules are traced with the function. What they close over has no gradient; it goes in as further operands.
A rule may apply the function itself, rule and all, for derivatives of higher order.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial, update_wrapper
from typing import Any, cast

import jax
import jax.numpy as jnp

from stablelift.lowering import jax_compat
from stablelift.lowering.callee import Callee, avals_of, flat_arrays, name_of
from stablelift.lowering.gradients import float0_like
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.primitive import Recursive, bind


class _Custom:
    """A function that waits for its rule. Arguments at `nondiff_argnums` are passed on as they are."""

    def __init__(self, function: Callable, nondiff_argnums: int | Sequence[int] = ()):
        self._function, self._name = function, name_of(function)
        numbers = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else nondiff_argnums
        self._nondiff = tuple(sorted(numbers))
        self._tracing = _Tracing()
        update_wrapper(cast(Callable, self), function)

    def _split(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], list[Any]]:
        """The arguments that are passed on, and those to differentiate; keywords are made positional."""
        if kwargs:
            bound = inspect.signature(self._function).bind(*args, **kwargs)
            bound.apply_defaults()
            if bound.kwargs:
                names = ", ".join(bound.kwargs)
                raise TypeError(f"{self._name}: expected positional arguments, found {names}")
            args = bound.args
        static = [args[number] for number in self._nondiff]
        return static, [arg for number, arg in enumerate(args) if number not in self._nondiff]

    def _recursive(self, static: list[Any], given: list[Any]) -> _Recursion:
        """The op that these arguments make: the one whose rule is being traced, if it is the same."""
        leaves, tree = flat_arrays(given)
        types = tuple((aval.shape, aval.dtype) for aval in avals_of(leaves))
        return _Recursion(self._tracing.ops, (tuple(map(_identity, static)), tree, types))

    def _with(self, function: Callable, static: list[Any]) -> Callable:
        """`function` with the arguments that are passed on filled in."""

        def filled(*given: Any) -> Any:
            fixed, rest = dict(zip(self._nondiff, static, strict=True)), iter(given)
            count = len(static) + len(given)
            return function(*(fixed[n] if n in fixed else next(rest) for n in range(count)))

        filled.__name__ = name_of(function)
        return filled


class custom_vjp(_Custom):
    """A function whose gradients a user's pair of functions gives, as `jax.custom_vjp`."""

    _rules: tuple[Callable, Callable] | None = None

    def defvjp(self, fwd: Callable, bwd: Callable) -> None:
        """Attach the rule.

        Args:
          fwd: Takes the function's arguments; returns (output, residuals).
          bwd: (*nondiff_args, residuals, cotangent of the output) -> a tuple with a gradient for each
            argument that is differentiated; None is zero.
        """
        self._rules = fwd, bwd

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._rules is None:
            raise AttributeError(f"custom_vjp: `{self._name}` has no rule; give it one by `defvjp`")
        fwd, bwd = self._rules
        static, given = self._split(args, kwargs)

        def backward(residuals: Any, cotangent: Any) -> Any:
            return bwd(*static, residuals, cotangent)

        backward.__name__ = name_of(bwd)
        functions = self._with(self._function, static), self._with(fwd, static), backward
        return call_with_vjp(*functions, *given, recursion=self._recursive(static, given))


class custom_jvp(_Custom):
    """A function whose tangents a user's function gives, as `jax.custom_jvp`."""

    _rule: Callable | None = None

    def defjvp(self, jvp: Callable) -> Callable:
        """Attach the rule: (*nondiff_args, primals, tangents) -> (output, its tangent). Returns the rule."""
        self._rule = jvp
        return jvp

    def defjvps(self, *jvps: Callable | None) -> None:
        """Attach one rule for each argument: (tangent, output, *args) -> its part of the output's tangent.

        None stands for an argument that has no part in it.
        """

        def rule(primals: Any, tangents: Any) -> Any:
            out = self(*primals)
            given = zip(jvps, tangents, strict=True)
            parts = [jvp(tangent, out, *primals) for jvp, tangent in given if jvp is not None]
            return out, jax.tree.map(lambda *terms: sum(terms[1:], terms[0]), *parts)

        self._rule = rule

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._rule is None:
            raise AttributeError(f"custom_jvp: `{self._name}` has no rule; give it one by `defjvp`")
        static, given = self._split(args, kwargs)
        rule = self._rule

        def moved(primals: Any, tangents: Any) -> Any:
            return rule(*static, primals, tangents)

        moved.__name__ = name_of(rule)
        recursion = self._recursive(static, given)
        return call_with_jvp(self._with(self._function, static), moved, *given, recursion=recursion)


def call_with_vjp(
    function: Callable | Callee,
    forward: Callable,
    backward: Callable,
    *args: Any,
    recursion: _Recursion | None = None,
) -> Any:
    """`function(*args)`, whose gradient is `backward(residuals, cotangent)`, where
    `forward(*args)` = (output, residuals). The function may have been traced already, on these arguments.

    Raises:
      TypeError: The functions do not fit each other.
    """
    recursion = recursion or _Recursion({}, None)
    arrays, in_tree = flat_arrays((args, {}))
    if recursion.running:
        return recursion.apply("lift.custom_vjp", arrays)
    avals = avals_of(arrays)
    primal = function if isinstance(function, Callee) else Callee(function, in_tree, avals)
    with recursion.around(primal):
        fwd = Callee(forward, in_tree, avals)
        residual_tree = _residual_tree(primal, fwd)
        bwd = _backward_callee(backward, primal, fwd, residual_tree, args)
    residuals = fwd.out_avals[len(primal.out_avals) :]
    operands = _Operands([primal, fwd, bwd], arrays)

    def forward_flat(*values: Any) -> list[Any]:
        return [*operands.run(fwd, values), *operands.constants(bwd, values)]

    def backward_flat(*values: Any) -> list[Any]:
        middle, end = len(residuals), len(residuals) + len(bwd.constants)
        found = jax_compat.evaluate(bwd.jaxpr, *values[middle:end], *values[:middle], *values[end:])
        return [*operands.zeros(), *found]

    saved = [*residuals, *avals_of(bwd.constants), *_carrying(primal.out_avals)]
    callees = {
        "callee": operands.jaxpr(primal),
        "fwd": jax_compat.make_jaxpr(forward_flat, operands.avals),
        "bwd": jax_compat.make_jaxpr(backward_flat, saved),
    }
    return recursion.bind("lift.custom_vjp", operands, callees)


def _backward_callee(
    backward: Callable, primal: Callee, fwd: Callee, residual_tree: Any, args: Any
) -> Callee:
    """The backward function as one of the residuals and of the cotangents that can be carried."""

    def gradients(residuals: list[Any], cotangents: list[Any]) -> list[Any]:
        cotangent = jax.tree.unflatten(primal.out_tree, _completed(cotangents, primal.out_avals))
        return _gradient_leaves(backward, backward(residual_tree.unflatten(residuals), cotangent), args)

    gradients.__name__ = name_of(backward)
    given = (fwd.out_avals[len(primal.out_avals) :], _carrying(primal.out_avals))
    return Callee(gradients, jax.tree.structure((given, {})), jax.tree.leaves(given))


def call_with_jvp(
    function: Callable, rule: Callable, *args: Any, recursion: _Recursion | None = None
) -> Any:
    """`function(*args)`, whose output and tangent are `rule(primals, tangents)`.

    Raises:
      TypeError: The functions do not fit each other.
    """
    recursion = recursion or _Recursion({}, None)
    arrays, in_tree = flat_arrays((args, {}))
    if recursion.running:
        return recursion.apply("lift.custom_jvp", arrays)
    avals = avals_of(arrays)
    primal = Callee(function, in_tree, avals)

    def moved(primals: list[Any], tangents: list[Any]) -> list[Any]:
        given = in_tree.unflatten(_completed(tangents, avals))[0]
        found = rule(in_tree.unflatten(primals)[0], given)
        return _pair_leaves(rule, primal, found)

    moved.__name__ = name_of(rule)
    tangents = _carrying(avals)
    with recursion.around(primal):
        jvp = Callee(moved, jax.tree.structure(((avals, tangents), {})), [*avals, *tangents])
    operands = _Operands([primal, jvp], arrays)
    count = len(operands.values)

    def moved_flat(*values: Any) -> list[Any]:
        own = values[count + len(operands.zeros()) :]
        return jax_compat.evaluate(
            jvp.jaxpr, *operands.constants(jvp, values), *operands.arguments(values[:count]), *own
        )

    callees = {
        "callee": operands.jaxpr(primal),
        "jvp": jax_compat.make_jaxpr(moved_flat, [*operands.avals, *_carrying(operands.avals)]),
    }
    return recursion.bind("lift.custom_jvp", operands, callees)


class _Tracing(threading.local):
    """The ops whose rules are being traced in this thread."""

    def __init__(self):
        self.ops: dict[Any, _Recursion] = {}


class _Recursion:
    """An op that its own rule may apply: such a use is bound before the rule is known."""

    def __init__(self, tracing: dict[Any, _Recursion], key: Any):
        self._tracing, self._key = tracing, key
        self._op, self._applied = Recursive(), False
        self._primal: Callee | None = None

    @property
    def running(self) -> bool:
        """Whether the rule of this very op is being traced."""
        return self._key in self._tracing

    def apply(self, op: str, arrays: Sequence[Any]) -> Any:
        """Use the op inside its rule."""
        return self._tracing[self._key]._use(op, arrays)

    def _use(self, op: str, values: Sequence[Any]) -> Any:
        self._applied = True
        assert self._primal is not None
        primal = self._primal
        results = bind(op, values, self._op, primal.out_avals, name=primal.name)
        return jax.tree.unflatten(primal.out_tree, results)

    @contextlib.contextmanager
    def around(self, primal: Callee) -> Iterator[None]:
        """Trace the rule meanwhile."""
        self._primal, self._tracing[self._key] = primal, self
        try:
            yield
        finally:
            del self._tracing[self._key]

    def bind(self, op: str, operands: _Operands, callees: dict[str, Jaxpr]) -> Any:
        """Apply the op outside, now that its callees are known."""
        assert self._primal is not None
        primal = self._primal
        if self._applied:
            self._op.callees = operands.closed(primal.name, callees)
            return self._use(op, operands.arguments(operands.values))
        results = bind(op, operands.values, {**callees}, primal.out_avals, name=primal.name)
        return jax.tree.unflatten(primal.out_tree, results)


class _Operands:
    """What callees that are one op's take together: the constants of each of them, then the arguments."""

    def __init__(self, callees: Sequence[Callee], arrays: Sequence[Any]):
        self.values = [*(constant for callee in callees for constant in callee.constants), *arrays]
        self.avals = avals_of(self.values)
        self._first = len(self.values) - len(arrays)
        self._callees = callees

    def constants(self, callee: Callee, values: Sequence[Any]) -> Sequence[Any]:
        before = self._callees[: self._callees.index(callee)]
        start = sum(len(other.constants) for other in before)
        return values[start : start + len(callee.constants)]

    def arguments(self, values: Sequence[Any]) -> Sequence[Any]:
        return values[self._first :]

    def run(self, callee: Callee, values: Sequence[Any]) -> list[Any]:
        return jax_compat.evaluate(callee.jaxpr, *self.constants(callee, values), *self.arguments(values))

    def jaxpr(self, callee: Callee) -> Jaxpr:
        """The callee as a function of all operands."""
        return jax_compat.make_jaxpr(lambda *values: self.run(callee, values), self.avals)

    def zeros(self) -> list[Any]:
        """The gradients of the constants that can have one."""
        return [jnp.zeros(aval.shape, aval.dtype) for aval in _carrying(self.avals[: self._first])]


    def closed(self, name: str, callees: dict[str, Jaxpr]) -> dict[str, Jaxpr]:
        """The callees as functions of the arguments alone, the constants inside.

        Raises:
          TypeError: A constant is being traced, so it cannot be part of a function.
        """
        constants, zeros = self.values[: self._first], self.zeros()
        if any(map(jax_compat.is_tracer, constants)):
            raise TypeError(
                f"the derivative rule of `{name}` applies `{name}`, and one of them closes over a value that "
                "is being traced; pass it as an argument"
            )
        avals = self.avals[self._first :]

        def of_arguments(jaxpr: Jaxpr, *values: Any) -> list[Any]:
            return jax_compat.evaluate(jaxpr, *constants, *values)

        def without_gradients(jaxpr: Jaxpr, *values: Any) -> list[Any]:
            return jax_compat.evaluate(jaxpr, *values)[len(zeros) :]

        def with_tangents(jaxpr: Jaxpr, *values: Any) -> list[Any]:
            primals, tangents = values[: len(avals)], values[len(avals) :]
            return jax_compat.evaluate(jaxpr, *constants, *primals, *zeros, *tangents)

        makers = {"bwd": without_gradients, "jvp": with_tangents}
        given = {"jvp": [*avals, *_carrying(avals)]}
        return {
            attribute: jax_compat.make_jaxpr(
                partial(makers.get(attribute, of_arguments), jaxpr),
                jaxpr.in_avals if attribute == "bwd" else given.get(attribute, avals),
            )
            for attribute, jaxpr in callees.items()
        }


def _carrying(avals: Sequence[Any]) -> list[Any]:
    """The abstract values of the tangents, where there can be one."""
    return [aval for aval in map(jax_compat.tangent_aval, avals) if aval is not None]


def _completed(tangents: Sequence[Any], avals: Sequence[Any]) -> list[Any]:
    """A tangent for each value; `float0` where it can carry none."""
    given = iter(tangents)
    return [float0_like(a) if jax_compat.tangent_aval(a) is None else next(given) for a in avals]


def _residual_tree(primal: Callee, fwd: Callee) -> Any:
    children = fwd.out_tree.children()
    if len(children) != 2:
        raise TypeError(
            f"custom_vjp: expected `{fwd.name}` to return (output, residuals), found {fwd.out_tree}"
        )
    _require_output("custom_vjp", fwd.name, primal, children[0], fwd.out_avals)
    return children[1]


def _require_output(kind: str, rule: str, primal: Callee, tree: Any, avals: Sequence[Any]) -> None:
    """A rule's output is that of the function: same structure, shapes and dtypes."""
    what = f"{kind}: expected `{rule}` to return the output of `{primal.name}`"
    if tree != primal.out_tree:
        raise TypeError(f"{what}, of structure {primal.out_tree}, found {tree}")
    for mine, other in zip(primal.out_avals, avals, strict=False):
        if (mine.shape, mine.dtype) != (other.shape, other.dtype):
            raise TypeError(f"{what}, {mine.str_short()}, found {other.str_short()}")


def _gradient_leaves(backward: Callable, found: Any, args: Sequence[Any]) -> list[Any]:
    """What a backward function returned, a leaf for each input that can carry a tangent; None is zero."""
    what = f"custom_vjp: expected `{name_of(backward)}` to return"
    if not isinstance(found, tuple | list) or len(found) != len(args):
        spelled = f"{len(found)} of them" if isinstance(found, tuple | list) else type(found).__name__
        raise TypeError(f"{what} a tuple of gradients, one for each of {len(args)} arguments, "
            f"found {spelled}")
    leaves: list[Any] = []
    for number, (gradient, arg) in enumerate(zip(found, args, strict=True)):
        arrays, tree = flat_arrays(arg)
        leaves += _fitting(f"{what} as gradient of argument {number}", gradient, avals_of(arrays), tree)
    return leaves


def _pair_leaves(rule: Callable, primal: Callee, found: Any) -> list[Any]:
    """What a forward rule returned: the leaves of the output, and of its tangent where there can be one."""
    what = f"custom_jvp: expected `{name_of(rule)}` to return"
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise TypeError(f"{what} (output, tangent), found {type(found).__name__}")
    outputs, tree = flat_arrays(found[0])
    _require_output("custom_jvp", name_of(rule), primal, tree, avals_of(outputs))
    return [*outputs, *_fitting(f"{what} as tangent", found[1], primal.out_avals, primal.out_tree)]


def _identity(value: Any) -> Any:
    """What an argument that is passed on is recognised by."""
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value


def _fitting(what: str, tangent: Any, avals: Sequence[Any], tree: Any) -> list[Any]:
    """The leaves of a tangent that belong to values which can carry one; None, of a leaf or all, is zero."""
    if tangent is None:
        tangent = tree.unflatten([None] * tree.num_leaves)
    leaves, found = jax.tree.flatten(tangent, is_leaf=lambda leaf: leaf is None)
    if found != tree:
        raise TypeError(f"{what} a tree {tree}, found {found}")
    fitting = []
    for leaf, aval in zip(leaves, avals, strict=True):
        wanted = jax_compat.tangent_aval(aval)
        if wanted is None:
            continue
        value = jnp.zeros(wanted.shape, wanted.dtype) if leaf is None else jnp.asarray(leaf, wanted.dtype)
        if value.shape != wanted.shape:
            raise TypeError(f"{what} {wanted.str_short()}, found shape {value.shape}")
        fitting.append(value)
    return fitting
