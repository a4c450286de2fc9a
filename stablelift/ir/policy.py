"""Rematerialisation policies: what the reverse of a function may keep, as a value and as text.

    save_from_both_policies(dots_saveable, save_only_these_names("scores", "context"))

A policy is a name and its arguments: strings, numbers, tuples of strings, other policies. Its text is what
the `policy` attribute of `lift.remat` holds and what a command line takes, so a program in a file says what
its reverse keeps. Names and meanings are those of `jax.checkpoint_policies`, and ours beside them; what a
policy decides about a value is in `passes/remat/saveable.py`.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

OpPolicy = Callable[[str, list[str], list[str]], bool]
"""Whether an op's results are kept, from its name and the types of its operands and results, as text."""

OVER_OPS: dict[str, OpPolicy] = {}
"""The functions that policies `over_ops("name")` of this process stand for."""


MARK = "remat:"
"""What the names begin with that stand for a decision about a value, and are no user's."""

PLACEMENT = "annotate_device_placement"
"""The custom call by which XLA is told what memory a value is to be in."""

PINNED = f"{MARK}saved"
"""The name of a value that a policy has saved: no later choice recomputes it."""


class PolicyError(ValueError):
    """What spells no policy, or a policy that gets what it does not take."""


def within(policy: Policy) -> str:
    """The name of a value that a policy keeps of a loop inside of the function that it was given for."""
    return f"{MARK}{policy}"


@dataclass(frozen=True)
class Policy:
    """A policy by name, with its arguments; `str` gives its text, `parse` reads it."""

    name: str
    arguments: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in ARGUMENTS:
            known = ", ".join(ARGUMENTS)
            raise PolicyError(f"unknown policy `{self.name}`; the policies are {known}")
        wanted = ARGUMENTS[self.name]
        if not wanted.fits(self.arguments):
            found = ", ".join(map(_spelled, self.arguments)) or "nothing"
            raise PolicyError(f"policy `{self.name}`: expected {wanted.text}, found {found}")

    def __str__(self) -> str:
        if not self.arguments:
            return self.name
        return f"{self.name}({', '.join(map(_spelled, self.arguments))})"

    __repr__ = __str__


