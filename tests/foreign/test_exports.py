"""What `jax.export` writes, in all calling conventions: platforms, keywords, symbolic shapes, no VJP."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stablelift.errors import LiftError
from stablelift.runtime.load import load_bytes
from tests.foreign.make_jax import DATA, energy

pytest.importorskip("flatbuffers")

X = np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32)


def exported(function, *args, platforms=None, **kwargs):
    return bytes(jax.export.export(jax.jit(function), platforms=platforms)(*args, **kwargs).serialize())


def refusal(data, **options):
    with pytest.raises(LiftError) as error:
        load_bytes(data, "f.export", **options)
    return str(error.value)


def test_an_export_without_derivatives_is_differentiated_batched_and_run():
    """JAX itself can do none of it with such a file."""
    data = (DATA / "jax.export").read_bytes()
    program, scale = load_bytes(data, "f.export"), np.float32(2)
    with pytest.raises(Exception, match="No VJP is available"):
        jax.grad(jax.export.deserialize(bytearray(data)).call)(X, X[0], scale=scale)
    value, gradient = program.value_and_grad()(X, X[0], scale=scale)
    expected = jax.value_and_grad(energy)(X, X[0], scale=scale)
    np.testing.assert_allclose(value, expected[0], rtol=1e-5)
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-4, atol=1e-6)
    batched = program.vmap(in_axes=(None, 0, None), axis_size=3)(X, X, scale=scale)
    np.testing.assert_allclose(batched, [energy(X, x, scale=scale) for x in X], rtol=1e-5)
    primals, tangents = (X, X[0], {"scale": scale}), (X, X[1], {"scale": scale})
    expected = jax.jvp(lambda w, x, options: energy(w, x, **options), primals, tangents)
    np.testing.assert_allclose(program.jvp()(primals, tangents), expected, rtol=1e-4)


def on_platforms(x, unused, *, scale, shift):
    """What is computed depends on the platform, and an inner function on it too."""
    y = jax.lax.platform_dependent(x, cpu=jnp.sin, tpu=jnp.cos, default=lambda x: 3 * x)
    inner = jax.jit(lambda x: jax.lax.platform_dependent(x, cpu=jnp.tanh, default=jnp.exp))
    return {"y": scale * y + inner(x) - shift, "r": jnp.linalg.qr(x)[1]}


def test_one_of_several_platforms_is_chosen():
    """Arguments that the function does not use are dropped from the module, and not from the program."""
    args, kwargs = (X, np.ones(7, np.int32)), {"shift": np.float32(1), "scale": np.float32(2)}
    data = exported(on_platforms, *args, **kwargs, platforms=("tpu", "cpu", "cuda"))
    program = load_bytes(data, "f.export")
    assert repr(program).endswith("(f32[3,3], i32[7], f32[], f32[]) -> (f32[3,3], f32[3,3]))")
    expected = on_platforms(*args, **kwargs)
    for found in (program(*args, **kwargs), program(*args, kwargs)):
        np.testing.assert_allclose(found["y"], expected["y"], rtol=1e-5)
        np.testing.assert_allclose(found["r"], expected["r"], rtol=1e-4, atol=1e-6)
    for platform, target in (("tpu", "@Qr"), ("cuda", "@cusolver_geqrf_ffi"), (2, "@cusolver_geqrf_ffi")):
        other = str(load_bytes(data, "f.export", platform=platform))
        assert target in other and "lapack" not in other and "stablehlo.case" not in other
    assert refusal(data, platform="rocm") == (
        "f.export: error: the program is for 'tpu', 'cpu', 'cuda', and not for 'rocm'\n"
        "  hint: give `platform`"
    )
    single = exported(jnp.sin, X, platforms=("cpu",))
    assert load_bytes(single, "f.export", platform="cpu") == load_bytes(single, "f.export")
    assert "the program is for 'cpu', and not for 'tpu'" in refusal(single, platform="tpu")
    artefact = jax.export.deserialize(bytearray(data)).mlir_module_serialized
    assert refusal(artefact).startswith("f.export: error: the program is for several platforms")
    assert load_bytes(artefact, "f", platform=1).in_avals == (program.in_avals[0], *program.in_avals[2:])


def polymorphic(x, unused, y):
    rows, columns = x.shape
    return (
        jnp.reshape(x, (rows // 2, 2 * columns)),
        jnp.concatenate([jnp.sort(x, 0), y]) / rows,
        jax.lax.top_k(x, 2)[0],
    )


def test_symbolic_shapes_are_given():
    rows, columns = jax.export.symbolic_shape("r, c", constraints=["mod(r, 2) == 0", "c >= 2"])
    structs = [
        jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((rows, columns), (rows,), (4, columns))
    ]
    data = exported(polymorphic, *structs)
    rng = np.random.default_rng(0)
    args = [rng.normal(size=shape).astype(np.float32) for shape in ((6, 5), (6,), (4, 5))]
    for shapes in ({"r": 6, "c": 5}, [(6, 5), (6,), (4, 5)]):
        program = load_bytes(data, "f.export", shapes=shapes)
        assert "?" not in str(program)
        found, expected = program(*args), polymorphic(*args)
        assert jax.tree.structure(found) == jax.tree.structure(expected)
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)
    gradient = load_bytes(data, "f.export", shapes={"r": 6, "c": 5}).vjp()(tuple(args), found)[1]
    assert gradient[0].shape == (6, 5) and not gradient[1].any()

    hint = "\n  hint: give the shapes of all arguments: shapes=[(2, 3), ...]"
    assert refusal(data) == "f.export: error: input 0: expected a static shape, found tensor<?x?xf32>" + hint
    assert refusal(data, shapes={"r": 6}) == "f.export: error: expected the size of `c`, found `r`"
    assert refusal(data, shapes=[(6, 5)]) == "f.export: error: expected the shapes of 3 arguments, found 1"
    assert refusal(data, shapes=[(6, 5), (6,), (3, 5)]) == (
        "f.export: error: input 2: expected a shape of tensor<4x?xf32>, found (3, 5)"
    )
    assert "do not match the symbolic shape constraint" in refusal(data, shapes={"r": 7, "c": 5})
    text = b"func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> { return %x : tensor<?xf32> }"
    assert refusal(text, shapes={"r": 7}) == "f.export: error: sizes have no names in this file" + hint


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(2.5,)], "expected a sequence of sizes, found (2.5,)"),
        ([3], "expected a sequence of sizes, found 3"),
        ([(2**63,)], "the size 9223372036854775808 does not fit into 64 bits"),
        ({"n": 1.5}, "expected a sequence of sizes, found [1.5]"),
        ({"n": 10**20}, "the size 100000000000000000000 does not fit into 64 bits"),
        ({"n": 2**62}, "a shape is too large for JAX, where `n` = 4611686018427387904"),
    ],
)
def test_sizes_are_integers_of_64_bits(shapes, expected):
    (size,) = jax.export.symbolic_shape("2*n")
    exported = jax.export.export(jax.jit(jnp.sin))(jax.ShapeDtypeStruct((size,), "float32"))
    assert refusal(bytes(exported.serialize()), shapes=shapes) == f"f.export: error: {expected}"
