"""What the reverse of a rematerialised function may keep: JAX's policies by their names, and ours.

Each is a value with a text (`str(policy)`), which a program in a file, or a command line, may say instead.
`remat(..., policy=...)` takes these, their texts, and JAX's own, `jax.checkpoint_policies`, of which any
callable `(primitive, *avals, **params) -> bool` is one.
"""

from __future__ import annotations

from collections.abc import Sequence

from stablelift.ir.policy import OVER_OPS, OpPolicy, Policy

__all__ = [
    "auto",
    "budget",
    "checkpoint_dots",
    "checkpoint_dots_with_no_batch_dims",
    "dots_saveable",
    "dots_with_no_batch_dims_saveable",
    "everything_saveable",
    "min_cut",
    "nothing_saveable",
    "offload_dot_with_no_batch_dims",
    "over_ops",
    "price",
    "repeating",
    "save_and_offload_only_these_names",
    "save_any_names_but_these",
    "save_anything_except_these_names",
    "save_from_both_policies",
    "save_only_these_names",
]

everything_saveable = Policy("everything_saveable")
"""Save all that the reverse uses, as if nothing were rematerialised."""

nothing_saveable = Policy("nothing_saveable")
"""Save the inputs alone: what a policy of None means."""

dots_saveable = checkpoint_dots = Policy("dots_saveable")
"""Save the results of contractions and convolutions."""

dots_with_no_batch_dims_saveable = Policy("dots_with_no_batch_dims_saveable")
"""Save the results of contractions without batch dimensions."""

checkpoint_dots_with_no_batch_dims = dots_with_no_batch_dims_saveable

min_cut = Policy("min_cut")
"""Save the fewest bytes from which the rest is recomputed without repeating what is expensive."""

auto = Policy("auto")
"""`min_cut` with the time of what is recomputed weighed against the traffic of what is saved."""


def offload_dot_with_no_batch_dims(offload_src: str, offload_dst: str) -> Policy:
    """Save contractions without batch dimensions alone, in another memory, such as "pinned_host"."""
    return Policy("offload_dot_with_no_batch_dims", (offload_src, offload_dst))


def save_anything_except_these_names(*names_not_to_save: str) -> Policy:
    """Save all that the reverse uses, named or not, but for values of these names."""
    return Policy("save_anything_except_these_names", names_not_to_save)


def save_any_names_but_these(*names_not_to_save: str) -> Policy:
    """Save values that have a name, but for these names."""
    return Policy("save_any_names_but_these", names_not_to_save)


def save_only_these_names(*names_which_can_be_saved: str) -> Policy:
    """Save values of these names."""
    return Policy("save_only_these_names", names_which_can_be_saved)


def save_from_both_policies(policy_1: Policy, policy_2: Policy) -> Policy:
    """Save what either policy saves."""
    return Policy("save_from_both_policies", (policy_1, policy_2))


def save_and_offload_only_these_names(
    *,
    names_which_can_be_saved: Sequence[str],
    names_which_can_be_offloaded: Sequence[str],
    offload_src: str,
    offload_dst: str,
) -> Policy:
    """Save values of the first names, and in another memory those of the second; no name may be in both."""
    names = tuple(names_which_can_be_saved), tuple(names_which_can_be_offloaded)
    return Policy("save_and_offload_only_these_names", (*names, offload_src, offload_dst))


def over_ops(saveable: OpPolicy) -> Policy:
    """A policy of your own: whether `saveable(op_name, operand_types, result_types)` holds of an op.

    Names and types are those of StableHLO, as text: `saveable("stablehlo.tanh", ["tensor<4xf32>"],
    ["tensor<4xf32>"])`. The text of the policy names the function by its qualified name, so a program that is
    loaded from a file finds it once this process has made the policy.
    """
    name = whole = f"{saveable.__module__}.{saveable.__qualname__}"
    count = 1
    while OVER_OPS.setdefault(name, saveable) is not saveable:
        count += 1
        name = f"{whole}#{count}"
    return Policy("over_ops", (name,))


def repeating(policy: Policy, *ops: str) -> Policy:
    """`auto` or `min_cut`, which then also repeat these ops, as in `repeating(auto, "stablehlo.gather")`."""
    return Policy(policy.name, (*policy.arguments, *ops))


def budget(size: str | int | float) -> Policy:
    """The fastest choice that takes at most `size`: "512MiB", bytes, or a fraction.

    Of a rematerialised function it bounds what the reverse keeps of it; of a whole program, as in
    `stablelift.compile(step, remat=budget("2GiB"))`, the temporary memory that XLA accounts for. The fraction
    0 is the least that can be reached, 1 the most that is of use.
    """
    return Policy("budget", (size,))


def price(byte: float, part: float = 1.0) -> Policy:
    """As `auto`, each saved byte weighing `byte` times its traffic, at least 1: more saves less and repeats
    more.

    Products, gathers and inner loops may then be repeated too. Of choices that cost the same at this price,
    `part` 0 takes the one of the fewest bytes, 1 that of the most. A budget for a whole program is kept by
    finding the price at which it is: `compile(remat=budget(...)).kept.policy`.
    """
    return Policy("price", (float(byte), float(part)))
