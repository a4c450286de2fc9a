"""Python functions that run with a program: `jax.debug.print` and `callback`, `io_callback`, `pure_callback`.

The primitive is kept as one custom call (`ir/callback.py`) through all passes, which know whether it only
computes. When a finished program joins a module of JAX's, JAX's own lowering takes the place of each. Mapped,
it is what JAX's rule for the primitive makes of it: the function is as opaque to us as a library's.

An op finds its function again by a key. The function lives as long as something that may have to find it: the
session in which it is traced, a `Traced`, a `Program`. A file has no functions: a program in it cannot call
them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from jax.extend.core import Primitive

from stablelift.errors import SideEffectError
from stablelift.ir import callback
from stablelift.ir.location import error_at
from stablelift.ir.mlir import context, ir, parse, walk
from stablelift.lowering import jax_compat
from stablelift.lowering.foreign import mapped_by_jax
from stablelift.lowering.session import session_memo
from stablelift.lowering.table import RULES, unweak
from stablelift.lowering.tokens import thread_tokens
from stablelift.lowering.widths import mode_for

_PROCESS = secrets.token_hex(4)
_NUMBERS = count()


@dataclass(frozen=True, eq=False)
class Callback:
    """What a key stands for: a function of arrays that applies one primitive, by its name, and the types of
    what it takes and returns. `mapped` are the callbacks that maps have made of it.
    """

    name: str
    apply: Callable[..., Sequence[Any]]
    avals: tuple[Any, ...]
    out_avals: tuple[Any, ...]
    mapped: dict[Hashable, Callback] = field(default_factory=dict)
    number: int = field(default_factory=partial(next, _NUMBERS))

    @property
    def key(self) -> str:
        return f"{self.name}:{_PROCESS}:{self.number}"


_BY_KEY: WeakValueDictionary[str, Callback] = WeakValueDictionary()
_EQUAL: WeakValueDictionary[Hashable, Callback] = WeakValueDictionary()


def callbacks_in(bytecode: bytes) -> tuple[Callback, ...]:
    """What a module of this process calls: whoever has them keeps them alive."""
    if not callback.may_call_python(bytecode):
        return ()
    with context() as ctx:
        module = parse(bytecode, ctx)
        calls = callback.callbacks(walk(module.operation, "stablehlo.custom_call"))
        found = (_BY_KEY.get(callback.key_of(op)) for op in calls)
        return tuple(dict.fromkeys(one for one in found if one is not None))


def _lower(primitive: Primitive, ctx: Any, *args: Any, **params: Any) -> Sequence[ir.Value]:
    avals = tuple(map(unweak, ctx.avals_in))
    made = Callback(primitive.name, partial(primitive.bind, **params), avals, tuple(ctx.avals_out))
    try:
        identity = jax_compat.identity_of_callback(params), avals
    except TypeError:
        identity = object()
    # What is equal has equal keys, so that equal programs are known to be.
    made = _EQUAL.setdefault((made.name, identity), made)
    _BY_KEY[made.key] = made
    _in_session().append(made)
    types = [jax_compat.ir_type(ctx, aval) for aval in made.out_avals]
    has_effect, order = primitive is not jax_compat.pure_callback_p, jax_compat.order_of(primitive, params)
    return list(callback.create(types, args, made.key, has_effect, order).results)


def _in_session() -> list[Callback]:
    """What is kept alive while functions are traced."""
    memo = session_memo()
    assert memo is not None, "rules of ours lower in sessions"
    return memo.setdefault("callbacks", [])


for _primitive in jax_compat.CALLBACKS:
    RULES[_primitive] = partial(_lower, _primitive)


def batched(op: Any, mapped: Sequence[bool], size: int) -> str:
    """The key of a callback on `mapped` arguments that carry a batch on axis 0, as all results do then.

    Raises:
      SideEffectError: The function is one of another process.
      NotImplementedError, ValueError: JAX does not map it.
    """
    one, how = _called_by(op), (tuple(mapped), size)
    if how not in one.mapped:
        apply, avals = mapped_by_jax(one.apply, one.avals, mapped, size)
        with mode_for(avals):
            out_avals = jax_compat.make_jaxpr(apply, avals).out_avals
        made = one.mapped[how] = Callback(one.name, apply, tuple(avals), tuple(out_avals))
        _BY_KEY[made.key] = made
    return one.mapped[how].key


def _called_by(op: Any) -> Callback:
    """What an op calls. Raises: SideEffectError where that is a function of another process, or gone."""
    one = _BY_KEY.get(callback.key_of(op))
    if one is None:
        what = "a function that calls back into Python is there only in the process that traced it"
        raise _refusal(op, f"{what}, beside the program", "trace the program again in this process")
    return one


class Merged(NamedTuple):
    """A finished module in the one that JAX is building: the symbol of its `main`, and of which kinds this
    takes and returns tokens, last.
    """

    symbol: str
    kinds: tuple[str, ...] = ()


def merge(ctx: Any, name: str, bytecode: bytes) -> Merged:
    """Merge a finished module into the one that JAX is building.

    Raises:
      SideEffectError: It calls a Python function of another process, or one where none can be called.
    """
    if not callback.may_call_python(bytecode):
        return Merged(jax_compat.merge(ctx, name, bytecode))
    module = ir.Module.parse(bytecode, context=ctx.module_context.context)
    kinds = thread_tokens(module)
    calls = callback.callbacks(walk(module.operation, "stablehlo.custom_call"))
    symbol = jax_compat.merge(ctx, name, module)
    for op in calls:
        _become_jax(ctx, op.operation)
    return Merged(symbol, kinds)


def call(ctx: Any, merged: Merged, operands: Sequence[ir.Value]) -> Sequence[ir.Value]:
    """Call a module that has been merged: its results."""
    tokens = jax_compat.tokens_before(ctx, merged.kinds)
    results = list(jax_compat.call_merged(ctx, merged.symbol, [*operands, *tokens.values()]))
    count = len(results) - len(tokens)
    jax_compat.leave_tokens(ctx, dict(zip(merged.kinds, results[count:], strict=True)))
    return results[:count]


def _become_jax(ctx: Any, op: ir.Operation) -> None:
    """Put JAX's own lowering in the place of a callback."""
    one = _called_by(op)
    if len(jax_compat.platforms_of(ctx)) > 1 or any(map(jax_compat.is_symbolic, one.avals)):
        what = "JAX calls back into Python on one platform, with arrays of known sizes"
        raise _refusal(op, what, "export for one platform and with numbers for sizes, or without callbacks")
    operands, order = list(op.operands), callback.order_of(op)
    before = {} if order is None else {order: operands.pop()}
    with ir.InsertionPoint(op), op.location, mode_for(one.avals):
        results, after = jax_compat.lower_here(ctx, one.apply, one.avals, operands, before)
    for old, new in zip(op.results, [*results, *after.values()], strict=True):
        old.replace_all_uses_with(new)
    op.erase()


def _refusal(op: Any, what: str, hint: str) -> SideEffectError:
    return SideEffectError(str(error_at(op, what, hint=hint)))
