"""A tour of the compiler: run it with `python docs/tour.py`, read it from top to bottom.

One small program after another goes through the compiler, and after each step the tour shows the module.
The comment below a `show(...)` is not prose: it must be what is printed, `...` standing for anything, or the
tour stops with an error (`tests/test_docs.py` runs it). MLIR in one paragraph, for who has not met it: a
module is a list of functions, a function a list of ops in SSA form, `%2 = dialect.op %0, %1 : types`. The
dialect `stablehlo` holds the array operations that XLA compiles. The dialect `lift` is ours: its ops apply a
transformation to a private function, and all this compiler does is make them go away.
"""

import sys
import tempfile
from itertools import takewhile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import stablelift as nn
from stablelift import Program, explain, functional
from stablelift.errors import LiftError
from stablelift.ir.lift import LIFT_OPS
from stablelift.passes.batching.table import batching
from stablelift.passes.derivatives.table import derivatives
from stablelift.passes.pipeline import run_text

HERE = Path(__file__).read_text(encoding="utf-8").splitlines()


def show(what):
    """Print something, and check that the comment below the caller's line says the same."""
    text = str(what)
    print(text.rstrip(), end="\n\n")
    below = HERE[sys._getframe(1).f_lineno :]
    comment = " ".join(line[1:] for line in takewhile(lambda line: line.startswith("#"), below))
    printed, place = " ".join(text.split()), 0
    for part in filter(None, (" ".join(part.split()) for part in comment.split("..."))):
        place = printed.find(part, place)
        assert place >= 0, f"the tour is stale: expected\n{part}\nin\n{text}"
        place += len(part)
    assert place, "nothing is expected of what is shown"


def passes(program, names):
    """The module of `program` after the named passes, as `stablelift opt --pipeline=...` runs them."""
    return run_text(program.bytecode, names)[0]


def close(found, expected):
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6), found, expected)


# 1. Tracing: a function becomes StableHLO -----------------------------------------------------------------
#
# JAX traces the function. What it calls of jax.numpy arrives as StableHLO by JAX's own lowering; what it
# calls of ours arrives as a `lift` op. Read next: stablelift/lowering/ (trace.py, then primitive.py).


def unit(x):
    """A vector of length one."""
    return x / jnp.sqrt((x * x).sum())


rows = jnp.arange(1.0, 13.0).reshape(3, 4)
units = Program.trace(functional.vmap(unit), rows)

show(units)
# func.func public @main(%arg0: tensor<3x4xf32>) -> ...
#   %0 = "lift.vmap"(%arg0) {axis_size = 3 : i64, callee = @unit, in_axes = [0], out_axes = [0]} ...
#   return %0 : tensor<3x4xf32>
# ...
# func.func private @unit(%arg0: tensor<4xf32>) -> tensor<4xf32> {
#   %0 = stablehlo.multiply %arg0, %arg0 : tensor<4xf32>
#   ...
#   %1 = stablehlo.reduce(%0 init: %cst) applies stablehlo.add across dimensions = [0] ...
#   %2 = stablehlo.sqrt %1 : tensor<f32>
#   %3 = stablehlo.broadcast_in_dim %2, dims = [] : (tensor<f32>) -> tensor<4xf32>
#   %4 = stablehlo.divide %arg0, %3 : tensor<4xf32>
#   return %4 : tensor<4xf32>

# The whole dialect is one table, from which ops are built, verified and documented. It is short. Read next:
# stablelift/ir/dialect.py, and docs/lift-dialect.md, which is printed from it.

show(", ".join(sorted(LIFT_OPS)))
# ... lift.call, ... lift.custom_vjp, ... lift.jvp, ... lift.remat, lift.scan, ... lift.vjp, lift.vmap, ...


# 2. Batching ----------------------------------------------------------------------------------------------
#
# `lift-batching` writes a second version of each mapped function, in which mapped values carry a leading
# axis: it walks the ops and asks a table, op by op. Nothing is broadcast that need not be: an op between
# unmapped values stays as it is. Read next: stablelift/passes/batching/ (table.py, elementwise.py, then
# batcher.py).

