"""Forward mode of `lift.while`: tangents are carried beside primals. Its reverse mode is in
`checkpointed.py`.
"""

from __future__ import annotations

from typing import Any

from stablelift.ir.lift import attributes_of
from stablelift.ir.parts import split_by
from stablelift.ir.tensor import Tensor
from stablelift.passes.derivatives.control import place, present
from stablelift.passes.derivatives.flow import build, settled_carry
from stablelift.passes.derivatives.sweeps import Derive
from stablelift.passes.derivatives.table import Tangents, instantiate, jvp, operands_of
from stablelift.passes.module import call, replace
from stablelift.passes.structure import define


@jvp("lift.while")
def while_jvp(derive: Derive, op: Any, tangents: Tangents) -> Tangents:
    attributes = attributes_of(op)
    of_cond, of_body = attributes["num_cond_consts"], attributes["num_body_consts"]
    stop = of_cond + of_body
    operands = operands_of(op)
    body, cond = attributes["body"], derive.functions[attributes["cond"]]
    moving = [index - of_cond for index in present(tangents) if index >= of_cond]
    positions = settled_carry(derive, body, moving, of_body)
    carried = tuple(index - of_body for index in positions if index >= of_body)
    derived = derive.jvp(body, positions, carried)
    consts = [tangents[of_cond + index] for index in positions if index < of_body]
    carry = [instantiate(tangents[stop + index], operands[stop + index]) for index in carried]
    count = len(operands) - stop
    parts = [of_body, len(consts), count, len(carry)]

    def step(arguments: list[Tensor]) -> list[Tensor]:
        c, dc, s, ds = split_by(arguments, parts)
        return call(derived, [*c, *s, *dc, *ds])

    def runs(arguments: list[Tensor]) -> list[Tensor]:
        return call(cond, arguments[: of_cond + count])

    given = [*operands[of_cond:stop], *consts, *operands[stop:], *carry]
    new_body = define(derive.functions, f"{body}__jvp_step", [x.type for x in given], step)
    seen = [*operands[:of_cond], *operands[stop:], *carry]
    new_cond = define(derive.functions, f"{attributes['cond']}__jvp", [x.type for x in seen], runs)
    results = build(
        "lift.while",
        [*operands[:of_cond], *given],
        [new_cond, new_body],
        **attributes
        | {
            "cond": new_cond.name.value,
            "body": new_body.name.value,
            "num_body_consts": of_body + len(consts),
        },
    )
    replace(op, results[:count])
    return place(results[count:], carried, count)
