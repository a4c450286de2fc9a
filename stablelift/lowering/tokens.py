"""Order: tokens through all that calls Python functions in order, which is how XLA is told of it.

    func @main(%x) { custom_call @stablelift.ordered_io(%x) }
      ==>   func @main(%x, %t) -> (..., token) { %u = custom_call @stablelift.ordered_io(%x, %t) }

Functions, loops and branches with such calls in them take a token of each kind last, and return them last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.errors import SideEffectError
from stablelift.ir.callback import order_of
from stablelift.ir.location import error_at
from stablelift.ir.mlir import func, functions, ir, walk


def thread_tokens(module: ir.Module) -> tuple[str, ...]:
    """Put calls of Python functions in order, in finished StableHLO; the kinds of those that `main` makes,
    which then takes and returns a token of each.

    Raises:
      SideEffectError: One stands where no token goes: in the condition of a loop, for one.
    """
    calls = walk(module.operation, "stablehlo.custom_call")
    kinds = sorted({kind for op in calls if (kind := order_of(op)) is not None})
    if not kinds:
        return ()
    threads = _Threads(functions(module), kinds)
    for name in threads.functions:
        threads.through_function(name)
    return tuple(kinds) if threads.speaks_in("main") else ()


class _Threads:
    """The tokens' way through the functions of a module."""

    def __init__(self, known: dict[str, func.FuncOp], kinds: Sequence[str]):
        self.functions, self._kinds = known, kinds
        self._speaks: dict[str, bool] = {}
        for name in known:
            self.speaks_in(name)  # while nothing has changed
        with next(iter(known.values())).context:
            self._types: list[Any] = [ir.Type.parse("!stablehlo.token")] * len(kinds)

    def speaks_in(self, name: str) -> bool:
        """Whether a function calls a Python function in order."""
        if name not in self._speaks:
            self._speaks[name] = any(map(self._speaks_itself, walk(self.functions[name])))
        return self._speaks[name]

    def _speaks_itself(self, op: Any) -> bool:
        if op.name == "func.call":
            return self.speaks_in(op.attributes["callee"].value)
        return op.name == "stablehlo.custom_call" and order_of(op) is not None

    def _speaks_within(self, op: ir.Operation) -> bool:
        return self._speaks_itself(op) or len(op.regions) > 0 and any(map(self._speaks_itself, walk(op)))

    def _speaks_before(self, block: ir.Block) -> bool:
        return any(self._speaks_within(op.operation) for op in block.operations)

    def through_function(self, name: str) -> None:
        """Let a function take and return the tokens, if it has a use for them."""
        if not self.speaks_in(name):
            return
        function = self.functions[name]
        (block,) = function.regions[0].blocks
        self._through(block, self._more_arguments(block, function.location))
        inputs = [argument.type for argument in block.arguments]
        type = ir.FunctionType.get(inputs, [*function.type.results, *self._types], context=function.context)
        function.attributes["function_type"] = ir.TypeAttr.get(type)
        with function.context:
            nothing = [ir.DictAttr.get({})] * len(self._types)
            for notes in ("arg_attrs", "res_attrs"):
                if notes in function.attributes:
                    known: Any = function.attributes[notes]
                    function.attributes[notes] = ir.ArrayAttr.get([*known, *nothing])

    def _more_arguments(self, block: ir.Block, location: ir.Location) -> list[ir.Value]:
        return [block.add_argument(type, location) for type in self._types]

    def _through(self, block: ir.Block, tokens: Sequence[ir.Value]) -> None:
        """Hand the tokens from op to op of a block, which returns them last."""
        *operations, terminator = [op.operation for op in block.operations]
        for op in operations:
            if op.name == "stablehlo.custom_call" and order_of(op) is not None:
                tokens = self._past_call(op, tokens)
            elif self._speaks_within(op):
                tokens = self._past(op, tokens)
        with ir.InsertionPoint(terminator), terminator.location:
            ir.Operation.create(terminator.name, operands=[*terminator.operands, *tokens])
        terminator.erase()

    def _past_call(self, op: ir.Operation, tokens: Sequence[ir.Value]) -> list[ir.Value]:
        """Let the call of a Python function take the token of its kind."""
        place = self._kinds.index(str(order_of(op)))
        *_, token = _remade(op, [*op.operands, tokens[place]], self._types[:1]).results
        return [token if index == place else old for index, old in enumerate(tokens)]

    def _past(self, op: ir.Operation, tokens: Sequence[ir.Value]) -> Sequence[ir.Value]:
        """Put the op that takes the tokens in the place of one; the tokens that it returns."""
        if op.name not in ("func.call", "stablehlo.while", *_BRANCHES):
            raise _refusal(op, f"inside of `{op.name}`")
        if op.name == "stablehlo.while" and self._speaks_before(op.regions[0].blocks[0]):
            raise _refusal(op, "in the condition of a loop")
        branches = op.name in _BRANCHES  # which see the tokens that are there
        new = _remade(op, [*op.operands, *([] if branches else tokens)], self._types)
        for index, region in enumerate(new.regions):
            block = region.blocks[0]
            inside = tokens if branches else self._more_arguments(block, new.location)
            if branches or index:  # the condition of a loop, its first region, returns no tokens
                self._through(block, inside)
        return list(new.results)[len(new.results) - len(tokens) :]


_BRANCHES = ("stablehlo.case", "stablehlo.if")


def _remade(op: ir.Operation, operands: Sequence[ir.Value], more: Sequence[Any]) -> ir.Operation:
    """The op on other operands, with more results behind its own, in its place."""
    with ir.InsertionPoint(op), op.location:
        new = ir.Operation.create(
            op.name,
            results=[*(result.type for result in op.results), *more],
            operands=list(operands),
            attributes={name: op.attributes[name] for name in op.attributes},
            regions=len(op.regions),
        )
    for old, region in zip(op.regions, new.regions, strict=True):
        for block in list(old.blocks):
            block.append_to(region)
    for old, result in zip(op.results, new.results, strict=False):
        old.replace_all_uses_with(result)
    op.erase()
    return new


def _refusal(op: ir.Operation, where: str) -> SideEffectError:
    what = f"a Python function that is called in order stands {where}"
    return SideEffectError(str(error_at(op, what, hint="leave out `ordered=True`, or call it elsewhere")))
