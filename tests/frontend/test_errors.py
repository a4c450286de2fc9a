"""The errors of Modules: Linen's class, the whole text, and the line of the user's code."""

import inspect
import pickle

import jax
import jax.numpy as jnp
import pytest

import stablelift as nn
from stablelift import errors

from .parity import KEY

X = jnp.ones((2, 5))


class Net(nn.Module):
    features: int = 3

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x)


class Counter(nn.Module):
    @nn.compact
    def __call__(self, x):
        count = self.variable("stats", "count", jnp.zeros, ())
        count.value += 1
        return x


class Twice(nn.Module):
    @nn.compact
    def __call__(self, x):
        nn.Dense(3, name="same")(x)
        return nn.Dense(3, name="same")(x)


class TwiceParam(nn.Module):
    @nn.compact
    def __call__(self, x):
        self.param("w", nn.initializers.ones, ())
        return self.variable("stats", "w", jnp.zeros, ()).value + self.param("w", nn.initializers.ones, ())


class Misplaced(nn.Module):
    kind: str

    def __call__(self, x):
        if self.kind == "submodule":
            return nn.Dense(3)(x)
        if self.kind == "parameter":
            return self.param("w", nn.initializers.ones, ())
        self.w = x


class FieldInSetup(nn.Module):
    width: int = 1

    def setup(self):
        self.width = 3

    def __call__(self, x):
        return x


