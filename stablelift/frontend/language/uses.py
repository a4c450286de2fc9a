"""Which declaration uses which: circles would never end, and deep or repeated use is bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from stablelift.frontend.language import syntax
from stablelift.frontend.language.report import Report
from stablelift.frontend.language.vocabulary import FUNCTION_LIFTS, LIFTS

# A body nested this deep fits into Python's stack, lifts and wrappers included.
MAX_DEPTH = 40
MAX_EXPANSION = 100_000

Use = syntax.Declaration | syntax.Callable


def check_uses(file: syntax.File, report: Report, imported: Mapping[str, syntax.Declaration] = {}) -> None:
    """Notes modules and functions that contain themselves, or that unfold too far when they are traced.

    `imported` have been looked at in their own files, and count here as one call each.
    """
    declared: dict[str, Use] = {d.name.text: d for d in file.declarations if d.name.text not in imported}
    for module in file.declarations:
        if isinstance(module, syntax.Module):
            declared |= {f"{module.name.text}.{m.name.text}": m for m in module.methods}
    uses = {name: _used(name, declaration, declared) for name, declaration in declared.items()}
    depth: dict[str, int] = {}
    expansion: dict[str, int] = {}
    for name in _innermost_first(uses):
        own = 0 if "." in name else 1
        depth[name] = own + max((depth[used] for used in uses[name]), default=0)
        expansion[name] = own + sum(expansion[used] * times for used, times in uses[name].items())
        place = declared[name].name.span
        if depth[name] > MAX_DEPTH:
            report.error(place, f"`{name}` nests modules and functions more than {MAX_DEPTH} deep")
            depth[name] = 0
        if expansion[name] > MAX_EXPANSION:
            report.error(place, f"`{name}` unfolds into more than {MAX_EXPANSION} calls")
            expansion[name] = 0
    _report_circles({name: list(uses[name]) for name in uses if name not in depth}, declared, report)


def _used(name: str, declaration: Use, declared: Mapping[str, Use]) -> Counter[str]:
    """What a declaration calls or lifts, and how often; of methods, those of the module itself."""
    own = name.partition(".")[0]
    if isinstance(declaration, syntax.Module):
        nodes = [*syntax.below(declaration.members)]
        used = Counter({f"{own}.{method.name.text}": 1 for method in declaration.methods})
    else:
        nodes = [
            *syntax.below(declaration.value if isinstance(declaration, syntax.Lift) else declaration.body)
        ]
        used = Counter[str]()
    for node in nodes:
        for text in _functions(node):
            method = f"{own}.{text}"
            used[method if "." in name and method in declared else text] += 1
    if isinstance(declaration, syntax.Lift) and isinstance(declaration.value, syntax.Name):
        used[declaration.value.text] += 1
    return Counter({each: times for each, times in used.items() if each in declared})


def _functions(node: syntax.Node) -> Iterator[str]:
    """The names by which a call uses modules and functions: the callee, and what is handed to a lift."""
    if not isinstance(node, syntax.Call):
        return
    callee = node.function
    if isinstance(callee, syntax.Name):
        yield callee.text
        if callee.text in LIFTS or callee.text in FUNCTION_LIFTS or callee.text[:1].isupper():
            for argument in (*node.arguments, *(keyword.value for keyword in node.keywords)):
                value = argument.value if isinstance(argument, syntax.Attribute) else argument
                if isinstance(value, syntax.Name):
                    yield value.text


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


def _report_circles(uses: dict[str, list[str]], declared: Mapping[str, Use], report: Report) -> None:
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
            shown = [each for each in circle if "." not in each] or [each.split(".")[1] for each in circle]
            chain = " uses ".join(f"`{each}`" for each in shown)
            report.error(declared[first].name.span, f"`{shown[0]}` contains itself: {chain}")
        for each in path:
            left.pop(each, None)
