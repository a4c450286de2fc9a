"""The text of a lowered function, matched by filecheck's directives."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import Options
from filecheck.parser import Parser, pattern_for_opts

from stablelift.runtime.program import Program


def matches(directives: str, function: Callable, *args: Any) -> None:
    """Lower `function` and match the text of its module, lifts and all, with CHECK directives."""
    printed = str(Program.trace(function, *args))
    options = Options(match_filename="directives")
    account = io.StringIO()
    with contextlib.redirect_stderr(account), contextlib.redirect_stdout(account):
        parser = Parser(options, io.StringIO(directives), *pattern_for_opts(options))
        failed = Matcher(options, FInput("module", printed), parser).run()
    assert not failed, f"{account.getvalue()}\nThe module was:\n{printed}"
