"""The shape rule of `einsum`: one letter, one size."""

from __future__ import annotations

from stablelift.frontend.language.given import Given, common_dtype, shape_of
from stablelift.frontend.language.shapes import Mismatch, Rest, Shape, broadcast, known
from stablelift.frontend.language.sizes import Size, differ
from stablelift.frontend.language.values import Array, Static, Value


def infer_einsum(_word: str, given: Given) -> Value:
    """The result of `einsum(subscripts, *operands)`. Raises Mismatch."""
    subscripts = given.get("subscripts")
    operands = [value for name, value in given.items() if name != "subscripts"]
    text = subscripts.value if isinstance(subscripts, Static) else None
    if not isinstance(text, str):
        return Array(None, None)
    dtype = common_dtype(operands)
    left, arrow, right = text.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise Mismatch(f"`{text}` describes {len(terms)} operands, found {len(operands)}")
    sizes: dict[str, Size] = {}
    leading: Shape | None = ()
    for term, operand in zip(terms, operands, strict=True):
        leading = broadcast(leading, _bind(text, term, shape_of(operand), sizes))
    if not arrow:
        letters = sorted(set(left) - set(",."))
        right = ("..." if "..." in left else "") + "".join(each for each in letters if left.count(each) == 1)
    unknown = [letter for letter in right.replace("...", "") if letter not in sizes]
    if unknown:
        raise Mismatch(f"`{unknown[0]}` is no letter of the operands in `{text}`")
    if len(set(right) - {"."}) != len(right.replace("...", "")):
        raise Mismatch(f"a letter stands twice in the result of `{text}`")
    before, dots, after = right.partition("...")
    if dots and leading is None:
        return Array(dtype, None)
    named = [tuple(sizes[letter] for letter in part) for part in (before, after)]
    return Array(dtype, (*named[0], *((leading or ()) if dots else ()), *named[1]))


def _bind(text: str, term: str, shape: Shape | None, sizes: dict[str, Size]) -> Shape | None:
    """Binds the letters of one operand; returns the sizes under `...`."""
    before, dots, after = term.partition("...")
    letters = before + after
    if not all(letter.isalpha() for letter in letters):
        raise Mismatch(f"`{text}` is made of letters, `,`, `->` and `...`")
    for letter in letters:
        sizes.setdefault(letter, None)
    if shape is None:
        return None if dots else ()
    if known(shape) and (len(shape) < len(letters) if dots else len(shape) != len(letters)):
        raise Mismatch(f"`{term}` has {len(letters)} letters for {len(shape)} axes")
    if not dots and not known(shape):
        if len(shape) - 1 > len(letters):
            raise Mismatch(f"`{term}` has {len(letters)} letters for at least {len(shape) - 1} axes")
        return ()
    head, tail = shape[: len(before)], shape[len(shape) - len(after) :] if after else ()
    if len(before) + len(after) > len(shape) or not known(head) or not known(tail):
        return None
    for letter, size in zip(letters, (*head, *tail), strict=True):
        assert not isinstance(size, Rest)
        earlier = sizes[letter]
        if differ(earlier, size) and 1 not in (earlier, size):
            raise Mismatch(f"`{letter}` is `{earlier}` and `{size}`")
        if earlier is None or earlier == 1:
            sizes[letter] = size
    return shape[len(before) : len(shape) - len(after)] if dots else ()
