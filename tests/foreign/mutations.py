"""Files of StableHLO with something changed, drawn from a seed: text, bytecode and portable artefacts."""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable
from pathlib import Path

from stablelift.ir.mlir import context, parse_any, to_bytecode, to_portable_artifact

DATA = Path(__file__).parent / "data"
GOLDEN = Path(__file__).parents[1] / "golden"

_TOKEN = re.compile(r"[%@#!]?[\w.$-]+|\s+|.", re.DOTALL)
_NUMBERS = (
    "0", "1", "-1", "2", "7", "31", "2147483648", "9223372036854775807", "-9223372036854775809", "1e400",
)  # fmt: skip
_TYPES = (
    "f32", "f64", "bf16", "f16", "i1", "i4", "i8", "i32", "i64", "ui8", "i17", "index", "complex<f32>",
    "f8E4M3FN", "f4E2M1FN", "none", "!stablehlo.token", "tuple<>", "!quant.uniform<i8:f32, 1.0>",
)  # fmt: skip
_SHAPES = ("?", "0", "1", "3", "*", "2147483648", "4611686018427387904")


@functools.cache
def texts() -> tuple[str, ...]:
    """The texts that are changed: the files of other producers, and the modules of the golden tests."""
    paths = [*sorted(DATA.glob("*.mlir")), *sorted(GOLDEN.glob("*/*.mlir"))]
    return tuple(path.read_text() for path in paths)


@functools.cache
def _tokens() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tokens of all texts, and of them the names of ops."""
    found = sorted({token for text in texts() for token in _TOKEN.findall(text) if not token.isspace()})
    return tuple(found), tuple(token for token in found if re.fullmatch(r"[a-z_]+\.[a-z_.]+", token))


@functools.cache
def binaries() -> tuple[bytes, ...]:
    """The bytes that are changed: bytecode of the texts, and portable artefacts where there can be one."""
    whole = sorted(path for ending in ("bc", "stablehlo", "export") for path in DATA.glob(f"*.{ending}"))
    found = [path.read_bytes() for path in whole] * 4
    for text in texts():
        with context() as ctx:
            try:
                module = parse_any(text.encode(), ctx, "text")
                found.append(to_bytecode(module))
                found.append(to_portable_artifact(module))
            except Exception:  # what is no module, or has no artefact
                continue
    return tuple(found)


def mutant(seed: int) -> bytes:
    """One changed file: three of five are text, the others bytes."""
    rng = random.Random(seed)
    if rng.random() < 0.6:
        text = rng.choice(texts())
        for _ in range(rng.choice((1, 1, 1, 1, 2, 3, 8))):
            text = rng.choice(_OF_TEXT)(text, rng)
        return text.encode(errors="surrogatepass")
    data = rng.choice(binaries())
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        data = rng.choice(_OF_BYTES)(data, rng)
    return data


# Text


def _replaced_token(text: str, rng: random.Random, matching: Callable[[str], bool], new: str) -> str:
    tokens = _TOKEN.findall(text)
    places = [index for index, token in enumerate(tokens) if matching(token)]
    if places:
        tokens[rng.choice(places)] = new
    return "".join(tokens)


def _any_token(text: str, rng: random.Random) -> str:
    return _replaced_token(text, rng, lambda token: not token.isspace(), rng.choice(_tokens()[0]))


def _op(text: str, rng: random.Random) -> str:
    ops = _tokens()[1]
    return _replaced_token(text, rng, lambda token: token in ops, rng.choice(ops))


_ALIKE = (
    ("sine", "cosine", "tanh", "exponential", "log", "rsqrt", "sqrt", "abs", "negate", "sign", "logistic"),
    ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "remainder", "atan2"),
)


def _op_alike(text: str, rng: random.Random) -> str:
    """Another op of as many operands, so that the file often remains a program."""
    alike = [f"stablehlo.{name}" for name in rng.choice(_ALIKE)]
    return _replaced_token(text, rng, lambda token: token in alike, rng.choice(alike))


def _constant(text: str, rng: random.Random) -> str:
    places = list(re.finditer(r"(?<=dense<)-?[\d.e+-]+(?=>)", text))
    return _spliced(text, rng, places, rng.choice(("0", "1", "-1", "3", "100", "0.0", "2.5", "1.0e+30")))


def _number(text: str, rng: random.Random) -> str:
    return _replaced_token(text, rng, lambda token: token.lstrip("-").isdigit(), rng.choice(_NUMBERS))


def _type(text: str, rng: random.Random) -> str:
    places = list(re.finditer(r"(?<=[x<])(?:f32|f64|i32|i64|i1|i8)(?=>)", text))
    return _spliced(text, rng, places, rng.choice(_TYPES))


def _shape(text: str, rng: random.Random) -> str:
    return _spliced(text, rng, list(re.finditer(r"(?<=[<x])\d+(?=x)", text)), rng.choice(_SHAPES))


def _spliced(text: str, rng: random.Random, places: list[re.Match[str]], new: str) -> str:
    if not places:
        return text
    place = rng.choice(places)
    return text[: place.start()] + new + text[place.end() :]


def _operand(text: str, rng: random.Random) -> str:
    values = [token for token in _TOKEN.findall(text) if token.startswith("%")]
    if not values:
        return text
    return _replaced_token(text, rng, lambda token: token.startswith("%"), rng.choice(values))


def _line(text: str, rng: random.Random) -> str:
    """A line dropped, repeated, moved, or taken from another file."""
    lines = text.split("\n")
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(4)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(to, lines[at])
    elif kind == 2:
        lines.insert(min(to, len(lines) - 1), lines.pop(at))
    else:
        lines[at] = rng.choice(rng.choice(texts()).split("\n"))
    return "\n".join(lines)


def _cut(text: str, rng: random.Random) -> str:
    start = rng.randrange(len(text) + 1)
    return text[:start] if rng.random() < 0.3 else text[:start] + text[start + rng.randrange(40) :]


def _deep(text: str, rng: random.Random) -> str:
    """Brackets inside brackets."""
    at, depth = rng.randrange(len(text) + 1), rng.choice((10, 1000, 100_000))
    return text[:at] + rng.choice("[({<") * depth + text[at:]


def _digit(text: str, rng: random.Random) -> str:
    """A digit of a constant or of a resource's bytes."""
    places = list(re.finditer(r"(?<=[0-9A-F])[0-9A-F](?=[0-9A-F\"])", text))
    return _spliced(text, rng, places, rng.choice("0F.x\""))


_OF_TEXT = (
    _op_alike, _op_alike, _constant, _constant, _any_token, _any_token, _op, _op, _number, _number,
    _type, _type, _shape, _shape, _operand, _line, _line, _cut, _digit, _deep,
)  # fmt: skip


# Bytes


def _byte(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) or 1)
    return data[:at] + bytes([rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))]) + data[at + 1 :]


def _bit(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) or 1)
    return data[:at] + bytes([byte ^ 1 << rng.randrange(8) for byte in data[at : at + 1]]) + data[at + 1 :]


def _chunk(data: bytes, rng: random.Random) -> bytes:
    """Bytes dropped, repeated, or taken from another file."""
    at, count = rng.randrange(len(data) + 1), rng.randrange(1, 64)
    kind = rng.randrange(4)
    if kind == 0:
        return data[:at] + data[at + count :]
    if kind == 1:
        return data[:at] + data[at : at + count] + data[at:]
    if kind == 2:
        return data[:at]
    other = rng.choice(binaries())
    start = rng.randrange(len(other))
    return data[:at] + other[start : start + count] + data[at + count :]


_OF_BYTES = (_byte, _byte, _bit, _bit, _chunk)
