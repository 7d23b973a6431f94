"""From the top bar to a command: draft lengths as people write them, lanes, and the reasons against."""

import pytest

from app.workspaces.compare import choice
from app.workspaces.compare.choice import ComparisonChoice, read_gammas
from engine.errors import InputError

CHOICE = ComparisonChoice("builtin", ("builtin", "lookup"), "2, 4", "builtin", 20, 1, {"temperature": 0.0})


@pytest.mark.parametrize(
    ("text", "gammas"),
    [("2, 4, 6", (2, 4, 6)), ("4;2 2", (2, 4)), ("1-3", (1, 2, 3)), (" 1 – 2, 8", (1, 2, 8)), ("64", (64,))],
)
def test_draft_lengths_are_read_as_people_write_them(text: str, gammas: tuple[int, ...]) -> None:
    assert read_gammas(text) == gammas


@pytest.mark.parametrize("text", ["", " , ", "0", "65", "two", "2.5", "-1", "4-2", "1-99999999999", "²", "1-1000"])
def test_what_is_no_draft_length_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError, match="draft length"):
        read_gammas(text)


def test_a_command_has_plain_decoding_and_every_drafter_at_every_length() -> None:
    command = choice.command(CHOICE, tune=False)
    assert [(lane.drafter, lane.gamma) for lane in command.lanes] == [
        ("none", 0), ("builtin", 2), ("builtin", 4), ("lookup", 2), ("lookup", 4)
    ]  # fmt: skip
    assert (command.prompts, command.n_prompts, command.repeats, command.tune) == ("builtin", 20, 1, False)
    assert choice.command(CHOICE, tune=True).tune


def test_the_reason_against_is_named() -> None:
    assert choice.why_not(CHOICE) == ""
    assert choice.why_not(CHOICE._replace(drafters=())) == "no drafter is chosen"
    assert "draft length" in choice.why_not(CHOICE._replace(gammas="x"))
    assert choice.why_not(CHOICE._replace(prompts=" ")) == "no set of prompts is chosen"


def test_the_plan_counts_what_will_be_measured() -> None:
    assert choice.plan(CHOICE, "all tasks").startswith("5 lanes (2 drafters × 2 draft lengths, and plain decoding)")
    assert "all prompts of" in choice.plan(CHOICE._replace(n_prompts=0), "all tasks")
    assert choice.plan(CHOICE._replace(gammas=""), "all tasks") == ""


def test_thresholds_add_a_lane_for_each_drafter_that_is_a_model() -> None:
    chosen = CHOICE._replace(thresholds="0.8; 0.5")
    gated = [lane for lane in choice.lanes(chosen) if lane.method == "sprinter"]
    assert [lane.name for lane in gated] == ["builtin gate 0.5, approximate", "builtin gate 0.8, approximate"]
    assert "7 lanes (2 drafters × 2 draft lengths, 2 gates that are approximate, and plain" in choice.plan(
        chosen, "all"
    )
    assert "threshold 1.5 is not a number from 0 to 1" in choice.why_not(CHOICE._replace(thresholds="1.5"))
    assert all(lane.method != "sprinter" for lane in choice.lanes(chosen, tune=True))
