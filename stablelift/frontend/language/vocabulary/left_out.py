"""Parameters of lifts and layers that Python has and the language does not, each with the reason."""

from __future__ import annotations

_SAID: dict[str, str] = {
    "methods": "a lift of one method is written `vmap(M.encode)`",
    "concrete": "it must be false",
    "reduce_axes": "JAX takes it no more; `psum` sums over an axis",
    "_split_transpose": "it has no effect",
    "device backend": "where a program runs is said where it is run",
    "donate_argnames": "`donate_argnums` gives them by number",
    "data_transform": "it changes Python's trees of variables; `map_variables` changes arrays",
    "variable_tangents vjp_variables grad_vars multi_scope": (
        "variables are no values of a file: take the gradient for them in Python, of the module's `apply`"
    ),
    "split_rngs variable_axes variable_broadcast variable_carry": (
        "the steps of an `RNN` share their params; `scan` of a cell says otherwise"
    ),
    "promote_dtype dot_general dot_general_cls conv_general_dilated conv_general_dilated_cls": (
        "functions of Python: write the layer in Python, and declare it `external`"
    ),
    "qkv_dot_general qkv_dot_general_cls out_dot_general out_dot_general_cls": (
        "functions of Python: write the layer in Python, and declare it `external`"
    ),
    "qk_attn_weights_einsum_cls attn_weights_value_einsum_cls": (
        "functions of Python: write the layer in Python, and declare it `external`"
    ),
}

LEFT_OUT = {name: reason for names, reason in _SAID.items() for name in names.split()}
"""Why there is no parameter of that name, where a word has none."""

OF_LIFTED_FUNCTIONS = {
    "variables": "a function sees all variables of its module",
    "rngs": "a function sees all streams of its module",
    "static_argnames": "functions take their arguments by position: `static_argnums`",
    "nondiff_argnames": "functions take their arguments by position: `nondiff_argnums`",
    "operand": "operands stand behind the branches",
    "holomorphic": "`grad` is of real functions; `vjp` takes complex ones",
    "allow_int": "integers have no gradient",
    "has_aux": "`grad` has it; the function that `linearize` takes returns one value",
    "batch_size": "`map` takes one element a step; `vmap` takes all",
    "unroll": "`scan` has it; `fori_loop` takes one step at a time",
}
"""The same, for what lifts of modules have and lifts of functions have not."""
