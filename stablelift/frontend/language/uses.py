"""Which declaration uses which: circles would never end, and deep or repeated use is bounded."""

from __future__ import annotations

from collections import Counter

from stablelift.frontend.language import syntax
from stablelift.frontend.language.report import Report

# A body nested this deep fits into Python's stack, lifts and wrappers included.
MAX_DEPTH = 40
MAX_EXPANSION = 100_000


def check_uses(file: syntax.File, report: Report) -> None:
    """Notes modules and functions that contain themselves, or that unfold too far when they are traced."""
    declared = {d.name.text: d for d in file.declarations}
    uses = {name: _used(declaration, declared) for name, declaration in declared.items()}
    depth: dict[str, int] = {}
    expansion: dict[str, int] = {}
    for name in _innermost_first(uses):
        depth[name] = 1 + max((depth[used] for used in uses[name]), default=0)
        expansion[name] = 1 + sum(expansion[used] * times for used, times in uses[name].items())
        place = declared[name].name.span
        if depth[name] > MAX_DEPTH:
            report.error(place, f"`{name}` nests modules and functions more than {MAX_DEPTH} deep")
            depth[name] = 0
        if expansion[name] > MAX_EXPANSION:
            report.error(place, f"`{name}` unfolds into more than {MAX_EXPANSION} calls")
            expansion[name] = 0
    _report_circles({name: list(uses[name]) for name in uses if name not in depth}, declared, report)


def _used(declaration: syntax.Declaration, declared: dict[str, syntax.Declaration]) -> Counter[str]:
    """What a declaration calls or lifts, and how often."""
    if isinstance(declaration, syntax.Lift):
        names = [node for node in syntax.below(declaration.value) if isinstance(node, syntax.Name)]
    else:
        calls = (node.function for node in syntax.below(declaration) if isinstance(node, syntax.Call))
        names = [function for function in calls if isinstance(function, syntax.Name)]
    return Counter(name.text for name in names if name.text in declared)


def _innermost_first(uses: dict[str, Counter[str]]) -> list[str]:
    """The names whose uses end, each after those that it uses."""
    waiting = {name: len(used) for name, used in uses.items()}
    users: dict[str, list[str]] = {name: [] for name in uses}
    for name, used in uses.items():
        for each in used:
            users[each].append(name)
    order = [name for name, count in waiting.items() if count == 0]
    for name in order:
        for user in users[name]:
            waiting[user] -= 1
            if waiting[user] == 0:
                order.append(user)
    return order


def _report_circles(
    uses: dict[str, list[str]], declared: dict[str, syntax.Declaration], report: Report
) -> None:
    """Notes each circle among names whose uses do not end."""
    left = dict.fromkeys(uses)
    for start in uses:
        path: dict[str, None] = {}
        name = start
        while name in left and name not in path:
            path[name] = None
            name = next((used for used in uses[name] if used in left), "")
        if name in path:
            circle = list(path)[list(path).index(name) :]
            first = min(circle, key=lambda each: declared[each].name.span.line)
            circle = [*circle[circle.index(first) :], *circle[: circle.index(first)], first]
            chain = " uses ".join(f"`{each}`" for each in circle)
            report.error(declared[first].name.span, f"`{first}` contains itself: {chain}")
        for each in path:
            left.pop(each, None)
