"""Figures of lanes, from generations made up with known counts and times."""

import pytest
from msgspec.structs import replace

from engine.events import ComparisonStarted, GenerationMeasured, RoundFinished
from engine.experiments.lane_figures import (
    Counts,
    alpha_interval,
    cost_model,
    counts_of,
    lane_figures,
    predicted_speedup,
    speedup,
    unit_times,
)
from engine.speed_model import CostModel
from engine.statistics import RatioSums, running_interval
from tests.comparisons import FOREIGN, GENERAL, PLAIN, SMALL, comparison

LOG = comparison(n_prompts=12)
STARTED = next(event for event in LOG if isinstance(event, ComparisonStarted))
TEXTS = [event for event in LOG if isinstance(event, GenerationMeasured)]


def of(name: str) -> list[GenerationMeasured]:
    return [text for text in TEXTS if text.lane == name]


def rounds_of(name: str) -> list[RoundFinished]:
    return [event for text in of(name) for event in text.rounds]


def test_counts_are_those_of_the_rounds() -> None:
    counts, rounds = counts_of(of(GENERAL.name)), rounds_of(GENERAL.name)
    fates = [token.fate for event in rounds for token in event.proposed]
    assert (sum(counts.accepted), sum(counts.tested)) == (
        fates.count("accepted"), len(fates) - fates.count("untested"),
    )  # fmt: skip
    assert (counts.n_rounds, counts.n_proposed) == (len(rounds), len(fates))


def test_another_repeat_brings_times_but_no_counts() -> None:
    again = [replace(text, repeat=1, decode_ms=3 * text.decode_ms) for text in of(SMALL.name)]
    assert counts_of([*of(SMALL.name), *again]) == counts_of(of(SMALL.name))
    first = next(iter(unit_times([*of(SMALL.name), *again]).values()))
    assert first.ms[1] == pytest.approx(3 * first.ms[0])


def test_speedup_is_the_quotient_of_the_times_a_token() -> None:
    rows = {row.lane: row for row in lane_figures(STARTED.lanes, STARTED.prompts, TEXTS, {FOREIGN.name: "no"})}
    plain, general = rows[PLAIN.name], rows[GENERAL.name]
    assert general.speedup is not None
    assert general.speedup.value == pytest.approx(plain.ms_per_token / general.ms_per_token)  # type: ignore[operator]
    assert general.speedup.ci is not None, "twelve prompts have an interval"
    assert general.speedup.ci.low < general.speedup.value < general.speedup.ci.high
    assert rows[FOREIGN.name].why_not == "no"


def test_prompts_that_a_lane_has_not_continued_yet_count_for_none() -> None:
    early = [text for text in TEXTS if text.lane != GENERAL.name or text.prompt < 5]
    rows = lane_figures((PLAIN, SMALL, GENERAL), STARTED.prompts, early, {})
    assert {row.n_prompts for row in rows} == {5}


def test_a_lane_that_takes_as_long_as_plain_decoding_has_speedup_one() -> None:
    assert speedup(of(PLAIN.name), of(PLAIN.name)).value == pytest.approx(1.0)


def test_the_interval_of_acceptance_is_over_rounds_below_ten_prompts_and_over_prompts_above() -> None:
    few = [text for text in of(GENERAL.name) if text.prompt < 5]
    sums = RatioSums()
    for event in (event for text in few for event in text.rounds):
        tested = [token.fate for token in event.proposed if token.fate != "untested"]
        if tested:
            sums = sums.plus(tested.count("accepted"), len(tested))
    assert alpha_interval(few) == pytest.approx(running_interval(sums))
    assert alpha_interval(of(GENERAL.name)) != alpha_interval(few)


def test_costs_are_those_the_rounds_were_made_with() -> None:
    costs = cost_model(of(PLAIN.name), of(GENERAL.name))
    assert costs is not None
    assert costs.draft_ms == pytest.approx(1.5)
    assert costs.fixed_ms == pytest.approx(0.0, abs=1e-6)
    assert costs.plain_ms == pytest.approx(10.0)
    assert cost_model(of(PLAIN.name), of(PLAIN.name)) is None


def test_a_round_without_a_draft_is_a_plain_step_in_the_prediction() -> None:
    costs = CostModel(10.0, 1.0, 0.5, ((1, 10.0), (5, 12.0)))
    whole = Counts(300, 100, 400, (80, 60, 40, 20), (100, 80, 60, 40))
    assert predicted_speedup(costs, whole) == pytest.approx(costs.speedup(3.0, 4))  # every round drafts
    half = Counts(200, 100, 200, (40, 30, 20, 10), (50, 40, 30, 20))
    assert predicted_speedup(costs, half) == pytest.approx(2.0 * 10 / (0.5 * costs.round_ms(4) + 0.5 * 10))
    assert predicted_speedup(costs, Counts(100, 100, 0, (), ())) is None


def test_categories_and_ranks_add_up() -> None:
    row = next(row for row in lane_figures(STARTED.lanes[:3], STARTED.prompts, TEXTS, {}) if row.lane == GENERAL.name)
    assert sum(category.n_prompts for category in row.categories) == row.n_prompts == 12
    assert sum(row.ranks) == sum(len(text.rejected_ranks) for text in of(GENERAL.name))


def test_times_side_by_side_are_the_same_median_over_repeats() -> None:
    slow = [replace(text, repeat=repeat, decode_ms=9 * text.decode_ms) for text in of(SMALL.name) for repeat in (3,)]
    same = [replace(text, repeat=repeat) for text in of(SMALL.name) for repeat in (1, 2)]
    quiet = lane_figures((PLAIN, SMALL), STARTED.prompts, [*of(PLAIN.name), *of(SMALL.name)], {})
    noisy = lane_figures((PLAIN, SMALL), STARTED.prompts, [*of(PLAIN.name), *of(SMALL.name), *same, *slow], {})
    for before, after in zip(quiet, noisy, strict=True):
        assert (after.tokens_per_s, after.tpot_ms, after.ttft_ms, after.c) == pytest.approx(
            (before.tokens_per_s, before.tpot_ms, before.ttft_ms, before.c)
        )
