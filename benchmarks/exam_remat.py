"""Random functions, differentiated under random policies: gradients are those without, and JAX's.

    make exam-remat
    python benchmarks/exam_remat.py --count 5000 --first 1000 --xla 0.1

Each question is one function of all that a reverse may meet (`common/random_functions.py`), a transformation
(`FORMS`), policies for its remat regions and one for the whole program. What StableHLO's interpreter makes of
it must be, bit for bit, what it makes of the same function when everything is saved, and JAX's gradient to
rounding; for a part of the questions XLA is asked too, whose fusions round as they like. A process that dies
is replaced. Functions that fail are made small and written to `out/exam_remat/`.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from common.comparison import ERROR, PASSED, WRONG, Verdict  # noqa: E402
from common.random_functions import STEPS_TAKEN, Library, RandomFunction  # noqa: E402
from common.workers import examine, numbered, numbers_of, workers_of  # noqa: E402

from stablelift import Program, functional  # noqa: E402
from stablelift.ir.policy import parse  # noqa: E402
from stablelift.lowering.callee import Callee, avals_of, flat_arrays  # noqa: E402
from stablelift.passes.layers.outline import Outline  # noqa: E402
from tests.interpreter import evaluate  # noqa: E402

OUT = ROOT / "out" / "exam_remat"

POLICIES = (
    None,
    "nothing_saveable",
    "everything_saveable",
    "dots_saveable",
    "dots_with_no_batch_dims_saveable",
    'save_only_these_names("a")',
    'save_any_names_but_these("a")',
    'save_anything_except_these_names("a")',
    'save_from_both_policies(dots_saveable, save_only_these_names("b"))',
    'offload_dot_with_no_batch_dims("device", "pinned_host")',
    'save_and_offload_only_these_names(["a"], ["b"], "device", "pinned_host")',
    "auto",
    'auto("dot_general")',
    "min_cut",
    "budget(0.0)",
    "budget(0.5)",
    "price(4.0, 0.5)",
)

WHOLE = (
    None,
    "nothing_saveable",
    "dots_saveable",
    'save_only_these_names("a")',
    "auto",
    "min_cut",
    "budget(0.0)",
    "budget(0.4)",
    "price(1e999, 0.0)",
    "price(1.0, 1.0)",
    "price(4.0, 0.5)",
)
"""What the reverse of the whole program keeps of loops and repeated layers."""


def gradient(lib: Library, f: Callable) -> Callable:
    return lib.grad(f, (0, 1))


def moved_gradient(lib: Library, f: Callable) -> Callable:
    def form(x: Any, y: Any, n: Any) -> Any:
        return lib.jvp(lambda x, y: lib.grad(f, (0, 1))(x, y, n), (x, y), (jnp.cos(x), jnp.sin(y)))

    return form


def second_gradient(lib: Library, f: Callable) -> Callable:
    def loss(x: Any, y: Any, n: Any) -> Any:
        return sum((g * jnp.cos(g)).sum() for g in lib.grad(f, (0, 1))(x, y, n))

    return lib.grad(loss, (0, 1))


def mapped(form: Callable) -> Callable:
    def map_(lib: Library, f: Callable) -> Callable:
        one = form(lib, f)
        return lambda x, y, n: lib.vmap(lambda x: one(x, y, n))(jnp.stack([x, -0.7 * x]))

    return map_


def gradient_of_map(lib: Library, f: Callable) -> Callable:
    def loss(x: Any, y: Any, n: Any) -> Any:
        return lib.vmap(lambda y: f(x, y, n))(jnp.stack([y, y * y])).sum()

    return lib.grad(loss, (0, 1))


FORMS = {
    "gradient": gradient,
    "moved gradient": moved_gradient,
    "gradient of gradient": second_gradient,
    "mapped gradient": mapped(gradient),
    "mapped moved gradient": mapped(moved_gradient),
    "mapped gradient of gradient": mapped(second_gradient),
    "gradient of map": gradient_of_map,
}


def layer(function: Callable, *like: Any) -> Callable:
    """The function as a submodule that is called repeatedly: one callee for all calls."""
    callee: list[Callee] = []

    def called(*args: Any) -> Any:
        arrays, tree = flat_arrays((args, {}))
        if not callee:
            callee.append(Callee(function, tree, avals_of(arrays)))
        results = callee[0].bind("lift.call", arrays, callee[0].out_avals, layer="Layer")
        return jax.tree.unflatten(callee[0].out_tree, results)

    return called


OURS = Library(
    scan=functional.scan,
    loop=functional.while_loop,
    cond=functional.cond,
    switch=functional.switch,
    remat=lambda f, policy, prevent_cse: functional.checkpoint(f, policy=policy, prevent_cse=prevent_cse),
    custom_vjp=functional.custom_vjp,
    custom_jvp=functional.custom_jvp,
    vmap=functional.vmap,
    grad=functional.grad,
    jvp=functional.jvp,
    call=functional.call,
    layer=layer,
)

EVERYTHING = "everything_saveable"

PLAIN = replace(OURS, remat=lambda f, policy, prevent_cse: functional.checkpoint(f, policy=EVERYTHING))
"""Nothing is made again but what loops with checkpoints make; cotangents add up in the same order."""


def bounded_loop(cond: Callable, body: Callable, init: Any, bound: int) -> Any:
    """A loop that JAX can differentiate: it always takes all steps, and keeps what comes before the end."""

    def step(state: Any, _: None) -> Any:
        return jax.tree.map(lambda new, old: jnp.where(cond(state), new, old), body(state), state), None

    return jax.lax.scan(step, init, None, length=bound)[0]


JAXS = Library(
    scan=lambda *args, checkpoint, **options: jax.lax.scan(*args, **options),
    loop=bounded_loop,
    cond=jax.lax.cond,
    switch=jax.lax.switch,
    remat=lambda f, policy, prevent_cse: f,
    custom_vjp=jax.custom_vjp,
    custom_jvp=jax.custom_jvp,
    vmap=jax.vmap,
    grad=jax.grad,
    jvp=jax.jvp,
    call=jax.jit,
    layer=lambda f, *like: jax.jit(f),
)


class Question:
    """What is asked under one number."""

    def __init__(self, number: int):
        draw = random.Random(f"question {number}")
        policies = tuple(draw.sample(POLICIES, draw.randint(1, 3)))
        self.number = number
        self.function = RandomFunction(f"{number}", policies, steps=draw.randint(2, 9))
        self.form = draw.choice(list(FORMS))
        self.whole = draw.choice(WHOLE)
        self.layers = (Outline(),) if draw.random() < 0.3 else ()
        values = np.random.default_rng(number)
        self.args = values.normal(size=(2, 3)), values.normal(size=3), np.int32(number % 5 - 1)

    def __str__(self) -> str:
        policies = ", ".join(map(str, self.function.policies))
        outlined = ", outlined" if self.layers else ""
        return f"{self.number}: {self.form}; regions {policies}; whole {self.whole}{outlined}"

    def traced(self, library: Library, function: RandomFunction) -> Callable:
        return FORMS[self.form](library, lambda *args: function(library, *args))

    def program(self, library: Library, function: RandomFunction) -> Program:
        program = Program.trace(self.traced(library, function), *self.args)
        if library is PLAIN:
            return program.after_passes(remat=parse(EVERYTHING), loops=())
        remat = None if self.whole is None else parse(self.whole)
        return program.after_passes(layers=self.layers, remat=remat, loops=())

    def ask(self, function: RandomFunction, xla: bool) -> str:
        """What is wrong; nothing if all is well."""
        STEPS_TAKEN.clear()
        kept = self.program(OURS, function)
        plain = self.program(PLAIN, function)
        # What reverse mode is applied to twice adds up in another order where something is recomputed.
        exact = "gradient of gradient" not in self.form and "derived" not in STEPS_TAKEN.values()
        found, without = (evaluate(program.bytecode, self.args) for program in (kept, plain))
        expected = self.expected(function)
        text = str(plain)
        tolerance = 0.1 if "bf16" in text else 1e-4 if "f32" in text else 1e-9
        wrong = [
            *unequal("interpreted, and everything saved", found, without, 0.0 if exact else tolerance),
            *unequal("interpreted, and JAX's", found, expected, tolerance),
        ]
        if xla:
            offloads = "annotate_device_placement" in str(kept)
            outputs = [] if offloads else jax.tree.leaves(kept(*self.args))
            wrong += unequal("by XLA, and JAX's", list(map(np.asarray, outputs)), expected, tolerance)
        return "\n".join(wrong)

    def expected(self, function: RandomFunction) -> list[Any]:
        """JAX's results; none where JAX fails: it does on some custom rules that use values from outside."""
        try:
            lowered = jax.jit(self.traced(JAXS, function), keep_unused=True).lower(*self.args).as_text()
        except Exception:
            return []
        leaks = lowered.partition(" -> ")[0].count("%arg") > len(self.args)
        return [] if leaks else evaluate(lowered, self.args)

    def shrunk(self, xla: bool) -> RandomFunction:
        """The function with fewer steps that fails as well, in whatever way."""
        best = self.function
        STEPS_TAKEN.clear()
        self.program(PLAIN, best)
        for name in sorted(set(STEPS_TAKEN), key=lambda name: (name.count("."), name)):
            if any(name.startswith(gone) for gone in best.without):
                continue
            fewer = replace(best, without=best.without | {name})
            try:
                fails = bool(self.ask(fewer, xla))
            except Exception:
                fails = False
            best = fewer if fails else best
        return best


