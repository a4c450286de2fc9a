"""Lowered for platforms that are not this machine's: each calls its own libraries, and takes its branches.

No program for another platform runs here; which functions it calls says whose it is.
"""

import re
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stablelift as nn
from stablelift import functional
from stablelift.errors import LiftError
from stablelift.lowering import jax_compat

CALLS = {"cpu": "lapack", "cuda": "cusolver", "rocm": "hipsolver", "tpu": "Qr|Eigh|ProductOf"}


def singular_values(x):
    return jnp.linalg.svd(x, compute_uv=False).sum()


@functional.vmap
def chosen(row):
    """Another function of a row on CPUs than elsewhere."""
    on_cpu = jax.lax.platform_dependent(row, cpu=jnp.sin, default=jnp.cos)
    return on_cpu + jnp.linalg.svd(jnp.outer(row, row), compute_uv=False)


ROWS = jnp.arange(12.0).reshape(4, 3) / 7


def exported(function, platforms, *args):
    return jax.export.export(jax.jit(function), platforms=platforms)(*args)


def called_platforms(text):
    targets = re.findall(r"custom_call @([\w.$]+)", text)
    return {name for name, pattern in CALLS.items() if any(re.match(pattern, one) for one in targets)}


@pytest.mark.smoke
@pytest.mark.parametrize("platform", CALLS)
@pytest.mark.parametrize("grad", [functional.grad, jax.grad])
def test_a_lift_calls_the_libraries_of_the_platform_it_is_exported_for(platform, grad):
    mapped = grad(lambda xs: functional.vmap(singular_values)(xs).sum())
    found = exported(mapped, [platform], jnp.ones((2, 3, 3))).mlir_module()
    assert called_platforms(found) == {platform}


@pytest.mark.smoke
@pytest.mark.parametrize("platforms", [("cpu", "cuda"), ("cuda", "cpu"), ("tpu", "cpu", "rocm")])
def test_an_export_for_several_platforms_has_a_branch_for_each(platforms):
    found = exported(chosen, platforms, ROWS)
    assert called_platforms(found.mlir_module()) == set(platforms)
    np.testing.assert_allclose(found.call(ROWS), chosen(ROWS), rtol=1e-6)

    def loss(rows):
        return chosen(rows)[:, 0].sum()

    gradient = exported(jax.grad(loss), platforms, ROWS)
    np.testing.assert_allclose(gradient.call(ROWS), jax.grad(loss)(ROWS), rtol=1e-5, atol=1e-6)


def test_several_platforms_share_what_is_equal():
    mapped = functional.vmap(jnp.sin)
    text = exported(mapped, ("cuda", "tpu"), ROWS).mlir_module()
    assert text.count("stablehlo.sine") == 1 and "stablehlo.case" not in text


def test_sizes_may_be_open_beside_several_platforms():
    mapped = functional.vmap(lambda row: jax.lax.platform_dependent(row, cpu=jnp.sin, default=jnp.cos))
    rows = jax.ShapeDtypeStruct(jax.export.symbolic_shape("b, 3"), jnp.float32)
    found = exported(mapped, ("tpu", "cpu"), rows)
    np.testing.assert_allclose(found.call(ROWS), jnp.sin(ROWS), rtol=1e-6)


def test_a_loop_and_its_gradient_stay_one_computation_for_several_platforms():
    def loss(x):
        return functional.scan(lambda x, _: (jnp.sin(x) * x, x), x, None, length=5)[0].sum()

    def loops(platforms):
        return exported(jax.value_and_grad(loss), platforms, ROWS).mlir_module().count("stablehlo.while")

    assert loops(("cuda", "tpu")) == loops(("cuda",)) == 2


@pytest.mark.parametrize(
    ("platform", "is_for"), [("gpu", "cuda"), ("cuda", "cuda"), ("tpu", "tpu"), (None, "cpu")]
)
def test_a_program_is_for_a_platform_and_so_are_its_transformations(platform, is_for):
    program = nn.Program.trace(singular_values, jnp.ones((3, 3)), platform=platform)
    assert program.platform == is_for
    for one in (program, program.vmap(axis_size=2), program.grad(), program.jvp().vjp()):
        assert called_platforms(str(one.optimize())) == {is_for}
        assert one.optimize().platform == is_for


def test_a_program_for_another_platform_is_refused_where_it_calls_its_libraries():
    program = nn.Program.trace(singular_values, jnp.ones((3, 3)), platform="cuda")
    said = r"one for cuda, and used on cpu\n  custom_call `cusolver.*\n  hint: .*platform='cpu'"
    with pytest.raises(LiftError, match=said):
        program(jnp.ones((3, 3)))
    with pytest.raises(LiftError, match=said):
        jax.vmap(program)(jnp.ones((2, 3, 3)))
    with pytest.raises(LiftError, match=said):
        jax.grad(program)(jnp.ones((3, 3)))
    sine = nn.Program.trace(jnp.sin, ROWS, platform="cuda")
    np.testing.assert_allclose(sine(ROWS), jnp.sin(ROWS), rtol=1e-6)


def test_a_program_in_a_file_is_for_the_platform_whose_libraries_it_calls(tmp_path):
    program = nn.Program.trace(singular_values, jnp.ones((3, 3)), platform="cuda")
    for name in ("text.mlir", "bytes.bc", "artefact.stablehlo"):
        program.save(tmp_path / name)
        found = nn.Program.load(tmp_path / name)
        assert found.platform == "cuda" and found.vmap(axis_size=2).platform == "cuda"


@pytest.mark.parametrize("layers", ["inline", "outline", "roll"])
def test_what_is_compiled_here_is_made_anew_for_another_platform(layers):
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(4):
                x = nn.Dense(3)(jax.lax.platform_dependent(x, cpu=jnp.sin, default=jnp.cos))
            return singular_values(x)

    params = Model().init(jax.random.key(0), ROWS)
    compiled = nn.compile(Model().apply, layers=layers)
    compiled(params, ROWS)
    text = exported(lambda params, x: compiled(params, x), ["tpu"], params, ROWS).mlir_module()
    assert called_platforms(text) == {"tpu"}


def test_platforms_that_there_are_not_are_refused():
    with pytest.raises(ValueError, match="platform: expected one of cpu, cuda, .* found 'abacus'"):
        nn.Program.trace(jnp.sin, 1.0, platform="abacus")


def test_values_that_are_committed_to_a_device_say_the_platform():
    here = jax.device_put(ROWS, jax.devices()[0])
    there = SimpleNamespace(committed=True, devices=lambda: [SimpleNamespace(platform="tpu")])
    assert jax_compat.platform_of_arrays([1.0, ROWS]) is None
    assert jax_compat.platform_of_arrays([ROWS, here]) == "cpu"
    assert jax_compat.platform_of_arrays([ROWS, there, here]) == "tpu"
    with jax.default_device(jax.devices("cpu")[0]):
        assert jax_compat.platform_of_arrays([ROWS]) == "cpu"
