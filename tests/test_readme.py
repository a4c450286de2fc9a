"""The README's examples run as they stand, and what it names exists."""

import re
from pathlib import Path

import jax.numpy as jnp
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_python_examples_run(monkeypatch):
    monkeypatch.chdir(ROOT)
    namespace = {}
    for language, code in BLOCKS:
        if language == "python":
            exec(compile(code, "README.md", "exec"), namespace)
    assert namespace["kernel"].shape == (64, 256)
    assert namespace["logits"].shape == (8, 32, 10)
    assert namespace["many"].out_avals[0].shape == (16, 10)
    assert all(jnp.any(gradient) for gradient in namespace["gradients"].values())


def test_the_lift_example_is_the_one_in_examples():
    (code,) = [code for language, code in BLOCKS if language == "text"]
    example = (ROOT / "examples/digits.lift").read_text(encoding="utf-8")
    without_comments = "".join(line for line in example.splitlines(True) if not line.strip().startswith("##"))
    assert re.sub(r"\n+", "\n", code).strip() == re.sub(r"\n+", "\n", without_comments).strip()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([\w./-]+)\)", README))))
def test_a_file_it_links_to_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:stablelift|tests|docs)/[\w/]*)`", README))))
def test_a_path_it_names_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make ([\w-]+)", README))))
def test_a_target_it_names_exists(target):
    kind, _, script = target.partition("-")
    assert re.search(rf"^{kind}(-%)?:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert not script or (ROOT / "benchmarks" / f"{script}.py").exists()
