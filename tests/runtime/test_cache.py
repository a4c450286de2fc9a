"""The cache on disk: what one process compiled the next one finds, and damage costs time only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import pytest

from stablelift import cache, functional
from stablelift.passes.layers.roll import Roll
from stablelift.runtime import cache as runtime_cache
from stablelift.runtime.store import Store, trim

TRAIN = """
    import json, sys, warnings
    import jax, optax
    import stablelift as nn
    from stablelift import functional
    from stablelift.runtime import finish

    runs, compiled = [], []
    passes = finish.run
    finish.run = lambda *args, **kwargs: runs.append(1) or passes(*args, **kwargs)
    jax.monitoring.register_event_listener(
        lambda name, **_: compiled.append(1) if name == "/jax/compilation_cache/cache_misses" else None
    )

    class Block(nn.Module):
        @nn.compact
        def __call__(self, x):
            return x + nn.Dense(x.shape[-1])(nn.tanh(nn.Dense(7)(x)))

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            for _ in range(6):
                x = Block()(x)
            return x @ jax.numpy.linalg.inv(jax.numpy.eye(5) * 2)

    x = jax.random.normal(jax.random.key(1), (3, 5))
    optimiser = optax.adam(1e-2)

    def step(params, state, x):
        loss, gradients = functional.value_and_grad(lambda p: (Model().apply(p, x) ** 2).mean())(params)
        updates, state = optimiser.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, loss

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        params = Model().init(jax.random.key(0), x)
        state = optimiser.init(params)
        run = nn.compile(step, carry=2, layers="roll")
        losses = []
        for _ in range(3):
            params, state, loss = run(params, state, x)
            losses.append(float(loss))
        text = str(nn.explain(run))
    warned = [str(one.message) for one in caught if "stablelift" in str(one.message)]
    print(json.dumps([len(runs), len(compiled), losses, text, warned]))
"""


def train(place: Path | None, *, before: str = "", **environment: str):
    """What a process of its own says: runs of our passes, programs given to XLA, losses, remarks, warnings.

    The process runs `before` first.
    """
    script = textwrap.dedent(before) + textwrap.dedent(TRAIN)
    given = {} if place is None else {"STABLELIFT_CACHE_DIR": str(place)}
    cleared = {
        name: value for name, value in os.environ.items() if not name.startswith(("STABLELIFT_", "JAX_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=cleared | {"JAX_PLATFORMS": "cpu"} | given | environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A cache that one process has filled, and what that process said."""
    place = tmp_path_factory.mktemp("cache")
    return place, train(place)


def entries(place: Path) -> list[Path]:
    return sorted(place.glob("host-*/stablelift/*"))


@pytest.mark.smoke
def test_a_second_process_runs_neither_passes_nor_xla(filled):
    place, first = filled
    runs, compiled, losses, text, warned = train(place)
    assert first[0] == 2 and first[1] > 0
    assert (runs, compiled, warned) == (0, 0, [])
    assert (losses, text) == (first[2], first[3])
    assert "rolled 5 calls" in text


def test_a_damaged_entry_is_made_anew(filled):
    place, first = filled
    damaged = entries(place)
    for path in damaged:
        content = path.read_bytes()
        path.write_bytes(content[:-9] + bytes(9))
    runs, _, losses, _, warned = train(place)
    assert (runs, losses) == (2, first[2])
    assert sorted(warned) == [f"{path}: the cache entry is damaged, and is made anew" for path in damaged]
    assert train(place)[0] == 0


def test_another_version_of_the_passes_misses(filled):
    place, first = filled
    before = """
        from stablelift.runtime import cache
        cache._compiler = lambda: "another version"
    """
    assert train(place, before=before)[0] == first[0]


def test_another_setting_of_jax_misses(filled):
    place, first = filled
    assert train(place, JAX_DEFAULT_MATMUL_PRECISION="highest")[0] == first[0]


def test_without_the_variable_nothing_is_written(tmp_path, filled):
    runs, compiled, losses, _, _ = train(None, HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert (runs, compiled, losses) == (2, 0, filled[1][2])
    assert not list(tmp_path.iterdir())


def test_jax_s_own_setting_turns_it_on(tmp_path):
    train(None, JAX_COMPILATION_CACHE_DIR=str(tmp_path))
    assert len(list((tmp_path / "stablelift").iterdir())) == 2
    assert train(None, JAX_COMPILATION_CACHE_DIR=str(tmp_path))[0] == 0
    off = train(None, JAX_COMPILATION_CACHE_DIR=str(tmp_path), JAX_ENABLE_COMPILATION_CACHE="false")
    assert off[0] == 2


def test_processes_at_once_do_not_disturb_each_other(tmp_path, filled):
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(train, [tmp_path, tmp_path]))
    assert [one[2] for one in found] == [filled[1][2]] * 2
    assert [one[4] for one in found] == [[], []]
    assert train(tmp_path)[0] == 0


