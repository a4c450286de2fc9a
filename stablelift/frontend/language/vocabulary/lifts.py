"""The lifts: of modules, of one of their methods, and of functions; with their options."""

from __future__ import annotations

from stablelift.frontend.language.vocabulary.words import words
from stablelift.ir.policy import ALIASES, ARGUMENTS

_VMAP = "in_axes:prefix=, out_axes:prefix=, axis_size:int=, axis_name:str=, spmd_axis_name:str="
_BROADCAST = "variable_broadcast:filter=, variable_carry:filter="
_VISIBLE = "variables:filter=, rngs:filter="
_SCAN = (
    "in_axes:prefix=, out_axes:prefix=, length:int=, reverse:switch=, unroll:unroll=, "
    "check_constancy_invariants:switch="
)
_MAP = (
    "mapped_collections:filter=, trans_in_fn:mapping=, trans_out_fn:mapping=, init:switch=, mutable:switch="
)

# Of a module, or of one of its methods.
LIFTS = words(
    ("stablelift", "vmap", f"target:module, variable_axes:axes=, split_rngs:switches=, {_VMAP}", "vmap"),
    ("stablelift", "scan", f"target:module, variable_axes:axes=, {_BROADCAST}, split_rngs:switches=, {_SCAN}",
     "scan"),
    ("stablelift", "same", f"target:module, {_VISIBLE}, prevent_cse:switch=, static_argnums:prefix=, "
     "policy:policy=", "remat checkpoint"),
    ("stablelift", "same", f"target:module, lengths:lengths=, policy:policy=, {_BROADCAST}, "
     "variable_axes:axes=, split_rngs:switches=, length:int=", "remat_scan"),
    ("stablelift", "same", f"target:module, {_VISIBLE}, static_argnums:prefix=", "jit"),
    ("stablelift", "same", f"target:module, {_VISIBLE}", "fold_rngs"),
    ("stablelift", "same", f"target:module, {_MAP}, rngs:filter=, variables:filter=", "map_variables"),
    ("stablelift", "same", "target:module, variable_axes:axes=", "add_metadata_axis"),
)  # fmt: skip

# Of a function: a `fn`, a method, a module, or another lifted function.
FUNCTION_LIFTS = words(
    ("functional", "grad", "f:function, argnums:prefix=", "grad"),
    ("functional", "value_and_grad", "f:function, argnums:prefix=", "value_and_grad"),
    ("functional", "jvp", "f:function", "jvp"),
    ("functional", "vjp", "f:function", "vjp"),
    ("functional", "vmap", f"f:function, {_VMAP}", "vmap"),
    ("functional", "scan", f"f:function, {_SCAN}", "scan"),
    ("functional", "same", "f:function, prevent_cse:switch=, policy:policy=", "remat checkpoint"),
    ("functional", "same", "f:function", "jit"),
    ("functional", "same", "f:function, forward:function, backward:function", "custom_vjp"),
    ("functional", "while", "condition:function, body:function, max_trip_count:int=", "while_loop"),
    ("functional", "cond", "true_fun:function, false_fun:function", "cond"),
    ("functional", "switch", "*branches:function", "switch"),
)  # fmt: skip

# What `remat` stores. One is of functions of Python, which a file cannot name.
POLICIES = tuple(name for name in sorted(ARGUMENTS.keys() | ALIASES.keys()) if name != "over_ops")
