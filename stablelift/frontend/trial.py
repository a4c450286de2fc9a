"""`setup` tried out on abstract values, before a lift runs it: its errors come early, and once."""

from __future__ import annotations

from typing import Any

import jax

from stablelift.frontend.calling import wrap_method
from stablelift.frontend.scope import Scope


class _TrialScope(Scope):
    """A scope in which any stream gives a key."""

    def make_rng(self, name: str = "params") -> Any:
        return jax.random.key(0)


def try_out_setup(module: Any) -> None:
    """Run `setup` on a copy of the Module that holds no variables."""

    def run(x: Any) -> Any:
        with _TrialScope({}, rngs={}, mutable=True).temporary() as root:
            return wrap_method(lambda module, x: x)(module.clone(parent=root), x)

    jax.eval_shape(run, 0)
