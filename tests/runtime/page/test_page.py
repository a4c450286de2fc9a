"""The page without a browser: what stands in it, what does not, and how large it is."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift import Program
from stablelift.errors import LiftError
from stablelift.runtime.page.content import MOST_MOMENTS
from tests.runtime.page.pages import HOSTILE, content_of, recurrent_page


@pytest.fixture(scope="module")
def whole():
    return recurrent_page()


class Tags(HTMLParser):
    """Every tag with its attributes, and whether all that are opened are closed in order."""

    EMPTY = ("meta", "link", "img")

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole(whole):
    tags = Tags(whole)
    assert tags.open == []
    assert [tag for tag, _ in tags.found].count("script") == 2
    assert not re.search(r"<!-- \w+ -->", whole)


def test_it_loads_nothing(whole):
    addresses = set(re.findall(r"\b(?:https?:)?//[\w.-]+\.\w+[^\s\"'`)]*", whole))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, no address
    for tag, attributes in Tags(whole).found:
        assert "src" not in attributes, tag
        assert attributes.get("href", "#").startswith(("#", "data:,"))
    assert not re.search(r"@import|url\((?!#)|\bfetch\(|XMLHttpRequest|WebSocket|import\(", whole)


def test_names_are_text(whole):
    assert HOSTILE not in whole
    assert whole.count("window.bad") == 4  # in the title and in the head, escaped
    assert f'"{HOSTILE}"' in content_of(whole)["passes"][0]["texts"]


def test_texts_are_kept_once(whole):
    content = content_of(whole)
    uses = [number for entry in content["passes"] for number in entry["texts"].values()]
    assert len(set(content["texts"])) == len(content["texts"]) == len(set(uses)) < len(uses)
    assert set(uses) == set(range(len(content["texts"])))


def test_every_pass_says_what_it_does(whole):
    assert all(entry["meaning"] for entry in content_of(whole)["passes"])


def test_it_is_small(whole, tmp_path):
    assert len(whole) < 100_000
    table = jnp.asarray(np.random.default_rng(0).normal(size=(500, 500)), jnp.float32)
    nn.explain(Program.trace(lambda x: x @ table, jnp.ones((2, 500))), html=tmp_path / "constant.html")
    assert (tmp_path / "constant.html").stat().st_size < 100_000


def test_a_long_timeline_is_thinned(tmp_path):
    def long(x):
        for _ in range(MOST_MOMENTS):
            x = jnp.concatenate([x[1:], x[:1]])
        return x

    nn.explain(Program.trace(long, jnp.ones(3)), html=tmp_path / "long.html")
    memory = content_of((tmp_path / "long.html").read_text())["memory"]
    assert memory["count"] > MOST_MOMENTS >= len(memory["held"]) > MOST_MOMENTS / 4
    assert max(memory["held"]) == memory["peak_bytes"]


def test_it_is_the_same_again(whole):
    def timeless(text):
        content = content_of(text)
        for entry in content["passes"]:
            del entry["seconds"]
        return content

    assert timeless(recurrent_page()) == timeless(whole)


def test_a_file_that_cannot_be_written(tmp_path):
    program = Program.trace(jnp.sin, 1.0)
    path = tmp_path / "missing" / "out.html"
    with pytest.raises(LiftError) as caught:
        nn.explain(program, html=path)
    assert str(caught.value) == f"{path}: error: cannot write the page: No such file or directory"
