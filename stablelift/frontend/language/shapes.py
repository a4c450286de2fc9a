"""Shapes with named sizes, as far as they are known before anything runs.

A `Rest` stands for any number of sizes under one name.
"""

from __future__ import annotations

from dataclasses import dataclass

from stablelift.frontend.language.sizes import Computed, Size, differ, replace, solve, unbound_name


@dataclass(frozen=True, slots=True)
class Rest:
    """`*name`: the sizes bound to one name, however many."""

    name: str


Shape = tuple[Size | Rest, ...]


class Mismatch(Exception):
    """Sizes that cannot agree; its text ends a sentence that the caller begins."""


def show_shape(shape: Shape | None) -> str:
    """`[*batch, 3, ?]`; `[...]` for a shape of which nothing is known."""
    if shape is None:
        return "[...]"
    shown = (f"*{d.name}" if isinstance(d, Rest) else "?" if d is None else str(d) for d in shape)
    return f"[{', '.join(shown)}]"


def known(shape: Shape) -> bool:
    """Whether the number of sizes is known."""
    return not any(isinstance(size, Rest) for size in shape)


def broadcast(left: Shape | None, right: Shape | None) -> Shape | None:
    """The shape of an elementwise operation. Raises Mismatch."""
    if left is None or right is None:
        return None
    result: list[Size | Rest] = []
    for offset in range(1, max(len(left), len(right)) + 1):
        if offset > len(left) or offset > len(right):
            longer = left if offset > len(right) else right
            return (*longer[: len(longer) - offset + 1], *reversed(result))
        a, b = left[-offset], right[-offset]
        if isinstance(a, Rest) or isinstance(b, Rest):
            same = left[: len(left) - offset + 1] == right[: len(right) - offset + 1]
            return (*left[: len(left) - offset + 1], *reversed(result)) if same else None
        result.append(_broadcast_size(a, b))
    return tuple(reversed(result))


def _broadcast_size(left: Size, right: Size) -> Size:
    if left == 1:
        return right
    if right == 1:
        return left
    if differ(left, right):
        raise Mismatch(f"sizes `{left}` and `{right}` do not broadcast")
    return right if left is None else left


def matmul(left: Shape | None, right: Shape | None) -> Shape | None:
    """The shape of `left @ right`. Raises Mismatch."""
    if left is None or right is None:
        return None
    if not left or not right:
        raise Mismatch("a scalar has no axis to contract")
    last, inner = right[-1], right[-min(2, len(right))]
    if isinstance(left[-1], Rest) or isinstance(last, Rest) or isinstance(inner, Rest):
        return None
    if differ(left[-1], inner):
        raise Mismatch(f"it contracts `{left[-1]}` with `{inner}`")
    if len(right) == 1:
        return left[:-1]
    if len(left) < 2:
        return (*right[:-2], last)
    if isinstance(left[-2], Rest):
        return (*left[:-1], last) if len(right) == 2 else None
    batch = broadcast(left[:-2], right[:-2])
    return None if batch is None else (*batch, left[-2], last)


def reduce(shape: Shape | None, axes: tuple[int, ...] | None, keepdims: bool) -> Shape | None:
    """The shape without `axes`, or without any where axes is None. Raises Mismatch."""
    if shape is None:
        return None
    if axes is None:
        return tuple(1 for _ in shape) if keepdims and known(shape) else None if keepdims else ()
    places = {place(shape, axis) for axis in axes}
    if None in places:
        return None
    kept = (1 if index in places else size for index, size in enumerate(shape))
    return tuple(size for index, size in enumerate(kept) if keepdims or index not in places)


def place(shape: Shape, axis: int) -> int | None:
    """Which entry of `shape` the axis is; None where a rest hides it. Raises Mismatch."""
    if known(shape) and not -len(shape) <= axis < len(shape):
        raise Mismatch(f"axis {axis} is out of range")
    index = axis % len(shape) if known(shape) else axis
    between = shape[: index + 1] if index >= 0 else shape[index:] if -index <= len(shape) else (Rest(""),)
    return index % len(shape) if known(between) else None