class Noisy(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x + jax.random.normal(self.make_rng("noise"))


def leaked():
    kept = []

    class Leaky(nn.Module):
        @nn.compact
        def __call__(self, x):
            layer = nn.Dense(3)
            kept.append(layer)
            return layer(x)

    Leaky().init(KEY, X)
    return kept[0](X)


def variables():
    return Net().init(KEY, X)


CASES = {
    "wrong shape": (
        lambda: Net(4).apply(variables(), X),
        errors.ScopeParamShapeError,
        "parameter `kernel` in `/Dense_0` has shape (5, 3), expected (5, 4)\n"
        "  found: (5, 3) in `variables`\n"
        "  expected: (5, 4) from the initializer\n"
        "  hint: compare the input's shape and the Module's fields with those of `init`",
    ),
    "no collection": (
        lambda: Net().apply({}, X),
        errors.ScopeCollectionNotFound,
        "`/Dense_0` wants `kernel` from collection `params`, which is empty here\n"
        "  hint: pass `params` in `variables`, or make it mutable",
    ),
    "no parameter": (
        lambda: Net().apply({"params": {"Dense_0": {"bias": jnp.zeros(3)}}}, X),
        errors.ScopeParamNotFoundError,
        "no parameter `kernel` in `/Dense_0`\n"
        "  hint: initialise with this structure of Modules, or make 'params' mutable to create it here",
    ),
    "no variable": (
        lambda: Counter().apply({"stats": {"other": 1}}, X),
        errors.ScopeVariableNotFoundError,
        "no variable `count` in `/` of collection `stats`\n"
        "  hint: make `stats` mutable and give an init function, or pass the variable in `variables`",
    ),
    "immutable": (
        lambda: Counter().apply(Counter().init(KEY, X), X),
        errors.ModifyScopeVariableError,
        "cannot update `count` in `/`: collection `stats` is immutable\n"
        "  hint: call `apply(..., mutable=['stats'])`",
    ),
    "no stream": (
        lambda: Noisy().apply({}, X, rngs={"dropout": KEY}),
        errors.InvalidRngError,
        "`/` needs a key from random stream `noise`\n"
        "  streams here: ['dropout']\n"
        "  hint: pass rngs={'noise': key}",
    ),
    "not a key": (
        lambda: Net().init(3, X),
        errors.InvalidRngError,
        "`rngs` of `Net`: stream 'params' wants a key, found 3\n"
        "  hint: pass jax.random.key(seed), or a dict of such keys by stream name",
    ),
    "keys in a batch": (
        lambda: Net().init({"params": jnp.zeros((3, 2), jnp.uint32)}, X),
        errors.InvalidRngError,
        "`rngs` of `Net`: stream 'params' wants a key, found ArrayImpl of shape (3, 2) and dtype uint32\n"
        "  hint: pass jax.random.key(seed), or a dict of such keys by stream name",
    ),
    "submodule's name": (
        lambda: Twice().init(KEY, X),
        errors.NameInUseError,
        "cannot create submodule `same` in Module `Twice`: the name is in use\n"
        "  hint: choose another name; to share a submodule, create it once and call it twice",
    ),
    "parameter's name": (
        lambda: TwiceParam().init(KEY, X),
        errors.NameInUseError,
        "cannot create param `w` in Module `TwiceParam`: the name is in use\n"
        "  hint: choose another name; to share a submodule, create it once and call it twice",
    ),
    "misplaced submodule": (
        lambda: Misplaced("submodule").init(KEY, X),
        errors.AssignSubModuleError,
        "submodule `Dense` is created outside `setup` and outside a `compact` method\n"
        "  hint: create it in `setup`, or decorate the method with `compact`",
    ),
    "misplaced parameter": (
        lambda: Misplaced("parameter").init(KEY, X),
        errors.AssignVariableError,
        "param `w` of `Misplaced` is created outside `setup` and outside a `compact` method\n"
        "  hint: create it in `setup`, or decorate the method with `compact`",
    ),
    "attribute outside setup": (
        lambda: Misplaced("attribute").init(KEY, jnp.float32(1)),
        errors.SetAttributeFrozenModuleError,
        "cannot set `Misplaced.w` to Array(1., dtype=float32): a Module is frozen outside `setup`\n"
        "  hint: keep state in a variable, or make a changed copy with `clone`",
    ),
    "field in setup": (
        lambda: FieldInSetup().init(KEY, X),
        errors.SetAttributeInModuleSetupError,
        "cannot assign `FieldInSetup.width` in `setup`: a Module's fields are frozen\n"
        "  hint: pass the value to the constructor, or use an attribute that is no field",
    ),
    "unbound": (
        lambda: Net()(X),
        errors.CallCompactUnboundModuleError,
        "cannot call a compact method: this `Net` holds no variables\n"
        "  hint: use it inside `init` or `apply`, or `bind` it to variables",
    ),
    "unbound variables": (
        lambda: Net().variables,
        errors.DescriptorAttributeError.__base__,
        "cannot read `variables`: this `Net` holds no variables\n"
        "  hint: use it inside `init` or `apply`, or `bind` it to variables",
    ),
    "unbind unbound": (
        lambda: Net().unbind(),
        errors.CallUnbindOnUnboundModuleError,
        "cannot call `unbind`: this `Net` holds no variables\n"
        "  hint: use it inside `init` or `apply`, or `bind` it to variables",
    ),
    "after the end": (
        leaked,
        errors.InvalidScopeError,
        "the scope `Dense_0` is no longer valid\n"
        "  hint: do not keep Modules or Variables beyond the call that binds them; return arrays",
    ),
    "variables of another type": (
        lambda: Net().apply([X], X),
        errors.ApplyScopeInvalidVariablesTypeError,
        "`variables` must be a dict of collections, found list\n"
        "  hint: pass what `init` returned, such as {'params': {...}}",
    ),
    "params alone": (
        lambda: Net().apply({"kernel": X}, X),
        errors.ApplyScopeInvalidVariablesTypeError,
        "`variables` must be a dict of collections, found {'kernel': ArrayImpl}\n"
        "  hint: pass what `init` returned, such as {'params': {...}}",
    ),
    "params twice": (
        lambda: Net().apply({"params": variables()}, X),
        errors.ApplyScopeInvalidVariablesStructureError,
        "`variables` holds a collection 'params' inside its collection 'params'\n"
        "  collections: ['params']\n"
        "  hint: pass variables['params'] in place of variables",
    ),
    "on the class": (
        lambda: Net.init(KEY, X),
        errors.InvalidInstanceModuleError,
        "`init`, `apply` and `bind` work on an instance of `Module`, not on the class\n"
        "  hint: call `Module(...).init(...)`",
    ),
    "not a method": (
        lambda: Net().apply({}, X, method=lambda: X),
        errors.ApplyModuleInvalidMethodError,
        None,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_error(case):
    run, error, text = case
    with pytest.raises(error) as caught:
        run()
    place, _, found = str(caught.value).partition(": error: ")
    assert text is None or found == text
    assert place.rsplit(":", 1)[0].endswith("test_errors.py") and isinstance(
        caught.value, errors.StableliftError
    )


def test_the_place_is_the_users_line():
    with pytest.raises(errors.ScopeParamShapeError) as caught:
        Net(4).apply(variables(), X)
    _, first = inspect.getsourcelines(Net.__call__)
    assert str(caught.value).startswith(f"tests/frontend/test_errors.py:{first + 2}: error: ")


def test_missing_attributes_methods_and_reserved_fields():
    with pytest.raises(AttributeError, match="`Net` has no attribute `absent`; what `setup` makes"):
        _ = Net().absent
    with pytest.raises(TypeError, match=r"`Net\.features` is not callable, it is a int"):
        Net().apply({}, X, method="features")
    with pytest.raises(errors.ReservedModuleAttributeError, match="`parent` and `name` are reserved"):

        class Reserved(nn.Module):
            name: int = 3

    class Lost(nn.Module):
        def __post_init__(self):
            pass

    with pytest.raises(errors.IncorrectPostInitOverrideError, match="does not call the one it overrides"):
        Lost().init(KEY, X)


def test_every_one_of_linens_errors_about_modules_has_its_name_here():
    linen = pytest.importorskip("flax.errors")
    files = ("Checkpoint", "MPA", "AlreadyExists", "CursorFind", "TraverseTree")  # not about Modules
    never_raised = {"FlaxError", "TraceContextError", "JaxTransformError", "ImmutableVariableError"}
    names = {name for name, value in vars(linen).items() if inspect.isclass(value)} - never_raised
    assert {name for name in names if not any(part in name for part in files)} <= set(vars(errors))


def test_errors_survive_pickling():
    error = errors.ScopeParamShapeError("w", "/a", (1,), (2,))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error)
