"""Operations carry the file, line and columns of the `.lift` file they come from."""

from pathlib import Path

import jax
import jax.numpy as jnp

from stablelift.frontend.language.load import load

DIGITS = Path(__file__).parents[3] / "examples" / "digits.lift"


def test_operations_of_a_function(tmp_path):
    path = tmp_path / "f.lift"
    first, second = 'y = einsum("i,i->i", x, x)  # é', 'k, z = "é", tanh(y) - cos(x)'
    path.write_text(f"fn f(x: f32[n])\n  {first}\n  {second}\n  return z\n", encoding="utf-8")
    text = jax.jit(load(path).f).lower(jnp.ones(3)).as_text(debug_info=True)
    # JAX counts columns from zero, and in bytes, of which é has two.
    assert f'"{path}":3:15 to :22' in text
    assert f'"{path}":3:25 to :31' in text
    assert f'"{path}":2:6 to :28' in text


def test_operations_of_a_module_and_of_its_layers():
    model = load(DIGITS).MLP()
    x = jnp.ones((2, 64))
    variables = model.init(jax.random.key(0), x)
    text = jax.jit(model.apply).lower(variables, x).as_text(debug_info=True)
    assert f'"{DIGITS}":11:8 to :30' in text
    assert f'"{DIGITS}":11:13 to :29' in text
    assert f'"{DIGITS}":12:11 to :28' in text


def test_operations_of_loops_comprehensions_methods_and_lifts(tmp_path):
    path = tmp_path / "m.lift"
    lines = [
        "module M",
        "  inner = Dense(3)",
        "",
        "  energy(x: f32[3]) -> f32",
        "    return sum(tanh(inner(x)))",
        "",
        "  call(x: f32[n, 3]) -> f32[n, 3]",
        "    for i in range(2)",
        "      x = cos(x)",
        "    parts = [exp(x) for k in range(2)]",
        "    return vmap(grad(energy))(sin(parts[1]) if n > 1 else x)",
    ]
    path.write_text("\n".join(lines) + "\n")
    model, x = load(path).M(), jnp.ones((2, 3))
    variables = model.init(jax.random.key(0), x)
    text = jax.jit(model.apply).lower(variables, x).as_text(debug_info=True)
    for line, word in ((5, "tanh"), (9, "cos"), (10, "exp"), (11, "sin")):
        column = lines[line - 1].index(f"{word}(")
        assert f'"{path}":{line}:{column} to' in text, word