show(passes(units, "lift-batching,symbol-dce"))
# ... %0 = call @unit__vmap(%arg0) ...
# func.func private @unit__vmap(%arg0: tensor<3x4xf32>) -> tensor<3x4xf32> {
#   %0 = stablehlo.multiply %arg0, %arg0 : tensor<3x4xf32>
#   %cst = stablehlo.constant dense<0.000000e+00> : tensor<f32>
#   %1 = stablehlo.reduce(%0 init: %cst) applies stablehlo.add across dimensions = [1] ...
#   %2 = stablehlo.sqrt %1 : tensor<3xf32>
#   %3 = stablehlo.broadcast_in_dim %2, dims = [0] : (tensor<3xf32>) -> tensor<3x4xf32>
#   %4 = stablehlo.divide %arg0, %3 : tensor<3x4xf32>

assert "stablehlo.reduce" in batching  # a rule for each op; docs/op-coverage.md lists them
close(units(rows), jax.vmap(unit)(rows))  # JAX's own transformation is the oracle, never the means


# 3. Derivatives -------------------------------------------------------------------------------------------
#
# A gradient is a `lift.vjp` of the function, with the cotangent 1.


def layer(w, x):
    """One layer of a network: f32[4, 5], f32[3, 4] -> f32[3, 5]."""
    return jnp.tanh(x @ w)


def energy(w, x):
    return layer(w, x).sum()


w = jnp.linspace(-1.0, 1.0, 20).reshape(4, 5)
slope = Program.trace(functional.grad(energy), w, rows / 10)

show(slope)
# %cst = stablehlo.constant dense<1.000000e+00> : tensor<f32>
# %0:2 = "lift.vjp"(%arg0, %arg1, %cst) {callee = @energy, of = [0], wrt = [0]} ...
# return %0#1 : tensor<4x5xf32>

# `lift-derivatives` writes one joint function: first the ops as they were, then the reverse sweep. A rule
# says the least that gives both modes. This is all that the compiler knows about `tanh`:
#
#     @partials("stablehlo.tanh")
#     def tanh(y, x):
#         return (1 - y) * (1 + y)
#
# Read next: stablelift/passes/derivatives/ (table.py, elementwise.py, contraction.py, then sweeps.py).

show(passes(slope, "lift-derivatives,lift-inline,canonicalize,cse,symbol-dce"))
# %0 = stablehlo.dot_general %arg1, %arg0, contracting_dims = [1] x [0] ...
# %1 = stablehlo.tanh %0 : tensor<3x5xf32>
# %2 = stablehlo.broadcast_in_dim %cst_0, dims = [] : (tensor<f32>) -> tensor<3x5xf32>
# %3 = stablehlo.subtract %cst, %1 : tensor<3x5xf32>
# %4 = stablehlo.add %cst, %1 : tensor<3x5xf32>
# %5 = stablehlo.multiply %3, %4 : tensor<3x5xf32>
# %6 = stablehlo.multiply %2, %5 : tensor<3x5xf32>
# %7 = stablehlo.dot_general %6, %arg1, contracting_dims = [0] x [0] ...
# %8 = stablehlo.transpose %7, dims = [1, 0] ...
# return %8 : tensor<4x5xf32>

assert "stablehlo.tanh" in derivatives
close(slope(w, rows / 10), jax.grad(energy)(w, rows / 10))


# 4. Lifts of lifts ----------------------------------------------------------------------------------------
#
# Lifts nest in any order and are eliminated innermost first, a round for each level. The pipeline is made for
# the module: one without loops gets no passes over loops. Read next: stablelift/passes/pipeline.py.


def pipeline(program):
    """The passes that a program went through, each once."""
    return ", ".join(program.finished.timing.by_pass())


each = Program.trace(functional.vmap(functional.grad(energy), in_axes=(None, 0)), w, rows[:, None] / 10)

show(pipeline(each))
# lift-verify, lift-inline-once, canonicalize, cse, lift-derivatives, lift-batching, symbol-dce,
# lift-lower-calls, lift-pack, lift-lower, lift-inline

