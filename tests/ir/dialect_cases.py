"""For every op of the `lift` dialect a well-formed use, and for every constraint of it one that breaks it.

A use is written with its attributes as MLIR text and its types as they stand between `tensor<` and `>`. The
functions that the uses name are in `FUNCTIONS`.
"""

from __future__ import annotations

from typing import NamedTuple

X, Y, B, I = "3xf32", "4xf32", "i1", "i32"

FUNCTIONS = {
    "id": ([X], [X]),
    "pair": ([X, Y], [X, Y]),
    "int": (["2xi32"], [X]),
    "step": (["7xf32", X, Y], [X, "5xf32"]),
    "lossy": (["7xf32", X, Y], [Y, "5xf32"]),
    "holds": ([X, Y], [B]),
    "counts": ([X, Y], [I]),
    "next": (["2xi32", Y], [Y]),
    "grow": (["2xi32", Y], [X]),
    "id_jvp": ([X, X], [X, X]),
    "id_fwd": ([X], [X, "2xi32"]),
    "id_bwd": (["2xi32", X], [X]),
}


class Use(NamedTuple):
    """One lift op: its name, attributes, operand types and result types."""

    op: str
    attributes: str
    operands: list[str]
    results: list[str]


class Broken(NamedTuple):
    """A use that breaks the constraint `label`, and what the error says of it."""

    use: Use
    label: str
    says: str


def _scan(**changed: str) -> str:
    attributes = {
        "callee": "@step", "in_axes": "[1]", "length": "6 : i64", "num_carry": "1 : i64",
        "num_consts": "1 : i64", "out_axes": "[0]", "reverse": "false", "unroll": "1 : i64",
    }  # fmt: skip
    return ", ".join(f"{name} = {value}" for name, value in (attributes | changed).items())


def _while(**changed: str) -> str:
    attributes = {
        "cond": "@holds", "body": "@next", "num_cond_consts": "1 : i64", "num_body_consts": "1 : i64",
    }  # fmt: skip
    return ", ".join(f"{name} = {value}" for name, value in (attributes | changed).items())


STEPS = ["7xf32", X, "4x6xf32"]
LOOP = [X, "2xi32", Y]
GATHER = 'axis_name = ["i"], axis_size = 2 : i64, dimension = {}, tiled = {}'
EXCHANGE = 'axis_name = ["i"], axis_size = {} : i64, concat_axis = 0 : i64, split_axis = {} : i64, tiled = {}'
WRT_OF = "callee = @pair, of = {}, wrt = {}"
VMAP = "axis_size = {} : i64, callee = @pair, in_axes = {}, out_axes = {}"
CUSTOM_VJP = "bwd = @{}, callee = @{}, fwd = @{}"

WELL_FORMED = [
    Use("lift.call", "callee = @pair", [X, Y], [X, Y]),
    Use("lift.vmap", VMAP.format(2, "[1, unit]", "[1, 0]"), ["3x2xf32", Y], ["3x2xf32", "2x4xf32"]),
    Use("lift.scan", _scan(), STEPS, [X, "6x5xf32"]),
    Use("lift.while", _while(), LOOP, [Y]),
    Use("lift.switch", "branches = [@id, @id]", [I, X], [X]),
    Use("lift.jvp", WRT_OF.format("[0]", "[1]"), [X, Y, Y], [X, Y, X]),
    Use("lift.vjp", WRT_OF.format("[0]", "[1]"), [X, Y, X], [X, Y, Y]),
    Use("lift.remat", 'callee = @id, policy = "dots_saveable", prevent_cse = true', [X], [X]),
    Use("lift.custom_jvp", "callee = @id, jvp = @id_jvp", [X], [X]),
    Use("lift.custom_vjp", CUSTOM_VJP.format("id_bwd", "id", "id_fwd"), [X], [X]),
    Use("lift.foreign", 'callee = @id, primitive = "eigh"', [X], [X]),
    Use("lift.random_bits", "callee = @id", [X], [X]),
    Use("lift.threefry2x32", "", ["4xui32"] * 4, ["4xui32"] * 2),
    Use("lift.no_derivative", 'callee = @id, reason = "none is known"', [X], [X]),
    Use("lift.name", 'name = "attention"', [X], [X]),
    Use("lift.stop_gradient", "", [X], [X]),
    Use("lift.psum", 'axis_name = ["i", "j"]', [X, Y], [X, Y]),
    Use("lift.psum", 'axis_name = ["i"], groups = [[0, 2], [1]]', [X], [X]),
    Use("lift.psum_invariant", 'axis_name = ["i"]', [X, Y], [X, Y]),
    Use("lift.pvary", 'axis_name = ["i", "j"]', [X], [X]),
    Use("lift.pmax", 'axis_name = ["i"]', [X], [X]),
    Use("lift.pmin", 'axis_name = ["i"]', [X], [X]),
    Use("lift.axis_index", 'axis_name = ["i"]', [], [I]),
    Use("lift.all_gather", GATHER.format(1, "false"), [X], ["3x2xf32"]),
    Use("lift.ppermute", 'axis_name = ["i"], permutation = [[0, 1], [1, 0]]', [X], [X]),
    Use("lift.all_to_all", EXCHANGE.format(2, 1, "true"), ["3x4xf32"], ["6x2xf32"]),
]

