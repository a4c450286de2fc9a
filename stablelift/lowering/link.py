"""Sharing: private functions that read the same become one.

A layer that occurs many times is lowered to one function per trace of it; whatever JAX did not recognise as
equal is recognised here, by the text of the lowered function. The same holds for imported files.
"""

from __future__ import annotations

from typing import Any

from stablelift.ir.mlir import func, functions, ir, is_private, walk


def share_equal_functions(module: ir.Module) -> None:
    """Keep the first of each set of equal private functions, and make every reference name it.

    Functions are equal when they read the same but for their names and locations. Callees that became one
    make their callers equal in turn.
    """
    while True:
        known = functions(module)
        alike: dict[ir.Attribute, list[str]] = {}
        for name, function in known.items():
            if is_private(function):
                alike.setdefault(function.attributes["function_type"], []).append(name)
        first: dict[str, str] = {}
        replaced: dict[str, str] = {}
        # To print a function is slow: only one that has another's type can be its equal.
        for name in (name for names in alike.values() if len(names) > 1 for name in names):
            kept = first.setdefault(_body_text(known[name]), name)
            if kept != name:
                replaced[name] = kept
        if not replaced:
            return
        for name in replaced:
            known[name].operation.erase()
        rename_references(module, replaced)


def _body_text(function: func.FuncOp) -> str:
    """The function as text, without its name."""
    text = str(function.operation.get_asm(enable_debug_info=False, use_local_scope=True))
    return text.replace(f"@{_printed(function.name.value)}(", "@(", 1)


def _printed(name: str) -> str:
    """A symbol as MLIR prints it: quoted unless it is an identifier."""
    return name if name.replace(".", "_").replace("$", "_").isidentifier() else f'"{name}"'


def rename_references(root: Any, names: dict[str, str]) -> None:
    """Replace references to functions, by name, in a module or a function; the functions keep theirs."""
    for op in walk(root, "func.call", "lift.", "stablehlo.composite", "stablehlo.custom_call"):
        attributes = op.attributes
        for key in list(attributes):
            try:
                attribute = attributes[key]
            except TypeError:  # the bindings have no class for it
                continue
            renamed = _renamed(attribute, names)
            if renamed is not None:
                attributes[key] = renamed


def _renamed(attribute: Any, names: dict[str, str]) -> ir.Attribute | None:
    if isinstance(attribute, ir.FlatSymbolRefAttr):
        return ir.FlatSymbolRefAttr.get(names[attribute.value]) if attribute.value in names else None
    if isinstance(attribute, ir.ArrayAttr):
        items = [(item, _renamed(item, names)) for item in attribute]
        if any(new is not None for _, new in items):
            return ir.ArrayAttr.get([old if new is None else new for old, new in items])
    return None
