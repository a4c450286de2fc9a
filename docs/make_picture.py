"""Draw `docs/picture.png`, the picture in the README: `python docs/make_picture.py` (about four minutes).

Left: the loss of `examples/language_model.py`, and of the same file with `import stablelift as nn` changed to
`from flax import linen as nn`, which JAX differentiates. Right: XLA's temporary memory for a gradient of 24
equal layers, the model of `benchmarks/remat.py`, written in three ways for either library.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import flax.linen as linen
import jax
import numpy as np
import optax

import stablelift
from stablelift import functional

DOCS = Path(__file__).parent
for folder in ("examples", "benchmarks"):
    sys.path.insert(0, str(DOCS.parent / folder))

import remat  # noqa: E402  (benchmarks/remat.py)
from training import Text  # noqa: E402  (examples/training.py)

STEPS, LENGTH, DEPTH = 300, 64, 24
OURS, FLAX, INK, FAINT = "#3f51b5", "#c9a27a", "#1d1c1a", "#6d6962"
FORMS = {
    "nn.scan": ("scan", None),
    "nn.remat_scan": ("remat_scan", None),
    "a loop,\nnn.remat": ("loop", "nothing_saveable"),
}


def example(import_line: str) -> Any:
    """`examples/language_model.py`, with this line where it imports Stablelift's modules."""
    source = (DOCS.parent / "examples" / "language_model.py").read_text()
    found = types.ModuleType("language_model")
    sys.modules["language_model"] = found
    exec(source.replace("import stablelift as nn", import_line), found.__dict__)
    return found


def losses(import_line: str, value_and_grad: Callable, compiled: Callable) -> np.ndarray:
    """The loss of each training step; f32[STEPS]."""
    module, text = example(import_line), Text()
    model = module.LanguageModel(len(text.characters), LENGTH)
    params = model.init(jax.random.key(0), np.zeros((1, LENGTH), np.int32))
    optimiser = optax.adamw(3e-3)

    @compiled
    def step(params: Any, state: Any, batch: jax.Array) -> Any:
        loss, gradient = value_and_grad(lambda params: module.loss_of(model, params, batch))(params)
        updates, state = optimiser.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, loss

    state, found = optimiser.init(params), []
    for batch in islice(text.excerpts(module.BATCH, LENGTH + 1, seed=0), STEPS):
        params, state, loss = step(params, state, batch)
        found.append(loss)
    return np.asarray(found)


def temporary_megabytes(
    nn: Any, form: str, policy: str | None, value_and_grad: Callable, jit: Callable
) -> float:
    """What XLA takes beside arguments and results for a gradient of the benchmark's model."""
    model = remat.transformer(nn, form, DEPTH, policy)
    x = jax.ShapeDtypeStruct((remat.BATCH, remat.SEQUENCE, remat.WIDTH), np.float32)
    params = jax.eval_shape(remat.transformer(linen, form, DEPTH, policy).init, jax.random.key(0), x)
    compiled = jit(remat.gradient(model, value_and_grad)).lower(params, x).compile()
    return compiled.memory_analysis().temp_size_in_bytes / 1e6


def main() -> None:
    from matplotlib import pyplot

    pyplot.rcParams.update(
        {"font.size": 11, "text.color": INK, "axes.labelcolor": FAINT, "xtick.color": FAINT}
    )
    pyplot.rcParams.update({"ytick.color": FAINT, "axes.edgecolor": "#cfcac1", "axes.titleweight": "bold"})
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(11, 3.9), layout="constrained", width_ratios=[1, 1]
    )
    left.plot(
        losses("from flax import linen as nn", jax.value_and_grad, jax.jit),
        color=FLAX,
        linewidth=5,
        label="flax.linen, jax.grad",
    )
    left.plot(
        losses("import stablelift as nn", functional.value_and_grad, stablelift.compile),
        color=OURS,
        linewidth=1.1,
        label="stablelift, one import changed",
    )
    left.set(title="the same loss", xlabel="step", ylabel="nats per character")

    theirs = [temporary_megabytes(linen, *form, jax.value_and_grad, jax.jit) for form in FORMS.values()]
    ours = [
        temporary_megabytes(stablelift, *form, functional.value_and_grad, functional.jit)
        for form in FORMS.values()
    ]
    places = np.arange(len(FORMS))
    for shift, sizes, color in ((-0.2, theirs, FLAX), (0.2, ours, OURS)):
        bars = right.bar(places + shift, sizes, 0.36, color=color)
        right.bar_label(bars, [f"{size:.0f} MB" for size in sizes], color=INK, fontsize=10, padding=2)
    right.set(title="in less memory", ylabel="temporary memory, MB", ylim=(0, 1.12 * max(theirs)))
    right.set_xticks(places, FORMS, color=INK)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(axes.get_title(), loc="left")
        axes.set_title("")
    left.grid(alpha=0.25)
    left.legend(frameon=False)
    figure.savefig(DOCS / "picture.png", dpi=120, facecolor="#faf9f7")


if __name__ == "__main__":
    main()