BROKEN = [
    Broken(Use("lift.call", "callee = @pair", [X], [X, Y]), "C1", "operand: expected 2 values, found 1"),
    Broken(
        Use("lift.vmap", VMAP.format(2, "[1, unit]", "[0, 0]"), [X, Y], ["2x3xf32", "2x4xf32"]),
        "C1",
        "operand 0: axis 1 is out of range for tensor<3xf32>",
    ),
    Broken(
        Use("lift.vmap", VMAP.format(2, "[unit, unit]", "[0, 0]"), ["2x3xf32", Y], ["2x3xf32", "2x4xf32"]),
        "C2",
        "operand 0: expected tensor<3xf32>, found tensor<2x3xf32>",
    ),
    Broken(
        Use("lift.vmap", VMAP.format(2, "[0, unit]", "[0, 2]"), ["2x3xf32", Y], ["2x3xf32", "2x4xf32"]),
        "C3",
        "out_axes 1: axis 2 is out of range for tensor<4xf32>",
    ),
    Broken(
        Use("lift.scan", _scan(length="5 : i64"), STEPS, [X, "5x5xf32"]),
        "C1",
        "scanned operand 0: expected size 5 on axis 1 of tensor<4x6xf32>",
    ),
    Broken(
        Use("lift.scan", _scan(), ["8xf32", *STEPS[1:]], [X, "6x5xf32"]),
        "C2",
        "operand 0: expected tensor<7xf32>, found tensor<8xf32>",
    ),
    Broken(
        Use("lift.scan", _scan(callee="@lossy"), STEPS, [Y, "6x5xf32"]),
        "C3",
        "carry 0: expected tensor<3xf32>, found tensor<4xf32>",
    ),
    Broken(
        Use("lift.scan", _scan(out_axes="[]"), STEPS, [X, "6x5xf32"]),
        "C4",
        "out_axes: expected 1 axes, found 0",
    ),
    Broken(Use("lift.scan", _scan(unroll="0 : i64"), STEPS, [X, "6x5xf32"]), "C5", "a count is out of range"),
    Broken(
        Use("lift.scan", _scan(checkpoints="-1 : i64"), STEPS, [X, "6x5xf32"]),
        "C5",
        "a count is out of range",
    ),
    Broken(
        Use("lift.while", _while(cond="@counts"), LOOP, [Y]),
        "C1",
        "result of cond 0: expected tensor<i1>, found tensor<i32>",
    ),
    Broken(
        Use("lift.while", _while(body="@grow"), LOOP, [Y]),
        "C2",
        "result of body 0: expected tensor<4xf32>, found tensor<3xf32>",
    ),
    Broken(Use("lift.while", _while(max_trip_count="-1 : i64"), LOOP, [Y]), "C3", "a count is negative"),
    Broken(Use("lift.switch", "branches = []", [I, X], [X]), "C1", "expected at least one branch"),
    Broken(
        Use("lift.switch", "branches = [@id]", [B, X], [X]),
        "C1",
        "index 0: expected tensor<i32>, found tensor<i1>",
    ),
    Broken(
        Use("lift.switch", "branches = [@id, @pair]", [I, X], [X]),
        "C2",
        "operand: expected 2 values, found 1",
    ),
    Broken(
        Use("lift.switch", "branches = [@next, @grow]", [I, "2xi32", Y], [Y]),
        "C3",
        "result of a branch 0: expected tensor<4xf32>, found tensor<3xf32>",
    ),
    Broken(
        Use("lift.jvp", WRT_OF.format("[0]", "[1, 1]"), [X, Y, Y, Y], [X, Y, X]),
        "C1",
        "wrt: expected increasing positions below 2, found (1, 1)",
    ),
    Broken(
        Use("lift.jvp", WRT_OF.format("[0]", "[1]"), [X, Y, X], [X, Y, X]),
        "C2",
        "operand 2: expected tensor<4xf32>, found tensor<3xf32>",
    ),
    Broken(
        Use("lift.vjp", "callee = @int, of = [0], wrt = [0]", ["2xi32", X], [X, "2xi32"]),
        "C1",
        "wrt: position 0 has type tensor<2xi32>, which carries no tangent",
    ),
    Broken(
        Use("lift.vjp", WRT_OF.format("[0]", "[1]"), [X, Y], [X, Y, Y]),
        "C2",
        "operand: expected 3 values, found 2",
    ),
    Broken(
        Use("lift.remat", "callee = @id, prevent_cse = true", [Y], [Y]),
        "C1",
        "operand 0: expected tensor<3xf32>, found tensor<4xf32>",
    ),
    Broken(
        Use("lift.remat", 'callee = @id, prevent_cse = true, policy = "dots_saveable(3)"', [X], [X]),
        "C2",
        "policy `dots_saveable`: expected no arguments, found 3",
    ),
    Broken(
        Use("lift.custom_jvp", "callee = @id, jvp = @id_jvp", [Y], [Y]),
        "C1",
        "operand 0: expected tensor<3xf32>, found tensor<4xf32>",
    ),
    Broken(
        Use("lift.custom_jvp", "callee = @id, jvp = @id", [X], [X]),
        "C2",
        "input of jvp: expected 2 values, found 1",
    ),
    Broken(
        Use("lift.custom_jvp", "callee = @int, jvp = @int", ["2xi32"], [X]),
        "C3",
        "result of jvp: expected 2 values, found 1",
    ),
    Broken(
        Use("lift.custom_vjp", CUSTOM_VJP.format("id_bwd", "id", "id_fwd"), [Y], [Y]),
        "C1",
        "operand 0: expected tensor<3xf32>, found tensor<4xf32>",
    ),
    Broken(
        Use("lift.custom_vjp", CUSTOM_VJP.format("id_bwd", "id", "pair"), [X], [X]),
        "C2",
        "input of fwd: expected 1 values, found 2",
    ),
    Broken(
        Use("lift.custom_vjp", CUSTOM_VJP.format("id", "id", "id_fwd"), [X], [X]),
        "C3",
        "input of bwd: expected 2 values, found 1",
    ),
    Broken(
        Use("lift.custom_vjp", CUSTOM_VJP.format("id_fwd", "id", "id"), [X], [X]),
        "C4",
        "result of bwd: expected 1 values, found 2",
    ),
    Broken(
        Use("lift.foreign", 'callee = @id, primitive = "eigh"', [X, X], [X]),
        "C1",
        "operand: expected 1 values, found 2",
    ),
    Broken(
        Use("lift.random_bits", "callee = @id", [X, X], [X]), "C1", "operand: expected 1 values, found 2"
    ),
    Broken(
        Use("lift.threefry2x32", "", ["4xui32"] * 2, ["4xui32"] * 2), "C1", "expected 4 operands, found 2"
    ),
    Broken(
        Use("lift.threefry2x32", "", [X] * 4, [X] * 2),
        "C2",
        "expected an operand of `ui32`, found tensor<3xf32>",
    ),
    Broken(
        Use("lift.threefry2x32", "", ["ui32", "ui32", "4xui32", "4xui32"], ["4xui32"] * 2),
        "C2",
        "operand 2: expected tensor<ui32>, found tensor<4xui32>",
    ),
    Broken(
        Use("lift.no_derivative", 'callee = @id, reason = "none"', [X, X], [X]),
        "C1",
        "operand: expected 1 values, found 2",
    ),
    Broken(Use("lift.name", 'name = "a"', [X, X], [X, X]), "C1", "expected 1 operand, found 2"),
    Broken(Use("lift.stop_gradient", "", [], []), "C1", "expected 1 operand, found 0"),
    Broken(Use("lift.psum", "axis_name = []", [X], [X]), "C1", "expected the name of an axis"),
    Broken(Use("lift.psum_invariant", "axis_name = []", [X], [X]), "C1", "expected the name of an axis"),
    Broken(Use("lift.pvary", "axis_name = []", [X], [X]), "C1", "expected the name of an axis"),
    Broken(Use("lift.pmax", "axis_name = []", [X], [X]), "C1", "expected the name of an axis"),
    Broken(Use("lift.pmin", "axis_name = []", [X], [X]), "C1", "expected the name of an axis"),
    Broken(
        Use("lift.axis_index", 'axis_name = ["i"]', [X], [I]), "C1", "operand: expected 0 values, found 1"
    ),
    Broken(
        Use("lift.all_gather", GATHER.format(1, "true"), [X], ["3x2xf32"]),
        "C1",
        "dimension 1 is out of range for tensor<3xf32>",
    ),
    Broken(
        Use("lift.ppermute", 'axis_name = ["i"], permutation = []', [X, X], [X, X]),
        "C1",
        "expected 1 operand, found 2",
    ),
    Broken(
        Use("lift.ppermute", 'axis_name = ["i"], permutation = [[0]]', [X], [X]),
        "C2",
        "expected pairs (source, target)",
    ),
    Broken(
        Use("lift.all_to_all", EXCHANGE.format(2, 0, "true"), ["3x4xf32"], ["3x4xf32"]),
        "C1",
        "axis 0 of tensor<3x4xf32> does not divide into 2",
    ),
    Broken(
        Use("lift.all_to_all", EXCHANGE.format(0, 0, "true"), ["3x4xf32"], ["3x4xf32"]),
        "C1",
        "expected an axis_size of at least 1, found 0",
    ),
]
