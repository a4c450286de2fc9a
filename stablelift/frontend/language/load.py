"""Reads `.lift` files, and those they import, into ordinary Modules."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from stablelift.frontend.language import syntax
from stablelift.frontend.language.check import check
from stablelift.frontend.language.diagnostics import (
    Diagnostic,
    LiftCheckError,
    LiftFileError,
    Source,
    Span,
    diagnose,
    suggest,
)
from stablelift.frontend.language.parse import parse

MAX_BYTES = 256 * 1024
MAX_FILES = 100


@dataclass
class Loaded:
    """A checked file, and those it imports by the path that it writes."""

    file: syntax.File
    source: Source
    imports: dict[str, Loaded] = field(default_factory=dict)

    def declaration(self, name: str) -> syntax.Declaration | None:
        """What the file declares, or imports itself, under that name."""
        for each in self.file.declarations:
            if each.name.text == name:
                return each
        for statement in self.file.imports:
            if any(imported.text == name for imported in statement.names):
                return self.imports[str(statement.path.value)].declaration(name)
        return None

    def seen_from_outside(self, name: str, declared: syntax.Declaration) -> dict[str, syntax.Declaration]:
        """A declaration by its name; what a lift is of, with it, under names that no other file has."""
        if not isinstance(declared, syntax.Lift):
            return {name: declared}
        found: dict[str, syntax.Declaration] = {}

        def qualified(node: syntax.Expression) -> syntax.Expression:
            match node:
                case syntax.Name(text=text) if (target := self.declaration(text)) is not None:
                    key = f"{self.source.filename}:{text}"
                    found.update(self.seen_from_outside(key, target))
                    return syntax.Name(node.span, key)
                case syntax.Attribute(value=value):
                    return dataclasses.replace(node, value=qualified(value))
                case syntax.Call(arguments=arguments, keywords=keywords):
                    named = tuple(dataclasses.replace(each, value=qualified(each.value)) for each in keywords)
                    return dataclasses.replace(
                        node, arguments=tuple(map(qualified, arguments)), keywords=named
                    )
            return node

        lift = dataclasses.replace(declared, value=qualified(declared.value))
        return {**found, name: lift}


def load(path: str | os.PathLike[str], modules: Mapping[str, Any] = {}) -> ModuleType:
    """A namespace of what the file declares: Modules, lifted Modules, and functions.

    `modules` are the Module classes of Python for those that the file, or one it imports, calls `external`.
    Nothing but this file and those it imports, which lie below its folder, is read, and nothing in them runs
    as Python. Raises LiftFileError, LiftSyntaxError or LiftCheckError, each with all its diagnostics; what is
    decided while tracing raises LiftTraceError.
    """
    return namespace(read(path), Path(path).stem, modules)


def namespace(loaded: Loaded, name: str, modules: Mapping[str, Any]) -> ModuleType:
    """What a checked file declares, as a namespace called `name`."""
    return _namespace(loaded, name, modules, {})


def _namespace(
    loaded: Loaded, name: str, modules: Mapping[str, Any], built: dict[str, ModuleType]
) -> ModuleType:
    """A file that several others import is built once."""
    from stablelift.frontend.language.build import build

    given: dict[str, Any] = {}
    for statement in loaded.file.imports:
        other = loaded.imports[str(statement.path.value)]
        if other.source.filename not in built:
            stem = Path(other.source.filename).stem
            built[other.source.filename] = _namespace(other, stem, modules, built)
        space = vars(built[other.source.filename])
        given |= {each.text: space[each.text] for each in statement.names}
    for declared in loaded.file.declarations:
        if isinstance(declared, syntax.Module) and declared.external:
            given[declared.name.text] = _external(declared, loaded.source, modules)
    return build(loaded.file, loaded.source, name, given)


def _external(declared: syntax.Module, source: Source, modules: Mapping[str, Any]) -> Any:
    from stablelift.frontend.module import Module

    name = declared.name.text
    found = modules.get(name)
    hint = f'`load(path, modules={{"{name}": ...}})` names the Module class'
    if found is None:
        message = f"the external module `{name}` is not given"
        raise LiftCheckError([diagnose(source, declared.name.span, message, hint)])
    if not isinstance(found, type) or not issubclass(found, Module):
        message = f"the external module `{name}` is a Module class, found {found!r}"
        raise LiftCheckError([diagnose(source, declared.name.span, message, hint)])
    return found


def read(path: str | os.PathLike[str]) -> Loaded:
    """The parsed and checked file. Raises as `load` does, and imports nothing of JAX."""
    filename = os.fspath(path)
    return _Reader(Path(filename).parent).read(filename, ())


def read_from_text(text: str, filename: str) -> Loaded:
    """The same of a text in no file, called `filename` in messages, which imports from this folder."""
    return _Reader(Path()).check(text, filename, ())


class _Reader:
    """Reads each file once. Imports lie below the folder of the first, and form no circle."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.done: dict[Path, Loaded] = {}

    def read(self, filename: str, within: tuple[Path, ...]) -> Loaded:
        return self.check(read_text(filename), filename, within)

    def check(self, text: str, filename: str, within: tuple[Path, ...]) -> Loaded:
        """The text as a checked file; `within` are the files that import it."""
        file = parse(text, filename)
        source = Source.of(text, filename)
        loaded = Loaded(file, source)
        imported: dict[str, syntax.Declaration] = {}
        chain = (*within, Path(filename).resolve())
        for statement in file.imports:
            other = self._import(statement, source, chain)
            loaded.imports[str(statement.path.value)] = other
            imported |= self._names(statement, source, other)
        check(file, source, imported)
        return loaded

    def _import(self, statement: syntax.Import, source: Source, chain: tuple[Path, ...]) -> Loaded:
        written, span = str(statement.path.value), statement.path.span
        target = Path(source.filename).parent / written

        def refuse(message: str, *hints: str) -> LiftCheckError:
            return LiftCheckError([diagnose(source, span, message, *hints)])

        if Path(written).is_absolute() or ".." in Path(written).parts or not written.endswith(".lift"):
            hint = "write the path from the folder of this file, without `..`, with `.lift` at its end"
            raise refuse(f'cannot import "{written}"', hint)
        resolved = target.resolve()
        if not resolved.is_relative_to(Path(source.filename).parent.resolve()):
            raise refuse(f'cannot import "{written}": it leads out of the folder of this file')
        if resolved in chain:
            names = [path.name for path in chain[chain.index(resolved) :]]
            path = " imports ".join(f"`{name}`" for name in [*names, resolved.name])
            raise refuse(f"the file imports itself: {path}")
        if resolved not in self.done:
            if len(self.done) >= MAX_FILES:
                raise refuse(f"more than {MAX_FILES} files are imported")
            try:
                self.done[resolved] = self.read(str(target), chain)
            except LiftFileError as error:
                reason = error.diagnostics[0].message
                raise refuse(f'cannot import "{written}": {reason}') from None
        return self.done[resolved]

    def _names(
        self, statement: syntax.Import, source: Source, other: Loaded
    ) -> dict[str, syntax.Declaration]:
        found: dict[str, syntax.Declaration] = {}
        problems = []
        for name in statement.names:
            declared = other.declaration(name.text)
            if declared is None:
                known = [each.name.text for each in other.file.declarations]
                hint = suggest(name.text, known) or f"it declares {', '.join(known) or 'nothing'}"
                message = f'"{statement.path.value}" declares no `{name.text}`'
                problems.append(diagnose(source, name.span, message, hint))
            else:
                found |= other.seen_from_outside(name.text, declared)
        if problems:
            raise LiftCheckError(problems)
        return found


def read_text(filename: str) -> str:
    """The text of a file. Raises LiftFileError."""
    try:
        with open(filename, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(filename, f"cannot read the file: {reason.lower()}") from None
    return text_of(data, filename)


def text_of(data: bytes, filename: str) -> str:
    """The text that the bytes of a file are. Raises LiftFileError."""
    if len(data) > MAX_BYTES:
        raise _unreadable(filename, f"expected at most {MAX_BYTES} bytes, found more")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        message = f"expected UTF-8 text, found the byte 0x{data[error.start]:02x}"
        excerpt = data.split(b"\n")[line - 1].decode(errors="replace")
        span = Span(line, column, line, column + 1)
        raise LiftFileError([Diagnostic(filename, span, message, excerpt)]) from None


def _unreadable(filename: str, message: str) -> LiftFileError:
    return LiftFileError([Diagnostic(filename, None, message)])