show(each.optimize())
# func.func public @main(%arg0: tensor<4x5xf32>, %arg1: tensor<3x1x4xf32>) -> (tensor<3x4x5xf32> ...
# ... stablehlo.dot_general %arg1, %arg0, contracting_dims = [2] x [0] ...
# ... stablehlo.dot_general %6, %arg1, batching_dims = [0] x [0], contracting_dims = [1] x [1] ...

close(each(w, rows[:, None] / 10).sum(0), slope(w, rows / 10))


# 5. Loops -------------------------------------------------------------------------------------------------
#
# A scan stays one op, with its body in a function, until the very end: so that passes see what it stands for.


def recurrent(w, h, xs):
    """f32[64, 64], f32[64], f32[32, 64] -> f32[]"""
    h, _ = functional.scan(lambda h, x: (jnp.tanh(h @ w + x), None), h, xs)
    return h.sum()


weights = jax.random.normal(jax.random.key(0), (64, 64)) / 8
steps = jax.random.normal(jax.random.key(1), (32, 64))
train = Program.trace(functional.grad(recurrent), weights, jnp.zeros(64), steps)

show(train)
# ... "lift.scan"(%arg0, %arg1, %arg2) {callee = @callee, in_axes = [0], length = 32 : i64, num_carry = 1 ...

# Its derivative is two scans. What the first one saves for the second, the residuals, are its stacked
# results: here the carry before each step and the `tanh` after it. The gradient of the weights is a carry of
# the second.

derived = "lift-derivatives,lift-inline,canonicalize,cse,lift-tidy,symbol-dce"
show(passes(train, derived))
# %0:3 = "lift.scan"(%arg0, %arg1, %arg2) {callee = @callee__fwd_step_1, ... length = 32 : i64, ...}
#   : (...) -> (tensor<64xf32>, tensor<32x64xf32>, tensor<32x64xf32>)
# ...
# %2:2 = "lift.scan"(%arg0, %1, %cst, %0#1, %0#2) {callee = @callee__bwd_step_1, ... reverse = true, ...}
#   : (...) -> (tensor<64xf32>, tensor<64x64xf32>)

# `lift-hoist` takes out of a loop what need not be in it. The sum of 32 outer products is one product of
# matrices over the stacked axis; a cost model says that this pays. Read next: stablelift/passes/scan/.

show(passes(train, derived + ",lift-hoist,lift-tidy,symbol-dce"))
# %2:2 = "lift.scan"(%arg0, %1, %0#1) {... reverse = true, ...} : (...) -> (tensor<64xf32>, tensor<32x64xf32>)
# %3 = call @callee__bwd_step_1__sums(%2#1, %0#2) : (...) -> tensor<64x64xf32>
# ...
# func.func private @callee__bwd_step_1__sums(...
#   %0 = stablehlo.dot_general %arg0, %arg1, contracting_dims = [0] x [0], ...

# At the end `lift-lower` writes each scan as the loop that StableHLO has. A file from elsewhere begins there:
# `lift-raise` finds the scans in its `while`s. Read next: stablelift/passes/ (lower/ and raising/).

show(train.optimize())
# ... = stablehlo.while(%iterArg = ...
#   %... = stablehlo.compare LT, %iterArg, %c...
#   %... = stablehlo.dynamic_slice ..., sizes = [1, 64] ...
#   %... = stablehlo.dynamic_update_slice ...

close(train(weights, jnp.zeros(64), steps), jax.grad(recurrent)(weights, jnp.zeros(64), steps))


# 6. Rematerialisation -------------------------------------------------------------------------------------
#
# What a reverse sweep uses is kept, or computed again: at each cut an optimiser weighs bytes against work, or
# a policy decides. `explain` says what was done, value by value, with the user's line. Read next:
# stablelift/passes/remat/ (partition.py, cut.py, selection.py) and docs/reading-explain.md.

show(explain(train))
# ... remark: hoisted ...
# `callee_1__fwd`, 32 steps, policy auto: 16.4 kB saved; JAX's rule would save 16.4 kB
#   saved 8.19 kB stablehlo.tanh : tensor<64xf32> ...tour.py:...
#   saved 8.19 kB carry : tensor<64xf32>