def agree(declared: Shape, found: Shape | None) -> bool:
    """Whether `found` may have the declared shape, names standing for themselves."""
    if found is None:
        return True
    if known(declared) and known(found):
        same_rank = len(declared) == len(found)
        return same_rank and not any(map(_differ, declared, found))
    if known(found) or known(declared):
        fixed, other = (declared, found) if known(declared) else (found, declared)
        return len(fixed) >= len(other) - 1
    for a, b in zip(reversed(declared), reversed(found), strict=False):
        if isinstance(a, Rest) or isinstance(b, Rest):
            break
        if differ(a, b):
            return False
    return True


def _differ(left: Size | Rest, right: Size | Rest) -> bool:
    return not isinstance(left, Rest) and not isinstance(right, Rest) and differ(left, right)


Bindings = dict[str, Size | Shape]


def unify(pattern: Shape, found: Shape | None, bound: Bindings) -> None:
    """Binds the names of `pattern` to the sizes of `found`, in `bound`. Raises Mismatch."""
    if found is None:
        return
    rest = next((index for index, size in enumerate(pattern) if isinstance(size, Rest)), None)
    if rest is None:
        if known(found) and len(pattern) != len(found):
            raise Mismatch(f"got {_axes(len(found))} for {len(pattern)}")
        if known(found):
            _bind_all(pattern, found, bound)
        return
    suffix = len(pattern) - rest - 1
    if known(found) and len(found) < len(pattern) - 1:
        raise Mismatch(f"got {_axes(len(found))} for at least {len(pattern) - 1}")
    head, tail = found[:rest], found[len(found) - suffix :] if suffix <= len(found) else ()
    if not known(head) or not known(tail) or len(head) + len(tail) != len(pattern) - 1:
        return
    if len(found) < len(head) + len(tail):
        return
    _bind_all((*pattern[:rest], *pattern[rest + 1 :]), (*head, *tail), bound)
    star, middle = pattern[rest], found[rest : len(found) - suffix]
    assert isinstance(star, Rest)
    earlier = bound.setdefault(star.name, middle)
    if isinstance(earlier, tuple) and not agree(earlier, middle):
        raise Mismatch(f"dimension `*{star.name}` is {show_shape(earlier)} and {show_shape(middle)}")


def _bind_all(pattern: Shape, found: Shape, bound: Bindings) -> None:
    computed: list[tuple[Computed, Size]] = []
    for wanted, size in zip(pattern, found, strict=True):
        if isinstance(wanted, Rest) or isinstance(size, Rest):
            continue
        if isinstance(wanted, Computed):
            computed.append((wanted, size))
            continue
        known_as = bound.setdefault(wanted, size) if isinstance(wanted, str) else wanted
        if known_as is None and isinstance(wanted, str):
            bound[wanted] = size
        elif not isinstance(known_as, tuple) and differ(known_as, size):
            name = f"dimension `{wanted}`" if isinstance(wanted, str) else "a dimension"
            raise Mismatch(f"{name} is `{known_as}` and `{size}`")
    for wanted, size in computed:
        name = unbound_name(wanted, bound)
        if name is not None:
            bound[name] = solve(wanted, name, size, bound)
            if bound[name] is None and isinstance(size, int):
                raise Mismatch(f"no `{name}` makes `{wanted}` the size `{size}`")
        expected = replace(wanted, bound)
        if differ(expected, size):
            raise Mismatch(f"dimension `{wanted}` is `{expected}` and `{size}`")


def substitute(shape: Shape, bound: Bindings) -> Shape | None:
    """`shape` with its names replaced by what they are bound to; None where a rest is not bound."""
    result: list[Size | Rest] = []
    for size in shape:
        if isinstance(size, Rest):
            sizes = bound.get(size.name)
            if not isinstance(sizes, tuple):
                return None
            result += sizes
        else:
            result.append(replace(size, bound))
    return tuple(result)


def _axes(count: int) -> str:
    return f"{count} axis" if count == 1 else f"{count} axes"
