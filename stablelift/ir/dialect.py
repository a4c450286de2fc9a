"""The `lift` dialect as one table: every op's operands, attributes, callees, result types and meaning.

Each row's function states the op's constraints in order (C1, C2, ...: their texts stand in the row, errors
and tests quote the labels) and returns the result types. Attributes are Python values there, callees are
signatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stablelift.ir import hlo
from stablelift.ir.mlir import ir
from stablelift.ir.policy import parse
from stablelift.ir.table import Site, Types, differentiable, require, require_same, row
from stablelift.ir.types import i1, i32, tensor_type


def without_axis(type: Any, axis: int | None) -> Any:
    """`type` with one axis removed; `type` itself for None."""
    if axis is None:
        return type
    shape = list(type.shape)
    del shape[axis]
    return tensor_type(shape, type.element_type)


def with_axis(type: Any, axis: int | None, size: int) -> Any:
    """`type` with an axis of `size` inserted at position `axis`; `type` itself for None."""
    if axis is None:
        return type
    shape = list(type.shape)
    shape.insert(axis, size)
    return tensor_type(shape, type.element_type)


def _mapped_in(label: str, what: str, types: Types, axes: Sequence[int | None], size: int) -> Types:
    """The types one step sees of operands mapped over `axes`."""
    require(len(axes) == len(types), label, f"{what}: expected {len(types)} axes, found {len(axes)}")
    for index, (type, axis) in enumerate(zip(types, axes, strict=True)):
        if axis is None:
            continue
        ranked = isinstance(type, ir.RankedTensorType)
        require(
            ranked and 0 <= axis < type.rank, label, f"{what} {index}: axis {axis} is out of range for {type}"
        )
        require(
            type.shape[axis] == size, label, f"{what} {index}: expected size {size} on axis {axis} of {type}"
        )
    return [without_axis(type, axis) for type, axis in zip(types, axes, strict=True)]


def _mapped_out(label: str, types: Types, axes: Sequence[int | None], size: int) -> Types:
    require(len(axes) == len(types), label, f"out_axes: expected {len(types)} axes, found {len(axes)}")
    for index, (type, axis) in enumerate(zip(types, axes, strict=True)):
        ranked = isinstance(type, ir.RankedTensorType)
        require(
            axis is None or (ranked and 0 <= axis <= type.rank),
            label,
            f"out_axes {index}: axis {axis} is out of range for {type}",
        )
    return [with_axis(type, axis, size) for type, axis in zip(types, axes, strict=True)]


def _active(label: str, what: str, types: Types, indices: Sequence[int]) -> Types:
    """The types at `indices`, which must be in range, increasing and differentiable."""
    increasing = all(a < b for a, b in zip(indices, indices[1:], strict=False))
    inside = all(0 <= index < len(types) for index in indices)
    require(
        increasing and inside,
        label,
        f"{what}: expected increasing positions below {len(types)}, found {indices}",
    )
    for index in indices:
        require(
            hlo.is_inexact(types[index]),
            label,
            f"{what}: position {index} has type {types[index]}, which carries no tangent",
        )
    return [types[index] for index in indices]


# The table
# ---------------------------------------------------------------------------------------------------------


@row(
    "call",
    "an outlined function, shared by equal layers; `layer` names the Module class whose call it is, "
    "`jitted` says that it is a program of its own where it is called outside of any other. Our lowering "
    "emits one with neither as `func.call`",
    "args",
    {"callee": "symbol", "layer": "string?", "jitted": "bool?"},
    "the operands have the callee's input types",
)
def _call(site: Site) -> Types:
    callee = site.callee()
    require_same("C1", "operand", callee.inputs, site.operands)
    return callee.results


@row(
    "vmap",
    "the callee mapped over an axis of its arguments and results",
    "args",
    {
        "callee": "symbol",
        "axis_size": "i64",
        "in_axes": "axes",
        "out_axes": "axes",
        "axis_name": "string?",
        "spmd_axis_name": "strings?",
        "mesh_axes": "strings?",
        "result_names": "strings?",
    },
    "in_axes has one axis for each operand, in range, where the operand has axis_size elements, at least 0; "
    "the least i64 stands for a number that is not known",
    "the operands without their mapped axes have the callee's input types",
    "out_axes has one axis for each result of the callee, in range",
)
def _vmap(site: Site) -> Types:
    callee, size = site.callee(), site["axis_size"]
    is_size = size >= 0 or size == ir.ShapedType.get_dynamic_size()
    require(is_size, "C1", f"expected an axis_size of at least 0, found {size}")
    require_same(
        "C2", "operand", callee.inputs, _mapped_in("C1", "operand", site.operands, site["in_axes"], size)
    )
    return _mapped_out("C3", callee.results, site["out_axes"], size)


@row(
    "scan",
    "a loop of known length with carried values, stacked inputs and stacked results",
    "consts, carry, xs",
    {
        "callee": "symbol",
        "num_consts": "i64",
        "num_carry": "i64",
        "length": "i64",
        "reverse": "bool",
        "unroll": "i64",
        "in_axes": "axes",
        "out_axes": "axes",
        "checkpoints": "i64?",
    },
    "in_axes has one axis for each of xs, in range, where the operand has `length` elements",
    "consts, carry and one slice of each of xs have the callee's input types",
    "the callee's first results are the next carry, of the carry's types",
    "out_axes has one axis for each further result of the callee, in range",
    "unroll is at least 1, length, the counts and checkpoints, the carries that a reverse keeps, at least 0",
)
def _scan(site: Site) -> Types:
    callee, length = site.callee(), site["length"]
    consts, carry = site["num_consts"], site["num_carry"]
    counts = length, consts, carry, site["checkpoints"] or 0
    require(site["unroll"] >= 1 and min(counts) >= 0, "C5", "a count is out of range")
    split = consts + carry
    require(
        split <= len(site.operands), "C2", f"expected at least {split} operands, found {len(site.operands)}"
    )
    slices = _mapped_in("C1", "scanned operand", site.operands[split:], site["in_axes"], length)
    require_same("C2", "operand", callee.inputs, site.operands[:split] + slices)
    require_same("C3", "carry", site.operands[consts:split], callee.results[:carry])
    return callee.results[:carry] + _mapped_out("C4", callee.results[carry:], site["out_axes"], length)


@row(
    "while",
    "a loop that runs as long as its condition holds",
    "cond_consts, body_consts, carry",
    {
        "cond": "symbol",
        "body": "symbol",
        "num_cond_consts": "i64",
        "num_body_consts": "i64",
        "max_trip_count": "i64?",
    },
    "cond takes cond_consts and carry and returns one tensor<i1>",
    "body takes body_consts and carry and returns the next carry, of the carry's types",
    "the counts, and max_trip_count when given, are at least 0",
)
def _while(site: Site) -> Types:
    of_cond, of_body = site["num_cond_consts"], site["num_body_consts"]
    require(min(of_cond, of_body, site["max_trip_count"] or 0) >= 0, "C3", "a count is negative")
    carry = site.operands[of_cond + of_body :]
    cond, body = site.callee("cond"), site.callee("body")
    require_same("C1", "input of cond", cond.inputs, site.operands[:of_cond] + carry)
    require_same("C1", "result of cond", [tensor_type([], i1())], cond.results)
    require_same("C2", "input of body", body.inputs, site.operands[of_cond : of_cond + of_body] + carry)
    require_same("C2", "result of body", carry, body.results)
    return carry


@row(
    "switch",
    "one of several functions, chosen by an index that is clamped to the range",
    "index, args",
    {"branches": "symbols"},
    "there is a branch, and an index of type tensor<i32>",
    "every branch takes the operands after the index",
    "all branches return the same types",
)
def _switch(site: Site) -> Types:
    branches = [site.signatures[name] for name in site["branches"]]
    index = tensor_type([], i32())
    require(bool(branches), "C1", "expected at least one branch")
    require_same("C1", "index", [index], site.operands[:1])
    for branch in branches:
        require_same("C2", "operand", branch.inputs, site.operands[1:])
        require_same("C3", "result of a branch", branches[0].results, branch.results)
    return branches[0].results


@row(
    "jvp",
    "the callee's results, then the tangents of its results `of`, for tangents of its inputs `wrt`; "
    "`again` says that the results have been computed elsewhere, where its callbacks were called",
    "primals, tangents",
    {"callee": "symbol", "wrt": "indices", "of": "indices", "again": "bool?"},
    "wrt and of are increasing positions of floating-point or complex inputs and results",
    "primals have the callee's input types, tangents those of the inputs in wrt",
)
def _jvp(site: Site) -> Types:
    callee = site.callee()
    tangents = _active("C1", "wrt", callee.inputs, site["wrt"])
    require_same("C2", "operand", callee.inputs + tangents, site.operands)
    return callee.results + _active("C1", "of", callee.results, site["of"])


@row(
    "vjp",
    "the callee's results, then the gradients of its inputs `wrt`, for cotangents of its results `of`; "
    "`again` as for `lift.jvp`",
    "primals, cotangents",
    {"callee": "symbol", "wrt": "indices", "of": "indices", "again": "bool?"},
    "wrt and of are increasing positions of floating-point or complex inputs and results",
    "primals have the callee's input types, cotangents those of the results in of",
)
def _vjp(site: Site) -> Types:
    callee = site.callee()
    cotangents = _active("C1", "of", callee.results, site["of"])
    require_same("C2", "operand", callee.inputs + cotangents, site.operands)
    return callee.results + _active("C1", "wrt", callee.inputs, site["wrt"])


@row(
    "remat",
    "the callee, recomputed when it is differentiated from its inputs and from what `policy` keeps",
    "args",
    {"callee": "symbol", "prevent_cse": "bool", "policy": "string?"},
    "the operands have the callee's input types",
    "policy, where there is one, is the text of a policy",
)
def _remat(site: Site) -> Types:
    if site["policy"] is not None:
        try:
            parse(site["policy"])
        except ValueError as error:
            require(False, "C2", str(error))
    return _call(site)


@row(
    "custom_jvp",
    "the callee, whose tangents a user's function gives",
    "args",
    {"callee": "symbol", "jvp": "symbol"},
    "the operands have the callee's input types",
    "jvp takes the inputs and a tangent for each that can carry one",
    "jvp returns the results and a tangent for each that can carry one",
)
def _custom_jvp(site: Site) -> Types:
    callee, jvp = site.callee(), site.callee("jvp")
    results = _call(site)
    require_same(
        "C2",
        "input of jvp",
        callee.inputs + [callee.inputs[i] for i in differentiable(callee.inputs)],
        jvp.inputs,
    )
    require_same("C3", "result of jvp", results + [results[i] for i in differentiable(results)], jvp.results)
    return results


@row(
    "custom_vjp",
    "the callee, whose gradients a user's pair of functions gives",
    "args",
    {"callee": "symbol", "fwd": "symbol", "bwd": "symbol"},
    "the operands have the callee's input types",
    "fwd takes the inputs and returns the results, then residuals",
    "bwd takes residuals and a cotangent for each result that can carry one",
    "bwd returns a gradient for each input that can carry one",
)
def _custom_vjp(site: Site) -> Types:
    callee, fwd, bwd = site.callee(), site.callee("fwd"), site.callee("bwd")
    results = _call(site)
    require_same("C2", "input of fwd", callee.inputs, fwd.inputs)
    require_same("C2", "result of fwd", results, fwd.results[: len(results)])
    cotangents = [results[index] for index in differentiable(results)]
    require_same("C3", "input of bwd", fwd.results[len(results) :] + cotangents, bwd.inputs)
    require_same(
        "C4", "result of bwd", [callee.inputs[i] for i in differentiable(callee.inputs)], bwd.results
    )
    return results


@row(
    "foreign",
    "an opaque JAX primitive, kept with its identity; the callee is JAX's own lowering of it",
    "args",
    {"primitive": "string", "callee": "symbol", "key": "string?"},
    "the operands have the callee's input types",
)
def _foreign(site: Site) -> Types:
    return _call(site)


@row(
    "random_bits",
    "a block of random bits that the callee makes of keys; it is drawn once, neither recomputed nor inlined",
    "keys",
    {"callee": "symbol"},
    "the operands have the callee's input types",
)
def _random_bits(site: Site) -> Types:
    return _call(site)


@row(
    "threefry2x32",
    "Threefry of counters `x`, `y` under keys, element by element: two words of random bits each",
    "key1, key2, x, y",
    {},
    "there are 4 operands",
    "the operands are of `ui32` and of one type",
)
def _threefry2x32(site: Site) -> Types:
    require(len(site.operands) == 4, "C1", f"expected 4 operands, found {len(site.operands)}")
    first = site.operands[0]
    is_unsigned = str(getattr(first, "element_type", first)) == "ui32"
    require(is_unsigned, "C2", f"expected an operand of `ui32`, found {first}")
    require_same("C2", "operand", [first] * 4, site.operands)
    return [first, first]


@row(
    "no_derivative",
    "the callee, whose derivative is an error: `reason` says why",
    "args",
    {"callee": "symbol", "reason": "string"},
    "the operands have the callee's input types",
)
def _no_derivative(site: Site) -> Types:
    return _call(site)


@row("name", "a value named for rematerialisation policies", "x", {"name": "string"}, "there is one operand")
def _name(site: Site) -> Types:
    require(len(site.operands) == 1, "C1", f"expected 1 operand, found {len(site.operands)}")
    return site.operands


@row("stop_gradient", "an identity whose tangent is zero", "x", {}, "there is one operand")
def _stop_gradient(site: Site) -> Types:
    return _name(site)


def _elementwise_collective(name: str, meaning: str, **others: str) -> None:
    @row(name, meaning, "args", {"axis_name": "strings", **others}, "axis_name names at least one axis")
    def _collective(site: Site) -> Types:
        require(len(site["axis_name"]) > 0, "C1", "expected the name of an axis")
        return site.operands


_IN_GROUPS = "`groups`: of the positions in each group"

_elementwise_collective("psum", f"the sum over a mapped axis; {_IN_GROUPS}", groups="groups?")
_elementwise_collective("psum_invariant", "the sum over an axis of devices, which all of them share")
_elementwise_collective("pvary", "a value that an axis of devices share, as one of each")
_elementwise_collective("pmax", f"the maximum over a mapped axis; {_IN_GROUPS}", groups="groups?")
_elementwise_collective("pmin", f"the minimum over a mapped axis; {_IN_GROUPS}", groups="groups?")


@row(
    "axis_index",
    "the position along a mapped axis, as tensor<i32>",
    "",
    {"axis_name": "strings"},
    "there are no operands",
)
def _axis_index(site: Site) -> Types:
    require_same("C1", "operand", [], site.operands)
    return [tensor_type([], i32())]


def _exchanged(site: Site) -> Any:
    """The type of the one operand, a tensor, of a collective with an axis size."""
    _name(site)
    type, size = site.operands[0], site["axis_size"]
    require(isinstance(type, ir.RankedTensorType), "C1", f"expected a ranked tensor, found {type}")
    require(size >= 1, "C1", f"expected an axis_size of at least 1, found {size}")
    return type


@row(
    "all_gather",
    f"the values of all positions along a mapped axis; {_IN_GROUPS}",
    "x",
    {"axis_name": "strings", "axis_size": "i64", "dimension": "i64", "tiled": "bool", "groups": "groups?"},
    "there is one operand, dimension is in range, and axis_size at least 1",
)
def _all_gather(site: Site) -> Types:
    type, axis, size = _exchanged(site), site["dimension"], site["axis_size"]
    require(0 <= axis < type.rank + (not site["tiled"]), "C1", f"dimension {axis} is out of range for {type}")
    if not site["tiled"]:
        return [with_axis(type, axis, size)]
    shape = list(type.shape)
    shape[axis] *= size
    return [tensor_type(shape, type.element_type)]


@row(
    "ppermute",
    "a value sent from position to position along a mapped axis",
    "x",
    {"axis_name": "strings", "permutation": "pairs"},
    "there is one operand",
    "permutation has pairs (source, target)",
)
def _ppermute(site: Site) -> Types:
    require(all(len(pair) == 2 for pair in site["permutation"]), "C2", "expected pairs (source, target)")
    return _name(site)


@row(
    "all_to_all",
    f"one axis of the value exchanged with a mapped axis; {_IN_GROUPS}",
    "x",
    {
        "axis_name": "strings",
        "axis_size": "i64",
        "split_axis": "i64",
        "concat_axis": "i64",
        "tiled": "bool",
        "groups": "groups?",
    },
    "there is one operand, the axes are in range, axis_size is at least 1 and divides split_axis",
)
def _all_to_all(site: Site) -> Types:
    type, size = _exchanged(site), site["axis_size"]
    split, concat = site["split_axis"], site["concat_axis"]
    require(0 <= split < type.rank and 0 <= concat < type.rank, "C1", f"an axis is out of range for {type}")
    shape = list(type.shape)
    fits = shape[split] % size == 0 if site["tiled"] else shape[split] == size
    require(fits, "C1", f"axis {split} of {type} does not divide into {size}")
    if not site["tiled"]:
        return [with_axis(without_axis(type, split), concat, size)]
    shape[split] //= size
    shape[concat] *= size
    return [tensor_type(shape, type.element_type)]