def block(x):
    return jnp.sin(jnp.tanh(x)) * x


redone = functional.checkpoint(block, policy=nn.checkpoint_policies.nothing_saveable)
lean = Program.trace(functional.grad(lambda x: redone(redone(x)).sum()), rows)

# XLA would compute early what is to be computed again, and keep it after all. A function that it must not
# inline is a boundary that it respects.

show(lean.optimize())
# %... = call @block_1__bwd(...) {mhlo.frontend_attributes = {inlineable = "false"}} ...
# ...
# func.func private @block_1__bwd(%arg0: tensor<3x4xf32>, %arg1: tensor<3x4xf32>) -> tensor<3x4xf32> {
#   ... %0:2 = stablehlo.optimization_barrier %arg0, %arg1 ...
#   ... stablehlo.tanh %0#0 ...


# 7. Modules -----------------------------------------------------------------------------------------------
#
# A Module is a function of its variables and its arguments. Names, trees and random keys are those of Linen;
# a layer that occurs again is traced once, and its calls stay calls. Read next: stablelift/frontend/
# (module.py, scope.py, sharing.py), and frontend/language/ for `.lift` files.


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x + nn.Dense(x.shape[-1])(nn.tanh(x))


class Deep(nn.Module):
    @nn.compact
    def __call__(self, x):
        for _ in range(6):
            x = Block()(x)
        return (x**2).sum()


model = Deep()
variables = model.init(jax.random.key(0), rows)

show(Program.trace(model.apply, variables, rows))
# %0 = "lift.call"(%arg0, %arg1, %arg12) {callee = @Block, layer = "Block"} ...
# %1 = "lift.call"(%arg2, %arg3, %0) {callee = @Block, layer = "Block"} ...

# So depth need not be compiled: `lift-roll` makes a loop of a chain of equal calls, forward and backward.
# Read next: stablelift/passes/layers/ and stablelift/runtime/compile.py.

step = nn.compile(functional.value_and_grad(model.apply), layers="roll")
loss, gradients = step(variables, rows)

show(explain(step))
# equal layers: roll: as asked for
# ... remark: rolled 5 calls of `Block__fwd`: a loop over 2 stacks [lift-roll]
# ... remark: rolled 5 calls of `Block__bwd`: a loop backwards over 2 stacks [lift-roll]

close((loss, gradients), jax.value_and_grad(model.apply)(variables, rows))


# 8. Running -----------------------------------------------------------------------------------------------
#
# What is left is plain StableHLO; XLA compiles it, JAX dispatches it. A Program is its bytes and the trees of
# its arguments: it can be saved, loaded, and transformed again, whoever wrote it. Read next:
# stablelift/runtime/ (program.py, finish.py, files.py, compile.py).

with tempfile.TemporaryDirectory() as folder:
    units.save(Path(folder, "units.stablehlo"))
    loaded = Program.load(Path(folder, "units.stablehlo"))

show(repr(loaded))
# Program(units: (f32[3,4]) -> (f32[3,4]))

close(loaded(rows), units(rows))
_, moved = loaded.jvp()((rows,), (rows,))
close(moved, jnp.zeros((3, 4)))  # a vector that grows keeps its direction


# 9. Errors ------------------------------------------------------------------------------------------------
#
# An error says where, in the user's file, what, and what to do. Locations are carried from JAX's trace
# through every pass. Read next: stablelift/errors/base.py and stablelift/ir/location.py.


def hopeless(x):
    return functional.while_loop(lambda x: x.sum() < 9, lambda x: 2 * x, x).sum()


try:
    Program.trace(functional.grad(hopeless), rows).optimize()
except LiftError as error:
    show(error)
# ...tour.py:...: error: reverse mode through a loop whose number of steps has no bound
#   op: lift.while : (tensor<3x4xf32>) -> (tensor<3x4xf32>)
#   hint: give a bound, as in stablelift.functional.while_loop(cond, body, init, max_trip_count=1000)

# That is the compiler. To add to it: docs/writing-a-rule.md, CONTRIBUTING.md.
