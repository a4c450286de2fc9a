"""The house rules, read from the source by its syntax tree: who may import whom, and what of JAX may be used.

A module of the package is named here by its path inside it, as in `passes/remat/mincut.py`.
"""

import ast
from collections.abc import Callable, Iterator

# Each may import itself and those before it.
LAYERS = ("ir", "lowering", "passes", "runtime", "frontend")

JAX_INTERNALS = ("jax.api_util", "jax.core", "jax.interpreters", "jax.lib")
# What this package exists to do itself; JAX's are the oracle in tests and the peer in benchmarks.
JAX_TRANSFORMATIONS = (
    *("jax.vmap", "jax.pmap", "jax.jvp", "jax.vjp", "jax.grad", "jax.value_and_grad"),
    *("jax.jacfwd", "jax.jacrev", "jax.jacobian", "jax.hessian", "jax.linearize", "jax.linear_transpose"),
    *("jax.checkpoint", "jax.remat", "jax.ad_checkpoint.checkpoint", "jax.custom_jvp", "jax.custom_vjp"),
    *("jax.lax.scan", "jax.lax.while_loop", "jax.lax.fori_loop", "jax.lax.map", "jax.lax.associative_scan"),
    *("jax.lax.cond", "jax.lax.switch"),
)


def problems(path: str, source: str) -> list[str]:
    """What in the module `path` breaks a house rule, each as `stablelift/path:line: error: what`."""
    found = {
        (line, problem)
        for line, name in references(path, ast.parse(source, f"stablelift/{path}"))
        for rule in RULES
        if (problem := rule(path, name))
    }
    return [f"stablelift/{path}:{line}: error: {problem}" for line, problem in sorted(found)]


def references(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The line and the full dotted name of everything imported, and of every attribute of an import."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                for alias in node.names:
                    root = alias.name.partition(".")[0]
                    bound[alias.asname or root] = alias.name if alias.asname else root
                    yield node.lineno, alias.name
            case ast.ImportFrom():
                for alias in node.names:
                    name = f"{import_base(path, node)}.{alias.name}".removesuffix(".*")
                    bound[alias.asname or alias.name] = name
                    yield node.lineno, name
            case ast.Call(args=[ast.Constant(value=str(name)), *_]):
                if ast.unparse(node.func) in ("import_module", "importlib.import_module", "__import__"):
                    yield node.lineno, name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (parts := dotted(node)) and parts[0] in bound:
            yield node.lineno, ".".join([bound[parts[0]], *parts[1:]])


def dotted(node: ast.expr) -> list[str]:
    """The parts of `a.b.c`; none if the chain does not begin with a name."""
    match node:
        case ast.Name():
            return [node.id]
        case ast.Attribute() if parts := dotted(node.value):
            return [*parts, node.attr]
    return []


def import_base(path: str, node: ast.ImportFrom) -> str:
    """The absolute name of the module that a `from` import reads."""
    package = ["stablelift", *path.split("/")[:-1]]
    outer = package[: len(package) - node.level + 1] if node.level else []
    return ".".join([*outer, *([node.module] if node.module else [])])


def layer(parts: list[str]) -> int:
    """How high a module stands: errors below all layers, the package's own modules above them."""
    if parts[:1] in (["errors"], ["errors.py"]):
        return -1
    return LAYERS.index(parts[0]) if parts and parts[0] in LAYERS else len(LAYERS)


def import_direction(path: str, name: str) -> str | None:
    """Imports run frontend -> runtime -> passes -> lowering -> ir; `stablelift.errors` serves all."""
    root, *parts = name.split(".")
    if root == "stablelift" and layer(parts) > layer(path.split("/")):
        return f"`{path.split('/')[0]}` may not import `{name}`: imports run {' -> '.join(reversed(LAYERS))}"
    return None


def jaxlib_door(path: str, name: str) -> str | None:
    """jaxlib has one door, and the runtime."""
    if within(name, "jaxlib") and path != "ir/mlir.py" and not path.startswith("runtime/"):
        return f"`{name}`: only ir/mlir.py and runtime/ import jaxlib"
    return None


def jax_internals(path: str, name: str) -> str | None:
    """JAX's internals stand in one file, so that a new release is met in one file."""
    private = any(part.startswith("_") and not part.endswith("__") for part in name.split("."))
    internal = within(name, *JAX_INTERNALS) or (within(name, "jax") and private)
    if internal and path != "lowering/jax_compat.py":
        return f"`{name}`: only lowering/jax_compat.py uses JAX's internals"
    if within(name, "jax.extend") and not path.startswith(("lowering/", "runtime/")):
        return f"`{name}`: only lowering/ and runtime/ use jax.extend"
    return None


def jax_transformation(path: str, name: str) -> str | None:
    """No lift is implemented with JAX's own; JAX's rules for opaque primitives come in by one door."""
    if within(name, *JAX_TRANSFORMATIONS) and path != "lowering/foreign.py":
        return f"`{name}`: a lift is never implemented with JAX's own transformation"
    return None


def within(name: str, *modules: str) -> bool:
    """Whether `name` is one of `modules` or inside one."""
    return any(name == module or name.startswith(f"{module}.") for module in modules)


RULES: tuple[Callable[[str, str], str | None], ...] = (
    import_direction,
    jaxlib_door,
    jax_internals,
    jax_transformation,
)
