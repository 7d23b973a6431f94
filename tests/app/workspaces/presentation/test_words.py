"""What presentation mode says."""

import pytest

from app.widgets.lane_marks import PLAIN_MARK
from app.workspaces.presentation import words
from app.workspaces.presentation.race import RaceRun
from app.workspaces.presentation.script import RaceFacts, TextCheck, leading
from engine.statistics import Interval, RatioEstimate
from tests.app.workspaces.presentation.races import compared, lost

FACTS = RaceFacts("comparison", "builtin", "p", (), unit="prompts")


@pytest.mark.parametrize(
    ("value", "interval", "expected"),
    [
        (1.83, None, "1.83×"),
        (0.91, None, "0.91×: slower here"),
        (1.0, None, "1.00×: as fast"),
        (1.02, Interval(0.97, 1.08), "1.02×: no clear difference"),
        (None, None, ""),
    ],
)
def test_a_loss_is_called_one(value: float | None, interval: Interval | None, expected: str) -> None:
    assert words.verdict(value, interval) == expected


def test_an_interval_is_claimed_only_where_there_is_one() -> None:
    assert words.spread(RatioEstimate(1.8, Interval(1.7, 1.9), Interval(1, 2), 20), FACTS) == (
        "95 % interval 1.70 to 1.90 over 20 prompts"
    )
    assert words.spread(RatioEstimate(1.8, None, Interval(1.7, 1.9), 4), FACTS) == "range 1.70 to 1.90 over 4 prompts"
    assert words.spread(RatioEstimate(1.8), FACTS) == words.spread(None, FACTS) == "a single race: no interval"
    assert words.short_spread(RatioEstimate(1.8, Interval(1.7, 1.9), None, 20), FACTS) == (
        "1.70 to 1.90, 95 % over 20 prompts"
    )


def test_a_difference_says_where_and_how_close_it_was() -> None:
    assert words.same_text(TextCheck(True)) == ("same text ✓",)
    assert words.same_text(TextCheck(False, 34, 0.021)) == ("≠ from token 35", "top-2 margin 0.021")
    assert words.same_text(TextCheck(False)) == ("≠ text differs",)
    assert words.same_text(TextCheck()) == ()


def test_the_check_over_all_lanes() -> None:
    script = compared()
    assert words.all_texts(script) == ("same text ✓", True)
    broken = script._replace(lanes=(*script.lanes[:2], script.lanes[2]._replace(check=TextCheck(False, 3))))
    assert words.all_texts(broken) == ("≠ text differs in 1 lane", False)
    as_plain = script.lanes[2]._replace(check=TextCheck(False, 3, as_plain_runs=True))
    assert words.all_texts(script._replace(lanes=(*script.lanes[:2], as_plain)))[1]


def test_the_headline_has_the_speedup_first_and_a_loss_in_it() -> None:
    script, loser = compared(), lost()
    best = leading(script.lanes, script.facts.recommended)
    assert words.headline(best, PLAIN_MARK, live=False) == ("1.83×", "● builtin γ 4")
    worst = leading(loser.lanes)
    assert worst is not None and words.is_loss(worst)
    assert words.headline(worst, PLAIN_MARK, live=False)[0] == "0.91×: slower here"
    assert words.headline(worst, PLAIN_MARK, live=True) == ("Racing live…",)


def test_what_a_race_is_of_names_pair_workload_machine_and_date() -> None:
    script = compared()
    line = " · ".join((*words.of_what(script), *words.measured_where(script)))
    for part in ("built-in target", "prompt set builtin", "48 new tokens", "greedy", "2 threads", "2026-11-29"):
        assert part in line
    assert "measured one at a time, played back together" in line
    assert words.prompt_line(script.facts).startswith("Prompt 1 of 4 (story): ")


def test_foreign_names_and_prompts_cannot_break_a_line() -> None:
    script = compared()
    facts = script.facts._replace(prompt="<b>\n\u202e" + "x" * 10_000, processor="\x1b[0m", category="a\nb")
    assert "\n" not in words.prompt_line(facts) and len(words.prompt_line(facts)) < 600
    assert "\x1b" not in " ".join(words.measured_where(script._replace(facts=facts)))


def test_what_is_special_about_times_is_said() -> None:
    plain, small, _ = compared().lanes
    assert words.note(plain) == ""
    assert words.note(plain._replace(paced=True)) == "shown at its measured mean pace"
    assert words.note(small._replace(watched=True)) == "timed while shown, which slows it"


def test_counters_and_places() -> None:
    script = compared()
    run = RaceRun([lane.recording for lane in script.lanes])
    assert words.tokens_per_s(run.lanes[0]) == "reading the prompt"
    run.advance_to(1e6)
    assert words.tokens_per_s(run.lanes[0]) == "100 tokens/s" and words.n_tokens(run.lanes[0]) == "48 tokens"
    assert [words.place(n) for n in (None, 1, 2, 3, 4)] == ["", "1st", "2nd", "3rd", "4th"]
    assert words.seconds(0.123) == "0.12 s" and words.seconds(1e300) == "> 99,999 s"
    assert "builtin γ 4: 1st, 48 tokens" in words.spoken(script.lanes, run)


def test_the_rates_beside_a_lane_divide_to_its_verdict_and_the_whole_stands_below() -> None:
    drafted = next(each for each in compared().lanes if not each.is_plain)
    lane = drafted._replace(here=0.95, measured=RatioEstimate(1.83, None, Interval(1.5, 2.0), 5))
    assert words.race_verdict(lane) == "0.95×: slower here"
    assert words.loses_here(lane)
    assert words.overall(lane) == "overall 1.83×"