def unequal(title: str, found: list[Any], expected: list[Any], tolerance: float) -> list[str]:
    wrong = []
    for index, (x, y) in enumerate(zip(found, expected, strict=True) if found and expected else ()):
        scale = np.abs(y[np.isfinite(y)]).max(initial=1e-3)
        same = (
            np.array_equal(x, y, equal_nan=True)
            if not tolerance
            else np.allclose(x, y, tolerance, tolerance * scale, equal_nan=True)
        )
        if not same:
            wrong.append(f"{title}, result {index}:\n{x}\n{y}")
    return wrong


def verdicts(number: int, xla: float) -> Iterable[Verdict]:
    question = Question(number)
    asks_xla = random.Random(f"xla {number}").random() < xla
    if number % 50 == 0:
        jax.clear_caches()
    try:
        wrong = question.ask(question.function, asks_xla)
    except Exception:
        (OUT / f"{number}.error").write_text(f"{question}\n{traceback.format_exc()}")
        return [Verdict(str(question), ERROR, traceback.format_exc(limit=-1))]
    if not wrong:
        return [Verdict(str(question), PASSED)]
    small = question.shrunk(asks_xla)
    again = question.ask(small, asks_xla)
    program = Program.trace(question.traced(OURS, small), *question.args)
    after = question.program(OURS, small)
    report = f"{question}\nwithout: {sorted(small.without)}\n{wrong}\n\n"
    report += f"shrunk:\n{again}\n\n{program}\n\n{after}"
    (OUT / f"{number}.wrong").write_text(report)
    return [Verdict(str(question), WRONG, wrong.splitlines()[0])]


def main() -> int:
    """Ask, and print the counts and what failed; 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    numbered(parser, 2000)
    parser.add_argument("--xla", type=float, default=0.05, help="the part of the questions that XLA is asked")
    workers_of(parser)
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    return examine(options, lambda number: verdicts(number, options.xla), numbers_of(options))


if __name__ == "__main__":
    sys.exit(main())
