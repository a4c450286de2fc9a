"""Steps of one op on every element, with operands kept where the op is defined."""

from __future__ import annotations

from tests.programs.body import INTEGER, PREDICATE, Body, Value
from tests.programs.table import step

BOUNDED = ("tanh", "sine", "cosine", "logistic", "negate", "chlo.erf", "chlo.asinh", "chlo.atan", "chlo.erfc")
GROWING = ("exponential", "exponential_minus_one", "chlo.sinh", "chlo.cosh", "chlo.square")
FROM_ONE = ("sqrt", "rsqrt", "log", "log_plus_one", "cbrt", "chlo.lgamma", "chlo.digamma", "chlo.acosh")
BELOW_ONE = ("chlo.asin", "chlo.acos", "chlo.atanh", "chlo.erf_inv", "tan", "chlo.bessel_i1e")
DIRECTIONS = ("LT", "GE", "GT", "LE", "EQ", "NE")


def above_one(body: Body, x: Value) -> Value:
    """1.1 + sin²(x), between 1.1 and 2.1."""
    wave = body.op("sine", [x])
    return body.shifted(body.op("multiply", [wave, wave]), 1.1)


@step()
def bounded(body: Body) -> Value:
    return body.op(body.choose(*BOUNDED), [body.real()])


@step()
def growing(body: Body) -> Value:
    return body.tame(body.op(body.choose(*GROWING), [body.real()]), 0.25)


@step()
def from_one(body: Body) -> Value:
    return body.op(body.choose(*FROM_ONE), [above_one(body, body.real())])


@step()
def below_one(body: Body) -> Value:
    return body.op(body.choose(*BELOW_ONE), [body.scaled(body.op("sine", [body.real()]), 0.8)])


@step()
def sum_or_product(body: Body) -> Value:
    x = body.number()
    return body.tame(body.op(body.choose("add", "multiply", "subtract"), [x, body.like(x)]), 0.75)


@step()
def quotient(body: Body) -> Value:
    x = body.real()
    return body.op(body.choose("divide", "atan2"), [x, above_one(body, body.like(x))])


@step()
def power(body: Body) -> Value:
    x = body.real()
    return body.tame(body.op("power", [above_one(body, x), body.like(x)]), 0.5)


@step(kinks=True)
def bent(body: Body) -> Value:
    x = body.ordered()
    return body.op(body.choose("maximum", "minimum"), [x, body.like(x)])


@step(kinks=True)
def absolute(body: Body) -> Value:
    return body.op("abs", [body.ordered()])


@step(kinks=True, jumps=True)
def stepped(body: Body) -> Value:
    """A jump at whole numbers, of an operand that lies between them."""
    x = body.shifted(body.real(), 0.31830988)
    name = body.choose("floor", "ceil", "sign", "round_nearest_even", "round_nearest_afz")
    return body.tame(body.op(name, [x]))


@step(kinks=True, jumps=True)
def remainder(body: Body) -> Value:
    x = body.real()
    return body.op("remainder", [body.shifted(x, 0.31830988), above_one(body, body.like(x))])


@step(kinks=True)
def clamp(body: Body) -> Value:
    x = body.ordered()
    shape = body.choose((), x.type.shape)
    low, high = (body.pick(lambda type: type.element == x.type.element, shape=shape) for _ in range(2))
    return body.op("clamp", [low, x, body.op("maximum", [low, high])], x.type)


@step()
def select(body: Body) -> Value:
    x = body.any()
    predicate = body.int_or_bool(PREDICATE, body.choose((), x.type.shape))
    return body.op("select", [predicate, x, body.like(x)], x.type)


@step()
def compare(body: Body) -> Value:
    x = body.pick(lambda type: type.element in (INTEGER, PREDICATE))
    return body.compared(x, body.like(x), body.choose(*DIRECTIONS))


@step(kinks=True, jumps=True)
def compare_reals(body: Body) -> Value:
    x = body.real()
    return body.compared(x, body.shifted(body.like(x), 0.01830988), body.choose(*DIRECTIONS[:4]))


@step()
def integers(body: Body) -> Value:
    x = body.int_or_bool(INTEGER, body.real().type.shape)
    name = body.choose("and", "or", "xor", "not", "popcnt", "divide", "shift_right_arithmetic")
    if name in ("not", "popcnt"):
        return body.tame(body.op(name, [x]))
    by = body.constant(3, x.type) if name in ("divide", "shift_right_arithmetic") else body.like(x)
    return body.tame(body.op(name, [x, by]))


@step()
def logic(body: Body) -> Value:
    x = body.pick(lambda type: type.element == PREDICATE)
    name = body.choose("and", "or", "xor", "not")
    return body.op(name, [x] if name == "not" else [x, body.like(x)])


@step()
def convert(body: Body) -> Value:
    return body.converted(body.any(), body.choose(*body.flavour.elements))


@step()
def complex_numbers(body: Body) -> Value:
    """Complex arithmetic where the flavour has it: away from branch cuts and zeros."""
    elements = [element for element in body.flavour.elements if element.startswith("complex")]
    if not elements:
        return body.op("tanh", [body.real()])
    z = body.pick(lambda type: type.element == elements[0])
    part = z.type.of(element=z.type.element[8:-1])
    name = body.choose("imag", "chlo.conj", "exponential", "abs", "sine", "log", "sqrt", "divide", "negate")
    if name == "imag":
        return body.op(name, [z], part)
    if name == "abs":
        return body.tame(body.op(name, [body.shifted(z, 3.5)], part), 0.3)
    if name in ("log", "sqrt"):
        return body.op(name, [body.shifted(z, 3.5)])
    if name == "divide":
        return body.op(name, [z, body.shifted(body.like(z), 3.5)])
    return body.tame(body.op(name, [z]), 0.5)


@step()
def barrier(body: Body) -> list[Value]:
    values = [body.any(), body.any()]
    return body.ops("stablehlo.optimization_barrier", values, [value.type for value in values])
