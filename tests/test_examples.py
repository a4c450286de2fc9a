"""The examples run: at a small size, with a progress bar and a final figure; what they rely on is checked."""

import importlib.util
import re
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "examples"

SMALL = {
    "convnet": (
        "--steps 60 --width 8 --depth 2 --expect 0.2",
        r"accuracy on the held-out fifth: (0\.\d{4})",
    ),
    "language_model": (
        "--steps 12 --length 24 --width 16 --depth 2 --write 12 --expect 6.5",
        r"bits per held-out character: (\d\.\d{3}) \(a guess: 6\.687\)",
    ),
    "lstm": (
        "--steps 12 --length 12 --width 16 --expect 6.6",
        r"bits per held-out character: (\d\.\d{3}) \(a guess: 6\.687\)",
    ),
    "neural_ode": (
        "--steps 30 --width 16 --expect 2",
        r"mean distance from the spiral over 10 units of time: (\d\.\d{4})",
    ),
    "pytorch_model": ("--steps 30 --expect 0.6", r"accuracy on the held-out fifth: (0\.\d{4})"),
}


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(name):
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.mark.parametrize("name", SMALL)
def test_it_learns_and_says_how_well(name, example, capsys):
    arguments, figure = SMALL[name]
    assert example(name).main(arguments.split()) == 0
    shown = capsys.readouterr().out
    steps = arguments.split()[1]
    assert re.search(rf"training ━+ {steps}/{steps} loss \d+\.\d{{4}} 0:00:\d\d", shown)
    found = re.search(figure, shown)
    assert found is not None and shown.strip().endswith(found[0])


@pytest.mark.parametrize(("name", "unreachable"), [("convnet", "1.1"), ("neural_ode", "0")])
def test_it_fails_where_it_learned_too_little(name, unreachable, example):
    assert example(name).main(["--steps", "1", "--width", "4", "--expect", unreachable]) == 1


def test_every_example_is_run():
    """`digits.py` has a test of its own in `make demo`; `digits_modules.py` and `training.py` are parts."""
    scripts = {path.stem for path in FOLDER.glob("*.py")}
    assert scripts == {*SMALL, "digits", "digits_modules", "training"}


def test_the_text_goes_on_from_batch_to_batch(example):
    text = example("training").Text()
    assert len(text.training) + len(text.held_out) > 460_000 and len(text.characters) == 103
    assert text.decode(text.training[:12]) == "The \"assert\""[:12]
    first, second = (next(batches) for batches in [text.streams(4, 10)] * 2)
    assert first.shape == (4, 11) and np.array_equal(first[:, -1], second[:, 0])
    assert next(text.excerpts(3, 7, seed=0)).shape == (3, 7)


def test_the_solver_takes_as_many_steps_as_the_error_asks_for(example, monkeypatch):
    """On y' = -2 y, whose solution is known: a tighter tolerance is nearer, too few steps stop early."""
    ode = example("neural_ode")
    y = np.array([[1.0, -0.5]], np.float32)
    params = ode.NeuralODE().init(jax.random.key(0), y, 1.0)
    monkeypatch.setattr(ode.Field, "__call__", lambda module, y: -2 * y)

    def error(**fields):
        found = ode.NeuralODE(**fields).apply(params, y, np.float32(1.0))
        return float(np.abs(found - y * np.exp(-2)).max())

    loose, tight = (error(tolerance=tolerance, max_steps=100) for tolerance in (1e-2, 1e-4))
    assert tight < 5e-4 and tight < loose / 5
    assert error(tolerance=1e-5, max_steps=2) > 0.1
