"""Which results of an op with callees tangents reach, when they reach some operands.

A loop carries what does not depend on the other carries past them, and no cotangent is to arrive there: a
loop without a bound, of which only such results are differentiated, has a reverse.
"""

from __future__ import annotations

from collections.abc import Sequence

from stablelift.ir.lift import attributes_of
from stablelift.ir.mlir import ir
from stablelift.passes.callgraph import callee_of
from stablelift.passes.derivatives.activity import Positions
from stablelift.passes.derivatives.control import present
from stablelift.passes.derivatives.flow import active_in_any, settled_carry
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import reaching


@reaching("func.call", "lift.call", "lift.remat")
def calls(derive: Derive, op: ir.Operation, reached: Sequence[bool]) -> Positions:
    return derive.active_results(callee_of(op), present(reached))


@reaching("lift.scan")
def scan(derive: Derive, op: ir.Operation, reached: Sequence[bool]) -> Positions:
    attributes = attributes_of(op)
    consts, carry = attributes["num_consts"], attributes["num_carry"]
    return _of_loop(derive, attributes["callee"], present(reached), consts, carry)


@reaching("lift.while")
def while_loop(derive: Derive, op: ir.Operation, reached: Sequence[bool]) -> Positions:
    attributes = attributes_of(op)
    entering = present(reached[attributes["num_cond_consts"] :])
    consts = attributes["num_body_consts"]
    return _of_loop(derive, attributes["body"], entering, consts, len(op.results))


def _of_loop(derive: Derive, body: str, entering: Positions, num_consts: int, num_carry: int) -> Positions:
    """Also of a loop that may not run at all, whose results are then what entered it."""
    inputs = settled_carry(derive, body, entering, num_consts, num_carry)
    carried = {index - num_consts for index in inputs if num_consts <= index < num_consts + num_carry}
    return tuple(sorted(carried | set(derive.active_results(body, inputs))))


@reaching("lift.switch")
def switch(derive: Derive, op: ir.Operation, reached: Sequence[bool]) -> Positions:
    return active_in_any(derive, attributes_of(op)["branches"], present(reached[1:]))
