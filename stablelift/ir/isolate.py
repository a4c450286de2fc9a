"""Foreign files in a child process: MLIR's parser and XLA's importer may end the process that opens them.

    with Reader() as reader:
        reader.start()                              # returns at once; the child needs 0.3 s to be ready
        ...                                         # import jax meanwhile
        bytecode = reader.read(data, "model.mlir")  # bytes of any form, as bytecode that is safe to parse
        reader.check(cleaned, "model.mlir")         # XLA's importer has survived it

The child imports jaxlib's MLIR and nothing of JAX. It serves any number of files; where one of them ends it,
or holds it up for longer than `timeout`, the caller gets a LiftError and the next file a new child. What it
hands back it has verified, and read once more itself. `Program.load(path, isolated=True)` is all most need.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

from stablelift.errors import LiftError

_SERVE = """
import sys
sys.path[:] = sys.argv.pop().splitlines()
from stablelift.ir.isolate import serve
serve()
"""

MEMORY = 16 << 30
"""The bytes of address space that a child may take, where the system can limit them."""


class Reader:
    """A child process that opens files which may end it.

    Args:
      timeout: The seconds that one request may take.
    """

    def __init__(self, timeout: float = 60.0):
        self.timeout = timeout
        self._child: subprocess.Popen[bytes] | None = None
        self._words: IO[bytes] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def start(self) -> None:
        """Start the child, if there is none, and do not wait for it."""
        if self._child is None:
            paths = "\n".join([str(Path(__file__).parents[2]), *sys.path])
            self._words = tempfile.TemporaryFile()
            self._child = subprocess.Popen(
                [sys.executable, "-c", _SERVE, paths],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._words,
                start_new_session=True,  # Ctrl-C is for who asks
            )

    def close(self) -> None:
        """End the child."""
        if self._child is not None and self._words is not None:
            self._child.kill()
            self._child.communicate()
            self._words.close()
        self._child = self._words = None

    def read(self, data: bytes, filename: str) -> bytes:
        """The module in `data` (MLIR text, bytecode, or a portable artefact) as plain bytecode, verified.

        Raises:
          LiftError: It is no valid module, it ended the child, or it took too long.
        """
        return self._ask("read", data, filename, "MLIR's parser")

    def check(self, bytecode: bytes, filename: str) -> None:
        """Let XLA's importer see a module, if all of it is XLA's.

        Raises:
          LiftError: It ended the child, or it took too long. What the importer refuses in order is let
          through: the compiler will say so.
        """
        self._ask("check", bytecode, filename, "XLA's importer")

    def _ask(self, request: str, data: bytes, filename: str, who: str) -> bytes:
        self.start()
        child, late = self._child, threading.Event()
        assert child is not None and child.stdin is not None and child.stdout is not None

        def stop() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(self.timeout, stop)
        timer.start()
        try:
            _send(child.stdin, {"request": request, "filename": filename}, data)
            answer = _receive(child.stdout)
        except BrokenPipeError:
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            raise LiftError(f"{filename}: error: {who} {self._end(late.is_set())}")
        about, result = answer
        if about.get("error") is not None:
            raise LiftError(about["error"])
        return result

    def _end(self, is_late: bool) -> str:
        """How the child ended, in words; it is put away."""
        assert self._child is not None and self._words is not None
        code = self._child.wait()
        self._words.seek(0)
        said = _last_words(self._words.read().decode(errors="replace"))
        self.close()
        if is_late:
            return f"was stopped after {self.timeout:g} s on this file"
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"crashes on this file ({how})" + (f"\n  it said: {said}" if said else "")


def _last_words(text: str) -> str | None:
    """Of what a dying process printed, the line that says why."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = ("check failed", "assert", "error", "exception")
    found = [line for line in lines if any(word in line.lower() for word in telling)]
    return next(iter(found or lines[-1:]), None)


def _send(pipe: IO[bytes], about: dict[str, Any], data: bytes) -> None:
    """A line of JSON that ends in the number of bytes, and the bytes."""
    pipe.write(json.dumps({**about, "bytes": len(data)}).encode() + b"\n")
    pipe.write(data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """What `_send` wrote; None where the pipe ends before that does."""
    try:
        about = json.loads(pipe.readline())
    except ValueError:
        return None
    data = pipe.read(about["bytes"])
    return (about, data) if len(data) == about["bytes"] else None


# In the child


def serve() -> None:
    """Answer requests on standard input until it ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    _limit_memory()
    while (asked := _receive(sys.stdin.buffer)) is not None:
        about, data = asked
        try:
            result = _REQUESTS[about["request"]](data, about["filename"])
        except LiftError as error:
            _send(answers, {"error": str(error)}, b"")
        else:
            _send(answers, {}, result)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(data: bytes, filename: str) -> bytes:
    from stablelift.ir.mlir import context, parse, parse_any, to_bytecode

    with context() as ctx:
        module = parse_any(data, ctx, filename)
        is_plain = data.isascii() and b"\\" not in data
        if not is_plain and _has_odd_names(module):
            raise LiftError(f"{filename}: error: expected names in UTF-8, found others")
        bytecode = to_bytecode(module)
    with context() as ctx:
        parse(bytecode, ctx, filename)
    return bytecode


_NAMES = ("sym_name", "sym_visibility", "callee", "decomposition", "call_target_name", "name")
"""The attributes that are names, of functions and of targets."""

_OP_NAME = re.compile(rb'"([^"]*)"\(')
_ESCAPED = re.compile(rb"\\([0-9A-F]{2})")


def _has_odd_names(module: Any) -> bool:
    """Whether an op, an attribute or a symbol has a name that is not UTF-8, on which the bindings may end the
    process.
    """
    from stablelift.ir.mlir import walk

    try:
        # Of an op with an odd name the bindings have no view that could be asked for it.
        limits = {"large_elements_limit": 16, "large_resource_limit": 16}
        text = module.operation.get_asm(binary=True, print_generic_op_form=True, **limits)
        for name in set(_OP_NAME.findall(text)):
            _ESCAPED.sub(lambda code: bytes.fromhex(code[1].decode()), name).decode()
        for op in (module.operation, *walk(module.operation)):
            for name in op.attributes:
                if name in _NAMES:
                    str(getattr(op.attributes[name], "value", ""))
    except (UnicodeDecodeError, RuntimeError):
        return True
    return False


def _check(data: bytes, filename: str) -> bytes:
    from stablelift.ir.mlir import import_into_xla

    import_into_xla(data)
    return b""


_REQUESTS = {"read": _read, "check": _check}
