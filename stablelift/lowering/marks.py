"""JAX's policies that are Python functions, as names on the values that they keep.

    y = sin x, which the policy saves   ==>   t = sin x, y = name[name=remat:policy-1f3a] t

JAX asks a policy about every equation; a name that only this policy uses holds the answer, so a program needs
no Python to say what it keeps. What is called or looped over is asked about in its own jaxpr, as in JAX.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from stablelift.ir.policy import MARK, Policy
from stablelift.lowering import jax_compat
from stablelift.lowering.jax_compat import Jaxpr
from stablelift.lowering.jaxprs import replaced_equation, with_equations
from stablelift.lowering.primitive import lift_p
from stablelift.lowering.session import session_memo


def marked(jaxpr: Jaxpr, policy: Callable[..., Any]) -> tuple[Jaxpr, Policy]:
    """The jaxpr with the values that `policy` keeps named, and the policy that keeps these names.

    Raises:
      ValueError: The policy offloads to more than one kind of memory.
    """
    memo = session_memo()
    key = ("stablelift marks", id(jaxpr), policy)
    if memo is None:
        return _marked(jaxpr, policy)
    if key not in memo:
        memo[key] = (*_marked(jaxpr, policy), jaxpr)  # which stays, so that its id is not given to another
    return memo[key][:2]


def _marked(jaxpr: Jaxpr, policy: Callable[..., Any]) -> tuple[Jaxpr, Policy]:
    answers: list[Any] = []

    def ask(equation: Any) -> None:
        answers.append(jax_compat.kept_by(policy, equation))

    _with_names(jaxpr, ask)
    text = ",".join(map(str, answers)).encode()
    called = getattr(policy, "__name__", type(policy).__name__)
    mark = f"{MARK}{called}-{hashlib.sha256(text).hexdigest()[:8]}"
    offloads = sorted({answer for answer in answers if isinstance(answer, tuple)})
    if len(offloads) > 1:
        found = ", ".join(f"{source} to {target}" for source, target in offloads)
        raise ValueError(f"policy `{called}`: expected one kind of memory to offload to, found {found}")
    names = {True: mark, False: None} | {offload: f"{mark}-offloaded" for offload in offloads}
    rest = iter(answers)
    named = _with_names(jaxpr, lambda _: names[next(rest)]) if any(answers) else jaxpr
    if not offloads:
        return named, Policy("save_only_these_names", (mark,))
    offloaded = f"{mark}-offloaded"
    return named, Policy("save_and_offload_only_these_names", ((mark,), (offloaded,), *offloads[0]))


def _with_names(jaxpr: Jaxpr, name_of: Callable[[Any], str | None], seen: Any = None) -> Jaxpr:
    """The jaxpr with the results of each equation named as `name_of(equation)` says.

    Equations that JAX looks into when it asks a policy, and lifts, are not asked about: their jaxprs are,
    each once.
    """
    seen = {} if seen is None else seen

    def inside(value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            return type(value)(map(inside, value)) if type(value) in (tuple, list) else value
        return _with_names(value, name_of, seen) if jax_compat.is_jaxpr(value) else value

    if id(jaxpr) in seen:
        return seen[id(jaxpr)]
    equations: list[Any] = []
    for equation in jax_compat.opened(jaxpr).eqns:
        if equation.primitive is lift_p or jax_compat.is_looked_into(equation.primitive):
            params = {key: inside(value) for key, value in equation.params.items()}
            equations.append(equation.replace(params=params))
        elif (name := name_of(equation)) is None:
            equations.append(equation)
        else:
            equations += _named(equation, name)
    seen[id(jaxpr)] = with_equations(jaxpr, equations)
    return seen[id(jaxpr)]


def _named(equation: Any, name: str) -> list[Any]:
    """The equation, and its results under their names."""
    inner: list[Any] = []
    names: list[Any] = []
    for var in equation.outvars:
        if jax_compat.is_dropped(var) or not jax_compat.is_array(var.aval):
            inner.append(var)
            continue
        inner.append(jax_compat.variable(var.aval))
        named = replaced_equation(equation, jax_compat.name_p, inner[-1:], [var], {"name": name})
        names.append(named)
    return [equation.replace(outvars=inner), *names]
