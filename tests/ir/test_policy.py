"""Policies as values and as text."""

import pytest

from stablelift import checkpoint_policies as policies
from stablelift.ir.policy import Policy, bytes_of, parse

EVERY = [
    policies.everything_saveable,
    policies.nothing_saveable,
    policies.dots_saveable,
    policies.dots_with_no_batch_dims_saveable,
    policies.offload_dot_with_no_batch_dims("device", "pinned_host"),
    policies.save_anything_except_these_names("a", 'quoted "b"', "back\\slash"),
    policies.save_any_names_but_these(),
    policies.save_only_these_names("a"),
    policies.save_from_both_policies(policies.dots_saveable, policies.save_only_these_names("a", "b")),
    policies.save_and_offload_only_these_names(
        names_which_can_be_saved=["a"],
        names_which_can_be_offloaded=["b", "c"],
        offload_src="device",
        offload_dst="pinned_host",
    ),
    policies.over_ops(lambda op, operands, results: op == "stablehlo.tanh"),
    policies.auto,
    policies.min_cut,
    policies.budget("512MiB"),
    policies.budget(0.5),
]


@pytest.mark.parametrize("policy", EVERY, ids=lambda policy: policy.name)
def test_the_text_of_a_policy_reads_as_the_policy(policy):
    assert parse(str(policy)) == policy


def test_texts():
    assert str(policies.save_only_these_names("a", "b")) == 'save_only_these_names("a", "b")'
    assert str(policies.checkpoint_dots) == "dots_saveable"
    assert parse(" checkpoint_dots ") is not None and parse("checkpoint_dots") == policies.dots_saveable
    offloading = EVERY[9]
    assert str(offloading) == (
        'save_and_offload_only_these_names(["a"], ["b", "c"], "device", "pinned_host")'
    )


def test_arguments_by_name():
    names = 'names_which_can_be_saved=("a",), names_which_can_be_offloaded=("b", "c")'
    memories = 'offload_dst="pinned_host", offload_src="device"'
    assert parse(f"save_and_offload_only_these_names({names}, {memories})") == EVERY[9]
    assert parse("budget(size=0.5)") == EVERY[-1]


@pytest.mark.parametrize(
    "text, message",
    [
        ("dots", "unknown policy `dots`; the policies are everything_saveable, nothing_saveable, "),
        (
            "save_only_these_names(1)",
            "policy `save_only_these_names`: expected names, as strings, found 1",
        ),
        ("budget(bytes=3)", "policy `budget`: expected size by name, found bytes"),
        (
            "dots_saveable(size=3)",
            "policy `dots_saveable`: expected no more arguments, and none by name, found size",
        ),
        ("dots_saveable(3)", "policy `dots_saveable`: expected no arguments, found 3"),
        (
            "save_from_both_policies(dots_saveable)",
            "policy `save_from_both_policies`: expected two policies, found dots_saveable",
        ),
        (
            'save_and_offload_only_these_names(["a"], ["a"], "x", "y")',
            "policy `save_and_offload_only_these_names`: expected the names to save, those to offload "
            '(disjoint), and the kinds of memory to move from and to, found ["a"], ["a"], "x", "y"',
        ),
        (
            'budget("much")',
            'policy `budget`: expected a size such as "512MiB", a number of bytes, or a fraction between 0 '
            'and 1, found "much"',
        ),
        ("budget(1.5)", "fraction between 0 and 1, found 1.5"),
        ("a +", "expected a policy such as dots_saveable or save_only_these_names(\"a\"), found 'a +'"),
        ("1", "expected a policy such as dots_saveable or save_only_these_names(\"a\"), found '1'"),
        ("auto.x", "expected names, strings, numbers and tuples in a policy, found auto.x"),
    ],
)
def test_what_is_no_policy(text, message):
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert message in str(caught.value)


def test_functions_of_one_name_are_told_apart():
    first, second = (policies.over_ops(lambda op, operands, results: False) for _ in range(2))
    assert first != second and isinstance(first, Policy)


def test_sizes():
    assert [bytes_of(size) for size in ("1.5 KiB", "2MB", "7B", 12)] == [1536, 2_000_000, 7, 12]
