"""Lanes are named once, and checked before anything is loaded."""

import pytest

from engine.errors import InputError
from engine.events import LaneSpec
from engine.experiments.lane_specs import (
    PLAIN,
    accepting,
    config_of,
    gated_lanes,
    is_approximate,
    is_tree,
    lanes_of,
    method_of,
    one_a_drafter,
    refuse_ambiguous,
    tree_lanes,
    with_gamma,
    with_policies,
)
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import AcceptRule


def test_plain_decoding_is_always_the_first_lane() -> None:
    assert [lane.name for lane in lanes_of(["a", "b"], (2, 4))] == ["plain", "a γ 2", "a γ 4", "b γ 2", "b γ 4"]


def test_folders_are_called_by_their_last_part_unless_two_are_called_the_same() -> None:
    names = [lane.name for lane in lanes_of(["/x/same", "/y/same", "/z/other", "hub/other-name"], (1,))]
    assert names == ["plain", "/x/same γ 1", "/y/same γ 1", "other γ 1", "hub/other-name γ 1"]


def test_what_is_named_twice_is_one_lane() -> None:
    assert len(lanes_of(["a", " a ", "none"], (2, 2))) == 2


@pytest.mark.parametrize(
    ("drafters", "gammas"), [([], (1,)), ([""], (1,)), (["a"], ()), (["a"], (0,)), (["a"], tuple(range(1, 65)))]
)
def test_nothing_to_compare_is_refused(drafters: list[str], gammas: tuple[int, ...]) -> None:
    with pytest.raises(InputError):
        lanes_of(drafters, gammas)


def test_another_draft_length_keeps_the_name_of_its_drafter() -> None:
    lane = with_gamma(lanes_of(["/models/near"], (1,))[1], 7)
    assert (lane.name, lane.drafter, lane.gamma) == ("near γ 7", "/models/near", 7)


def test_another_draft_length_keeps_the_settings_and_what_the_name_says_of_them() -> None:
    warm = LaneSpec("near γ 12, warm", "near", 12, settings=(("temperature", 0.5),))
    assert with_gamma(warm, 3) == LaneSpec("near γ 3, warm", "near", 3, settings=(("temperature", 0.5),))
    assert with_gamma(LaneSpec("mine", "near", 2), 3).name == "mine γ 3"


def test_lanes_of_one_name_are_refused() -> None:
    refuse_ambiguous(lanes_of(["a", "b"], (1, 2)))
    refuse_ambiguous(())
    with pytest.raises(InputError, match="2 lanes are called 'a'"):
        refuse_ambiguous((LaneSpec("a", "x", 1), LaneSpec("a", "y", 1)))


def test_lanes_that_differ_in_length_alone_count_once() -> None:
    warm = LaneSpec("a γ 2, warm", "a", 2, settings=(("temperature", 0.5),))
    lanes = (*lanes_of(["a", "b"], (1, 4)), warm)
    assert [lane.name for lane in one_a_drafter(lanes)] == ["a γ 1", "b γ 1", "a γ 2, warm"]


def test_a_lanes_own_settings_come_before_those_of_the_comparison() -> None:
    lane = LaneSpec("a γ 3", "a", 3, settings=(("temperature", 0.5),))
    config = config_of(lane, {"temperature": 1.0, "max_new_tokens": 9})
    assert isinstance(config, SpeculativeConfig)
    assert (config.gamma, config.temperature, config.max_new_tokens) == (3, 0.5, 9)
    assert config_of(PLAIN, {"temperature": 1.0}).temperature == 1.0


def test_a_method_that_continues_no_text_cannot_be_a_lane() -> None:
    with pytest.raises(InputError, match="cannot be a lane"):
        method_of(LaneSpec("x", "a", 1, "standard_rag"))


def test_trees_are_lanes_of_their_own_with_their_depth_as_draft_length() -> None:
    lanes = tree_lanes(["a", "none", "/models/near"], ("4,8,8", " 4, 8,8", "2,2"))
    assert [(lane.name, lane.gamma) for lane in lanes] == [
        ("a tree 4,8,8", 3), ("a tree 2,2", 2), ("near tree 4,8,8", 3), ("near tree 2,2", 2),
    ]  # fmt: skip
    assert all(map(is_tree, lanes))
    assert not any(map(is_tree, lanes_of(["a"], (2,))))


@pytest.mark.parametrize("shape", ["", " ", "4,x", "4,,8", "9999", "-1", "0"])
def test_a_text_that_describes_no_tree_is_refused(shape: str) -> None:
    with pytest.raises(InputError):
        tree_lanes(["a"], (shape,))


@pytest.mark.parametrize(
    ("rule", "of_chain", "of_tree"),
    [
        ("token", None, None),
        ("block", "block", "traversal"),
        ("recursive", "token", "recursive"),
        ("traversal", "block", "traversal"),
    ],
)
def test_an_accept_rule_is_given_to_each_lane_in_the_kind_that_fits(
    rule: AcceptRule, of_chain: str | None, of_tree: str | None
) -> None:
    plain, chain = lanes_of(["a"], (2,))
    rules = [dict(accepting(lane, rule).settings).get("accept") for lane in (chain, *tree_lanes(["a"], ("2,2",)))]
    assert accepting(plain, rule) == plain
    assert rules == [of_chain, of_tree]
    for lane in (chain, *tree_lanes(["a"], ("2,2",))):
        config_of(accepting(lane, rule), {})


def test_a_policy_is_one_more_lane_for_each_drafter() -> None:
    lanes = with_policies(lanes_of(["builtin", "lookup"], [2, 4]), ["best-s", "best-s", "fallback"])
    assert [lane.name for lane in lanes[5:]] == [
        "builtin γ 2, best-s", "builtin γ 2, fallback", "lookup γ 2, best-s", "lookup γ 2, fallback",
    ]  # fmt: skip
    assert config_of(lanes[5], {}).draft_policy.name == "best-s"
    assert config_of(lanes[1], {}).draft_policy.name == "fixed"


def test_a_policy_that_there_is_not_is_refused() -> None:
    with pytest.raises(InputError, match="policy"):
        with_policies(lanes_of(["builtin"], [4]), ["clever"])
    with pytest.raises(InputError, match="too many"):
        with_policies(lanes_of(["builtin", "lookup"], list(range(1, 31))), ["best-s", "fallback"])


def test_a_gate_gives_a_lane_for_each_model_and_threshold_that_is_called_approximate() -> None:
    lanes = gated_lanes(["builtin", "lookup", "/models/small"], (0.5, 0.9))
    assert [lane.name for lane in lanes] == [
        "builtin gate 0.5, approximate", "builtin gate 0.9, approximate", "small gate 0.5, approximate",
        "small gate 0.9, approximate",
    ]  # fmt: skip
    assert {lane.method for lane in lanes} == {"sprinter"} and is_approximate("sprinter")
    assert not is_approximate("speculative") and not is_approximate("of a later version")
    assert gated_lanes(["lookup"], ()) == ()
    with pytest.raises(InputError, match="that is a model"):
        gated_lanes(["lookup"], (0.5,))
    with pytest.raises(InputError, match="threshold"):
        gated_lanes(["builtin"], (1.5,))
