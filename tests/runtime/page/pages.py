"""A page to look at, and what stands in it."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace

import jax
import jax.numpy as jnp

from stablelift import Program, functional
from stablelift.runtime.account import account_of
from stablelift.runtime.page import page

HOSTILE = "</script><script>window.bad=1</script><img src=x onerror=window.bad=1>"
"""A name that must be shown, and nothing else."""


def recurrent_page() -> str:
    """Of a gradient through a loop, with a function and a program of a hostile name."""

    def recurrent(w, h, xs):
        return functional.scan(lambda h, x: (jnp.tanh(h @ w) * jnp.exp(x), None), h, xs)[0].sum()

    shapes = ((5, 5), (3, 5), (7, 3, 5))
    arguments = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    program = Program.trace(functional.grad(recurrent), *arguments)
    text = str(program).replace("@recurrent", f'@"{HOSTILE}"')
    return page(account_of(replace(program, bytecode=text.encode(), name=HOSTILE)))


def content_of(whole: str) -> dict:
    """The data in a page."""
    found = re.search(r'<script type="application/octet-stream" id="content">([\w+/=]*)</script>', whole)
    assert found is not None
    return json.loads(gzip.decompress(base64.b64decode(found[1])))
