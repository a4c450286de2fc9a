"""Files that import others, Modules of Python in a file, and `import` of files."""

import importlib
import sys

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift.frontend.language.diagnostics import LiftCheckError, LiftTraceError
from stablelift.frontend.language.import_hook import LiftFinder
from stablelift.frontend.language.load import MAX_FILES, load

from .test_constructs import KEY, X, same

BLOCKS = """
## Blocks.

module Block
  width: int = 4

  call(x: f32[*batch, d]) -> f32[*batch, width]
    return tanh(Dense(width)(x))

module Hidden
  call(carry: f32[n, d], x: f32[n, d]) -> (f32[n, d], f32[n])
    return carry + Dense(d)(x), sum(x, axis=-1)

lift Rows = vmap(Block, variable_axes={params: 0}, split_rngs={params: true})
lift Steps = scan(Hidden, variable_broadcast=params, split_rngs={params: false})

fn halve(x: f32[*s]) -> f32[*s]
  return x / 2

lift halves = vmap(halve)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "blocks.lift").write_text(BLOCKS)
    return tmp_path


def write(folder, text: str, name: str = "model.lift"):
    path = folder / name
    path.write_text(text)
    return path


def refused(path) -> str:
    with pytest.raises(LiftCheckError) as caught:
        load(path)
    return str(caught.value)


def test_what_is_imported_is_used_and_checked(folder):
    path = write(
        folder,
        'import Block, Rows, Steps, halves from "layers/blocks.lift"\n\n'
        "## Of another kind than that of blocks.lift.\nmodule Hidden\n  call(x)\n    return x\n\n"
        "module Net\n  call(x: f32[n, d])\n    y = Rows(width=3)(x)\n    carry, _ = Steps()(x, x[none])\n"
        "    return halves(y), Block(width=d)(carry)\n\n"
        "lift Nets = vmap(Block, variable_axes={params: none}, split_rngs={params: false})\n",
    )
    m = load(path)
    assert m.__all__ == ["Hidden", "Net", "Nets"]
    blocks = load(folder / "layers" / "blocks.lift")
    shapes = jax.tree.map(jnp.shape, m.Net().init(KEY, X)["params"])
    assert shapes["VmapBlock_0"] == {"Dense_0": {"kernel": (3, 5, 3), "bias": (3, 3)}}
    same(m.Nets().init(KEY, X), blocks.Block().init(KEY, X))
    text = path.read_text()
    wrong = write(folder, text.replace("Steps()(x, x[none])", "Steps()(x, sum(x))"))
    assert "error: the module `Steps` cannot take f32[n, d] and f32: axis 0 is out of range" in refused(wrong)
    wrong = write(folder, text.replace("return halves(y), ", "z: f32[n, 4] = y\n    return z, "))
    assert refused(wrong).splitlines()[0].endswith("error: `z` is declared f32[n, 4], found f32[n, 3]")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ('import Blok from "layers/blocks.lift"', '"layers/blocks.lift" declares no `Blok`'),
        ('import Block from "missing.lift"', "cannot read the file: no such file or directory"),
        ('import Block from "../blocks.lift"', 'cannot import "../blocks.lift"'),
        ('import Block from "/etc/passwd"', 'cannot import "/etc/passwd"'),
        ('import Block from "outside.lift"', "it leads out of the folder of this file"),
        ('import A from "circle.lift"', "the file imports itself: `circle.lift` imports `back.lift` imports"),
        ('import Block, Block from "layers/blocks.lift"', "`Block` is declared twice"),
    ],
)
def test_imports_that_are_refused(folder, statement, message):
    inside = folder / "inside"
    (inside / "layers").mkdir(parents=True)
    (inside / "layers" / "blocks.lift").write_text(BLOCKS)
    (folder / "secret.lift").write_text(BLOCKS)
    (inside / "outside.lift").symlink_to(folder / "secret.lift")
    write(inside, 'import B from "back.lift"\n', "circle.lift")
    write(inside, 'import A from "circle.lift"\n', "back.lift")
    assert message in refused(write(inside, statement + "\n"))


def test_only_so_many_files_are_imported(tmp_path):
    for number in range(MAX_FILES + 1):
        write(tmp_path, "fn f(x)\n  return x\n", f"f_{number}.lift")
    lines = [f'import f from "f_{number}.lift"\n' for number in range(MAX_FILES + 1)]
    found = refused(write(tmp_path, "".join(lines) + "\nfn g(x)\n  return f(x)\n"))
    assert f"model.lift:{MAX_FILES + 1}:15: error: more than {MAX_FILES} files are imported" in found


def test_errors_of_an_imported_file_are_shown_in_it(folder):
    write(folder, "fn f(x)\n  return rleu(x)\n", "layers/wrong.lift")
    text = refused(write(folder, 'import f from "layers/wrong.lift"\n'))
    assert text.startswith(f"{folder / 'layers' / 'wrong.lift'}:2:10: error: unknown function `rleu`")


EXTERNAL = """
external Scale
  by: float = 2.0

  call(x: f32[*batch, d]) -> f32[*batch, d]

external Anything

module Net
  call(x: f32[n, d]) -> f32[n, d]
    return Scale(by=3.0)(x) + Anything()(x)
"""


class Scale(nn.Module):
    by: float = 2.0

    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, (x.shape[-1],)) * self.by


class Anything(nn.Module):
    def __call__(self, x):
        return x


def test_a_module_of_python_in_a_file(tmp_path):
    path = write(tmp_path, EXTERNAL)
    m = load(path, {"Scale": Scale, "Anything": Anything})
    value, variables = m.Net().init_with_output(KEY, X)
    same(value, 4 * X)
    assert variables["params"] == {"Scale_0": {"scale": pytest.approx([1.0] * 5)}}
    assert "the external module `Scale` is not given" in refused(path)
    with pytest.raises(LiftCheckError, match="is a Module class, found 3"):
        load(path, {"Scale": 3})
    assert "`Scale` has no field `bye`" in refused(write(tmp_path, EXTERNAL.replace("by=3.0", "bye=3.0")))
    declared = EXTERNAL.replace("x: f32[*batch, d]) -> f32[*batch, d]", "x: f32[*batch, d]) -> f32[d]")
    assert "`call` is declared to return f32[n, d]" not in refused(write(tmp_path, declared))
    m = load(write(tmp_path, EXTERNAL), {"Scale": Anything, "Anything": Anything})
    with pytest.raises(LiftTraceError, match="by"):
        m.Net().init(KEY, X)


def test_the_import_hook(tmp_path, monkeypatch):
    write(tmp_path, EXTERNAL, "hooked_model.lift")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("hooked_model")
    nn.install_import_hook({"Scale": Scale})
    nn.install_import_hook({"Anything": Anything})
    assert sum(isinstance(finder, LiftFinder) for finder in sys.meta_path) == 1
    model = importlib.import_module("hooked_model")
    assert model.__file__ == str(tmp_path / "hooked_model.lift")
    assert model.Net.__module__ == "hooked_model"
    assert model.Net().init(KEY, X)["params"].keys() == {"Scale_0"}
    del sys.modules["hooked_model"]
