"""Programs survive being saved and loaded, in every form, trees and all."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift import functional
from stablelift.errors import LiftError
from stablelift.runtime.program import Program

pytestmark = pytest.mark.smoke

PARAMS = {"w": jnp.arange(12.0).reshape(3, 4) / 7, "b": [jnp.ones(4), None]}
X = jnp.linspace(-1.0, 1.0, 6).reshape(2, 3)


def net(params, x):
    rows = functional.vmap(lambda row: jnp.tanh(row @ params["w"]) + params["b"][0])(x)
    return {"rows": rows, "norm": (jnp.sum(jax.nn.relu(rows) ** 2), None)}


@pytest.mark.parametrize("suffix", [".mlir", ".bc", ".stablehlo", ""])
def test_round_trip(tmp_path, suffix):
    program = Program.trace(net, PARAMS, X)
    path = tmp_path / f"net{suffix}"
    program.save(path)
    loaded = Program.load(path)
    assert repr(loaded) == "Program(net: (f32[4], f32[3,4], f32[2,3]) -> (f32[], f32[2,4]))"
    assert (loaded.in_tree, loaded.out_tree) == (program.in_tree, program.out_tree)
    found, expected = loaded(PARAMS, X), net(PARAMS, X)
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for have, want in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-6)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(("suffix", "kept"), [(".mlir", True), (".bc", True), (".stablehlo", False)])
def test_lifts_stay_in_mlir_and_are_compiled_away_in_artefacts(tmp_path, suffix, kept):
    program = Program.trace(net, PARAMS, X)
    program.save(tmp_path / f"net{suffix}")
    assert ("lift." in str(Program.load(tmp_path / f"net{suffix}"))) is kept


def test_a_loaded_program_is_transformed_like_any_other(tmp_path):
    Program.trace(lambda x: jnp.sum(jnp.sin(x) * x), X).save(tmp_path / "f")
    loaded = Program.load(tmp_path / "f")
    expected = jnp.cos(X) * X + jnp.sin(X)
    np.testing.assert_allclose(loaded.grad()(X), expected, rtol=1e-5)
    np.testing.assert_allclose(jax.grad(loaded)(X), expected, rtol=1e-5)
    np.testing.assert_allclose(loaded.vmap(axis_size=2)(jnp.stack([X, 2 * X]))[1], loaded(2 * X), rtol=1e-6)


def test_saved_text_knows_its_lines(tmp_path):
    Program.trace(net, PARAMS, X).save(tmp_path / "net.mlir")
    assert f'"{__file__}"' in (tmp_path / "net.mlir").read_text()


def test_a_tree_of_other_containers_is_saved_flat(tmp_path):
    program = Program.trace(lambda table: table[3] + table[5], {3: X, 5: X})
    program.save(tmp_path / "f.mlir")
    np.testing.assert_array_equal(Program.load(tmp_path / "f.mlir")(X, 2 * X), 3 * X)


def test_hand_written_text_takes_arguments_by_position(tmp_path):
    """The entry point is the one public function; a private `@main` gives way."""
    (tmp_path / "two words.mlir").write_text("""
    func.func private @main(%x: tensor<3xf32>) -> tensor<3xf32> {
      %0 = stablehlo.sine %x : tensor<3xf32>
      return %0 : tensor<3xf32>
    }
    func.func @net(%x: tensor<3xf32>, %y: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
      %0 = call @main(%x) : (tensor<3xf32>) -> tensor<3xf32>
      %1 = "lift.call"(%y) {callee = @main} : (tensor<3xf32>) -> tensor<3xf32>
      return %0, %1 : tensor<3xf32>, tensor<3xf32>
    }""")
    program = Program.load(tmp_path / "two words.mlir")
    assert program.name == "program"
    x, y = jnp.ones(3), jnp.arange(3.0)
    for have, want in zip(program(x, y), (jnp.sin(x), jnp.sin(y)), strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-6)


def test_keys_become_integers(tmp_path):
    Program.trace(lambda key: jax.random.normal(key, (3,)), jax.random.key(0)).save(tmp_path / "draw")
    draw, key = Program.load(tmp_path / "draw"), jax.random.key(5)
    np.testing.assert_allclose(draw(jax.random.key_data(key)), jax.random.normal(key, (3,)), rtol=1e-6)
    with pytest.raises(TypeError) as error:
        draw(key)
    assert str(error.value) == (
        "draw: argument args[0]: expected u32[2], found key<fry>[]\n"
        "  hint: the program takes keys as integers: pass jax.random.key_data(key)"
    )


def exported():
    return jax.export.export(jax.jit(lambda x, y: {"out": jnp.sin(x) @ y}))(X, X.T)


def test_the_module_of_a_jax_export(tmp_path):
    (tmp_path / "f.bin").write_bytes(exported().mlir_module_serialized)
    np.testing.assert_allclose(Program.load(tmp_path / "f.bin")(X, X.T), jnp.sin(X) @ X.T, rtol=1e-6)


def test_a_jax_export(tmp_path):
    pytest.importorskip("flatbuffers")
    (tmp_path / "f.export").write_bytes(exported().serialize())
    found = Program.load(tmp_path / "f.export")(X, X.T)
    np.testing.assert_allclose(found["out"], jnp.sin(X) @ X.T, rtol=1e-6)


@pytest.mark.skipif(importlib.util.find_spec("flatbuffers") is not None, reason="flatbuffers is installed")
def test_a_jax_export_without_flatbuffers(tmp_path):
    (tmp_path / "f.export").write_bytes(b"\x10\x00\x00\x00" + exported().mlir_module_serialized)
    with pytest.raises(LiftError) as error:
        Program.load(tmp_path / "f.export")
    assert str(error.value) == (
        f"{tmp_path}/f.export: error: reading a `jax.export` file needs flatbuffers\n"
        "  hint: pip install flatbuffers, or save `exported.mlir_module_serialized` instead"
    )


def test_saving_where_nobody_may_write(tmp_path):
    program = Program.trace(jnp.sin, X)
    with pytest.raises(LiftError) as error:
        program.save(tmp_path / "absent" / "f")
    assert (
        str(error.value) == f"{tmp_path}/absent/f: error: cannot write the program: No such file or directory"
    )


@pytest.mark.parametrize(
    "dtype",
    ["float8_e8m0fnu", "float8_e4m3", "float8_e3m4", "float8_e4m3b11fnuz", "float4_e2m1fn", "int2", "uint4"],
)
def test_elements_of_every_small_type_that_jax_has(tmp_path, dtype):
    x = np.array([1, 2, 1]).astype(getattr(jnp, dtype))
    Program.trace(lambda x: (x, 3 * x.astype(jnp.float32)), x).save(tmp_path / "f.mlir")
    same, scaled = Program.load(tmp_path / "f.mlir")(x)
    assert same.dtype == x.dtype
    np.testing.assert_array_equal(scaled, 3 * x.astype(np.float32))
