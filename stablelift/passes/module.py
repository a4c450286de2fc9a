"""The module a pass works on: its functions by name, new ones under fresh names, and clones of old ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

from stablelift.errors import LiftError
from stablelift.ir.mlir import func, functions, ir, is_private, is_used, parse
from stablelift.ir.tensor import Tensor
from stablelift.lowering.link import rename_references


class Functions:
    """The functions of a module, while a pass adds to them.

    Handles are valid as long as the module is; make one of these per run of a pass.
    """

    def __init__(self, module: ir.Module):
        self.module = module
        self.by_name: dict[str, func.FuncOp] = functions(module)

    def __getitem__(self, name: str) -> func.FuncOp:
        return self.by_name[name]

    @property
    def main(self) -> func.FuncOp:
        """The entry point. Raises: LiftError where there is none."""
        if "main" not in self.by_name:
            raise LiftError("error: expected a function `@main`, found none")
        return self.by_name["main"]

    def fresh_name(self, wanted: str, taken: Collection[str] = ()) -> str:
        """`wanted`, or `wanted_1`, `wanted_2`, ... where it is taken, by a function or in `taken`."""
        name, count = wanted, 0
        while name in self.by_name or name in taken:
            count += 1
            name = f"{wanted}_{count}"
        return name

    def clone(self, name: str, wanted: str) -> func.FuncOp:
        """A private copy of `@name` at the module's end, under the name `wanted` or one made from it."""
        fresh = self.fresh_name(wanted)
        operation = self.by_name[name].operation.clone(ip=ir.InsertionPoint(self.module.body))
        copy = cast(func.FuncOp, operation.opview)
        copy.attributes["sym_name"] = ir.StringAttr.get(fresh)
        _make_private(copy)
        self.by_name[fresh] = copy
        return copy

    def rename(self, function: func.FuncOp, wanted: str) -> None:
        """Give a function that nothing calls yet another name."""
        del self.by_name[function.name.value]
        fresh = self.fresh_name(wanted)
        function.attributes["sym_name"] = ir.StringAttr.get(fresh)
        self.by_name[fresh] = function

    def link(self, bytecode: bytes, wanted: str) -> func.FuncOp:
        """The `main` of another module, joined to this one with all that it calls, as `@wanted`.

        Its transforms are compiled away before: passes that are under way know only those of this module.
        """
        from stablelift.passes.pipeline import without_transforms

        module = parse(without_transforms(bytecode), self.module.context)
        names: dict[str, str] = {}
        for name in functions(module):
            names[name] = self.fresh_name(wanted if name == "main" else f"{wanted}_{name}", names.values())
        rename_references(module, names)
        for name, function in functions(module).items():
            function.attributes["sym_name"] = ir.StringAttr.get(names[name])
            _make_private(function)
            self.module.body.append(function)
        self.by_name |= functions(self.module)
        return self.by_name[names["main"]]

    def create(self, wanted: str, inputs: Sequence[Any], location: ir.Location) -> func.FuncOp:
        """An empty private function that takes `inputs`; `finish` gives it its results."""
        fresh = self.fresh_name(wanted)
        with ir.InsertionPoint(self.module.body), location:
            function = func.FuncOp(fresh, (list(inputs), []), visibility="private")
        function.add_entry_block([location] * len(inputs))
        self.by_name[fresh] = function
        return function


def _make_private(function: func.FuncOp) -> None:
    function.attributes["sym_visibility"] = ir.StringAttr.get("private")
    _drop_notes(function)


def _drop_notes(function: func.FuncOp) -> None:
    for attribute in ("arg_attrs", "res_attrs"):
        if attribute in function.attributes:
            del function.attributes[attribute]


def body_of(function: func.FuncOp) -> ir.Block:
    return function.regions[0].blocks[0]


def call(function: func.FuncOp, operands: Sequence[Tensor]) -> list[Tensor]:
    """Call `function` here."""
    name, results = function.name.value, list(function.type.results)
    return [Tensor(result) for result in func.CallOp(results, name, [x.value for x in operands]).results]


def replace(op: Any, results: Sequence[Tensor]) -> None:
    """Let `results` take the place of what `op` returned, and remove it."""
    for old, new in zip(list(op.operation.results), results, strict=True):
        old.replace_all_uses_with(new.value)
    op.operation.erase()


def finish(function: func.FuncOp, results: Sequence[ir.Value]) -> None:
    """Return `results` from the function's one block, and give the function the type that its block has.

    What was noted on a private function's arguments and results may not fit the new ones, and is dropped.
    """
    if is_private(function):
        _drop_notes(function)
    with ir.InsertionPoint(body_of(function)), function.location:
        ir.Operation.create("func.return", operands=list(results))
    retype(function, results)


def retype(function: func.FuncOp, returned: Sequence[ir.Value]) -> None:
    """Give the function the type that its block has, which returns `returned`."""
    inputs = [argument.type for argument in body_of(function).arguments]
    type = ir.FunctionType.get(inputs, [value.type for value in returned])
    function.attributes["function_type"] = ir.TypeAttr.get(type)


def drop_return(function: func.FuncOp) -> list[ir.Value]:
    """Remove the function's return; what it returned, for `finish`."""
    terminator = body_of(function).operations[len(body_of(function).operations) - 1]
    returned = list(terminator.operands)
    terminator.operation.erase()
    return returned


def drop_argument(block: ir.Block, position: int) -> None:
    """Erase an argument of a block. Whoever still used it would write to memory that is no longer its own."""
    assert not is_used(block.arguments[position]), f"argument {position} is still used"
    block.erase_argument(position)
