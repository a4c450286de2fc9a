"""Where entries stand: a `.lift` file, a Python file, or a Python module by its dotted name."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from stablelift.command.refusal import Refusal, reason
from stablelift.errors import StableliftError, location_of


def source_and_entry(file: str, entry: str | None) -> tuple[str, str | None]:
    """The file or module, and the entry, which may stand behind a colon: `package.model:Model.init`."""
    source, colon, behind = file.rpartition(":")
    if entry is None and colon and source and not Path(file).exists():
        return source, behind
    return file, entry


def namespace_of(source: str) -> ModuleType:
    """What a `.lift` file, a Python file or a Python module declares.

    Raises: Refusal if it cannot be read, or fails.
    """
    if source.endswith(".lift"):
        from stablelift.frontend.language.load import load

        with users_code(source):
            return load(source)
    with users_code(source):
        sys.path.insert(0, "")  # as `python -m` has it
        if not source.endswith(".py"):
            return _imported(source)
        spec = importlib.util.spec_from_file_location(Path(source).stem, source)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
        return module


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # it is there, and imports another that is not
    hint = "give a file.lift, a file.py, or a module such as package.model that Python can import"
    if Path(name).exists():
        raise Refusal(f"{name}: error: expected a .lift file or a Python file\n  hint: {hint}")
    raise Refusal(f"{name}: error: no such file or module\n  hint: {hint}")


@contextlib.contextmanager
def users_code(name: str) -> Iterator[None]:
    """Make a Refusal of whatever a user's own code raises, at the line that did."""
    try:
        yield
    except Refusal:
        raise
    except StableliftError as error:
        raise Refusal(str(error)) from error
    except OSError as error:
        raise Refusal(f"{name}: error: cannot be read: {reason(error)}") from error
    except SyntaxError as error:
        raise Refusal(f"{error.filename or name}:{error.lineno}: error: {error.msg}") from error
    except (Exception, SystemExit) as error:
        place = location_of(error) or name
        raise Refusal(f"{place}: error: {type(error).__name__}: {error}") from error