# The switch


@pytest.fixture
def restored():
    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = {name: getattr(jax.config, name) for name in names}
    yield
    for name, value in before.items():
        jax.config.update(name, value)


def test_enable_and_disable(tmp_path, monkeypatch, restored):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache.disable()
    assert cache.folder() is None
    cache.enable()
    place = cache.folder()
    assert place is not None and place.parent.parent == tmp_path / "stablelift"
    assert (tmp_path / "stablelift").stat().st_mode & 0o077 == 0
    cache.enable(tmp_path / "elsewhere")
    place = cache.folder()
    assert place is not None and place.parent.parent == tmp_path / "elsewhere"
    cache.disable()
    assert cache.folder() is None


def test_what_calls_python_is_not_kept(tmp_path, monkeypatch, restored):
    monkeypatch.setattr("stablelift.runtime.finish.OVER_OPS", {})  # policies of other tests
    cache.enable(tmp_path)
    store = cache.folder()
    assert store is not None

    def entries():
        return {path for path in store.rglob("*") if path.is_file()}

    jax.jit(functional.vmap(lambda x: (jax.debug.callback(lambda x: None, x), x)[1]))(jax.numpy.ones(3))
    told = entries()
    jax.jit(functional.vmap(lambda x: x - 0.123))(jax.numpy.ones(3))
    assert told == set() != entries()
    cache.disable()


def test_enabling_brings_the_directory_down(tmp_path, restored):
    for age, name in enumerate(["young", "old"]):
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    cache.enable(tmp_path, max_bytes=150)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["young"]


def test_what_makes_a_key():
    keys = {
        runtime_cache.key("a", {}),
        runtime_cache.key("b", {}),
        runtime_cache.key("a", {"first": ("lift-seal",)}),
        runtime_cache.key("a", {"layers": (Roll(((0, 0, 0),)),)}),
        runtime_cache.key("a", {"layers": (Roll(((0, 1, 0),)),)}),
    }
    assert len(keys) == 5
    roll = Roll()
    before = runtime_cache.key("a", {"layers": (roll,)})
    roll.layout.arguments.append((1, 2))  # what a pass found out is no part of what it was asked to do
    assert runtime_cache.key("a", {"layers": (roll,)}) == before


# The store


def test_the_store_keeps_what_was_used_last(tmp_path):
    store = Store(tmp_path / "new", 3 * 132)
    for number, key in enumerate("abc"):
        store.write(key, bytes(100))
        os.utime(tmp_path / "new" / key, (1e9 + number, 1e9 + number))
    assert store.read("a") == bytes(100)
    store.write("d", bytes(100))
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a", "c", "d"]
    assert store.read("b") is None


@pytest.mark.parametrize("content", [b"", b"short", bytes(40)])
def test_a_truncated_entry_is_removed(tmp_path, content):
    store = Store(tmp_path, 1000)
    store.write("key", b"entry")
    (tmp_path / "key").write_bytes(content)
    with pytest.warns(UserWarning, match="the cache entry is damaged, and is made anew"):
        assert store.read("key") is None
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_none_is_a_warning(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    store = Store(tmp_path / "file", 1000)
    with pytest.warns(UserWarning, match="cannot write to the cache: "):
        store.write("key", b"entry")
    with pytest.warns(UserWarning, match="cannot read the cache: "):
        assert store.read("key") is None


def test_writers_at_once_leave_whole_entries(tmp_path):
    store = Store(tmp_path, 1 << 20)

    def work(number: int) -> None:
        for _ in range(20):
            store.write("key", bytes([number]) * 5000)
            found = store.read("key")
            assert found is not None and len(set(found)) == 1

    with warnings.catch_warnings(), ThreadPoolExecutor(4) as pool:
        warnings.simplefilter("error")
        list(pool.map(work, range(4)))
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_trimming_leaves_links_alone(tmp_path):
    (tmp_path / "outside").write_bytes(bytes(100))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "outside")
    trim(tmp_path / "in", 0)
    assert (tmp_path / "outside").exists() and (tmp_path / "in" / "link").is_symlink()
