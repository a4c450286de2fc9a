"""The lifts: of modules, of one of their methods, and of functions; with their options."""

from __future__ import annotations

from stablelift.frontend.language.vocabulary.words import words
from stablelift.ir.policy import ALIASES, ARGUMENTS

_VMAP = "in_axes:prefix=, out_axes:prefix=, axis_size:int=, axis_name:str=, spmd_axis_name:str="
_STACKED = "variable_axes:axes=, split_rngs:switches="
_BOXES = "metadata_params:metadata="
_BROADCAST = "variable_broadcast:filter=, variable_carry:filter="
_VISIBLE = "variables:filter=, rngs:filter="
_SCAN = (
    "in_axes:prefix=, out_axes:prefix=, length:int=, reverse:switch=, unroll:unroll=, "
    "check_constancy_invariants:switch="
)
_MAP = (
    "mapped_collections:filter=, trans_in_fn:mapping=, trans_out_fn:mapping=, init:switch=, mutable:switch=, "
    "rngs:filter=, variables:filter="
)
_GRAD = "f:function, argnums:numbers=, has_aux:switch="

# Of a module, or of one of its methods.
LIFTS = words(
    ("stablelift", "vmap", f"target:module, {_STACKED}, {_VMAP}, {_BOXES}", "vmap"),
    ("stablelift", "scan", f"target:module, variable_axes:axes=, {_BROADCAST}, split_rngs:switches=, "
     f"{_SCAN}, checkpoint:checkpoint=, {_BOXES}", "scan"),
    ("stablelift", "same", f"target:module, {_VISIBLE}, prevent_cse:switch=, static_argnums:numbers=, "
     "policy:policy=", "remat checkpoint"),
    ("stablelift", "same", f"target:module, lengths:lengths=, policy:policy=, {_BROADCAST}, {_STACKED}, "
     f"{_BOXES}, length:int=", "remat_scan"),
    ("stablelift", "same", f"target:module, {_VISIBLE}, static_argnums:numbers=, static_argnames:names=, "
     "donate_argnums:numbers=", "jit"),
    ("stablelift", "same", f"target:module, {_VISIBLE}", "fold_rngs"),
    ("stablelift", "same", f"target:module, {_MAP}", "map_variables"),
    ("stablelift", "same", f"target:module, variable_axes:axes=, {_BOXES}", "add_metadata_axis"),
)  # fmt: skip

# Of a function: a `fn`, a method, a module, or another lifted function.
FUNCTION_LIFTS = words(
    ("functional", "grad", _GRAD, "grad"),
    ("functional", "value_and_grad", _GRAD, "value_and_grad"),
    ("functional", "jvp", "f:function, has_aux:switch=", "jvp"),
    ("functional", "linearize", "f:function", "linearize"),
    ("functional", "vjp", "f:function, has_aux:switch=", "vjp"),
    ("functional", "custom_jvp", "f:function, rule:function, nondiff_argnums:numbers=", "custom_jvp"),
    ("functional", "custom_vjp", "f:function, forward:function, backward:function, nondiff_argnums:numbers=",
     "custom_vjp"),
    ("functional", "vmap", f"f:function, {_VMAP}, {_STACKED}, {_BOXES}", "vmap"),
    ("functional", "scan", f"f:function, {_SCAN}, checkpoint:checkpoint=, {_STACKED}, {_BROADCAST}, {_BOXES}",
     "scan"),
    ("functional", "map", "f:function", "map"),
    ("functional", "associative_scan", "f:function, reverse:switch=, axis:axis=", "associative_scan"),
    ("functional", "while", "condition:function, body:function, max_trip_count:int=, "
     "carry_variables:filter=, broadcast_variables:filter=, split_rngs:switches=", "while_loop"),
    ("functional", "fori_loop", "body:function, max_trip_count:int=", "fori_loop"),
    ("functional", "cond", "true_fun:function, false_fun:function", "cond"),
    ("functional", "switch", "*branches:function", "switch"),
    ("functional", "same", "f:function, prevent_cse:switch=, policy:policy=, static_argnums:numbers=",
     "remat checkpoint"),
    ("functional", "same", "f:function, static_argnums:numbers=, donate_argnums:numbers=", "jit"),
    ("functional", "same", f"f:function, {_MAP}", "map_variables"),
)  # fmt: skip

# The options that say what becomes of variables: functions without any have no use for them.
VARIABLE_OPTIONS = frozenset(
    """
    variable_axes variable_broadcast variable_carry split_rngs metadata_params carry_variables
    broadcast_variables mapped_collections
    """.split()
)

# What `remat` stores. One is of functions of Python, which a file cannot name.
POLICIES = tuple(name for name in sorted(ARGUMENTS.keys() | ALIASES.keys()) if name != "over_ops")