def parse(text: str) -> Policy:
    """The policy that a text spells.

    Raises:
      PolicyError: It spells none.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        tree = None
    policy = tree and _read(tree)
    if not isinstance(policy, Policy):
        wanted = 'a policy such as dots_saveable or save_only_these_names("a")'
        raise PolicyError(f"expected {wanted}, found {text!r}")
    return policy


def _read(tree: ast.expr) -> Any:
    match tree:
        case ast.Name(id=name):
            return named(name)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
            given = {keyword.arg or "**": _read(keyword.value) for keyword in keywords}
            return named(name, tuple(map(_read, arguments)), given)
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return tuple(map(_read, items))
        case ast.Constant(value=value):
            return value
    raise PolicyError(f"expected names, strings, numbers and tuples in a policy, found {ast.unparse(tree)}")


def named(name: str, arguments: tuple[Any, ...] = (), keywords: Mapping[str, Any] = {}) -> Policy:
    """The policy of that name, or of that other name; its arguments may go by the names that JAX gives them.

    Raises:
      PolicyError: There is none, or it takes other arguments.
    """
    name = ALIASES.get(name, name)
    names = ARGUMENTS[name].names if name in ARGUMENTS else ()
    rest = names[len(arguments) :]
    if name in ARGUMENTS and keywords and set(rest) != set(keywords):
        wanted = f"{' and '.join(rest)} by name" if rest else "no more arguments, and none by name"
        raise PolicyError(f"policy `{name}`: expected {wanted}, found {' and '.join(keywords)}")
    return Policy(name, (*arguments, *(keywords[each] for each in rest if keywords)))


def _spelled(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_spelled, value)) + "]"
    return "1e999" if value == math.inf else str(value)


# What each policy takes


@dataclass(frozen=True)
class _Wanted:
    text: str
    fits: Callable[[tuple[Any, ...]], bool]
    names: tuple[str, ...] = ()


def _all(kind: type, values: Any) -> bool:
    return isinstance(values, tuple) and all(isinstance(value, kind) for value in values)


_NOTHING = _Wanted("no arguments", lambda given: not given)
_NAMES = _Wanted("names, as strings", lambda given: _all(str, given))
_MEMORIES = _Wanted(
    "the kinds of memory to move from and to, as strings",
    lambda given: len(given) == 2 and _all(str, given),
    ("offload_src", "offload_dst"),
)
_BOTH = _Wanted(
    "two policies", lambda given: len(given) == 2 and _all(Policy, given), ("policy_1", "policy_2")
)
_SAVED_AND_OFFLOADED = _Wanted(
    "the names to save, those to offload (disjoint), and the kinds of memory to move from and to",
    lambda given: (
        len(given) == 4
        and _all(str, given[0])
        and _all(str, given[1])
        and _all(str, given[2:])
        and not set(given[0]) & set(given[1])
    ),
    ("names_which_can_be_saved", "names_which_can_be_offloaded", "offload_src", "offload_dst"),
)
_ONE_NAME = _Wanted("a name, as a string", lambda given: len(given) == 1 and _all(str, given))
_OPS = _Wanted("names of ops to repeat all the same, as strings", lambda given: _all(str, given))
_SIZE = _Wanted(
    'a size such as "512MiB", a number of bytes, or a fraction between 0 and 1',
    lambda given: len(given) == 1 and _is_size(given[0]),
    ("size",),
)

_PRICE = _Wanted(
    "what a saved byte weighs against its traffic, at least 1, and a part between 0 and 1",
    lambda given: len(given) == 2 and all(isinstance(x, float) for x in given) and _is_price(*given),
)

ARGUMENTS: dict[str, _Wanted] = {
    "everything_saveable": _NOTHING,
    "nothing_saveable": _NOTHING,
    "dots_saveable": _NOTHING,
    "dots_with_no_batch_dims_saveable": _NOTHING,
    "offload_dot_with_no_batch_dims": _MEMORIES,
    "save_anything_except_these_names": _NAMES,
    "save_any_names_but_these": _NAMES,
    "save_only_these_names": _NAMES,
    "save_from_both_policies": _BOTH,
    "save_and_offload_only_these_names": _SAVED_AND_OFFLOADED,
    "over_ops": _ONE_NAME,
    "auto": _OPS,
    "min_cut": _OPS,
    "budget": _SIZE,
    "price": _PRICE,
}
"""Every policy by name, with what it takes."""

ALIASES = {
    "checkpoint_dots": "dots_saveable",
    "checkpoint_dots_with_no_batch_dims": "dots_with_no_batch_dims_saveable",
}
"""Other names of policies."""

# Sizes

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE_TEXT = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})")


def bytes_of(size: str | int) -> int:
    """The bytes of a size such as "512MiB"; a number is bytes already."""
    if isinstance(size, int):
        return size
    found = _SIZE_TEXT.fullmatch(size.strip())
    assert found, size
    return int(float(found[1]) * _UNITS[found[2]])


def _is_size(value: Any) -> bool:
    if isinstance(value, str):
        return _SIZE_TEXT.fullmatch(value.strip()) is not None
    if isinstance(value, bool):
        return False
    return (isinstance(value, float) and 0 <= value <= 1) or (isinstance(value, int) and value >= 0)


def _is_price(price: float, part: float) -> bool:
    return price >= 1 and 0 <= part <= 1


EVERYTHING_SAVEABLE = Policy("everything_saveable")

NOTHING_SAVEABLE = Policy("nothing_saveable")
"""What a `lift.remat` without a policy means."""

AUTO = Policy("auto")
"""What is chosen where a program does not say."""

MOST = Policy("price", (1.0, 1.0))
"""What `auto` keeps; its accounts say what it would cost to keep less."""

LEAST = Policy("price", (math.inf, 0.0))
"""The fewest bytes."""
