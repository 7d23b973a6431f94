"""The figures of a comparison as its generations come in."""

from collections.abc import Sequence

from msgspec.structs import replace

from engine.events import ComparisonStarted, GammaPrediction, GenerationMeasured, LaneRefused, LaneSpec
from engine.experiments.comparison_figures import ComparisonSoFar
from tests.comparisons import FOREIGN, comparison

LOG = comparison()
TEXTS = [event for event in LOG if isinstance(event, GenerationMeasured)]
STARTED = next(event for event in LOG if isinstance(event, ComparisonStarted))
REFUSAL = LaneRefused(FOREIGN.name, "token 17 is another word", "use another drafter")


def so_far(texts: Sequence[GenerationMeasured], *, greedy: bool = True, refused: bool = False) -> ComparisonSoFar:
    lanes: tuple[LaneSpec, ...] = tuple(lane for lane in STARTED.lanes if lane != FOREIGN)
    figures = ComparisonSoFar(
        (*lanes, FOREIGN) if refused else lanes, STARTED.prompts, (REFUSAL,) if refused else (), "a test", greedy=greedy
    )
    for text in texts:
        figures.take(text)
    return figures


def test_nothing_is_recommended_before_three_prompts_were_measured_by_every_lane() -> None:
    assert so_far([]).event(complete=False).recommendation is None
    assert so_far(TEXTS[:1]).event(complete=False).recommendation is None
    assert so_far(TEXTS[:8]).event(complete=False).recommendation is None, "two prompts make no leader"
    assert so_far(TEXTS[:9]).event(complete=False).recommendation is not None


def test_a_comparison_of_nothing_is_complete_and_leaves_it_off() -> None:
    event = so_far([], refused=True).event(complete=True)
    assert event.recommendation is not None and event.recommendation.drafter == "none"
    assert next(row for row in event.lanes if row.lane == FOREIGN.name).why_not.startswith(REFUSAL.why)


def test_prompts_are_counted_once_they_are_measured_by_every_lane_that_takes_part() -> None:
    assert so_far(TEXTS[:5], refused=True).n_measured == 1
    assert so_far(TEXTS[:6], refused=True).n_measured == 2


def test_rounds_are_not_kept_a_second_time() -> None:
    assert all(not text.rounds for text in so_far(TEXTS).texts_of("plain"))
    assert so_far(TEXTS).texts_of("nowhere") == []


def test_texts_are_compared_where_they_are_greedy() -> None:
    odd = [replace(text, ids=(*text.ids[:2], 9_999)) if text.lane != "plain" else text for text in TEXTS]
    rows = {row.lane: row for row in so_far(odd).event(complete=True).lanes}
    assert rows["plain"].same_text is None
    assert rows["builtin γ 4"].same_text is False
    assert rows["builtin γ 4"].first_divergence == 2
    assert all(row.same_text is None for row in so_far(odd, greedy=False).event(complete=True).lanes)


def test_prompts_that_two_plain_runs_continue_differently_are_counted() -> None:
    assert so_far(TEXTS).event(complete=True).n_plain_differing is None
    plain = [text for text in TEXTS if text.lane == "plain"]
    again = [replace(text, repeat=1) for text in plain]
    again[0] = replace(again[0], ids=(9_999,))
    assert so_far([*TEXTS, *again]).event(complete=True).n_plain_differing == 1


def test_predictions_are_shown_beside_what_was_measured() -> None:
    figures = so_far(TEXTS)
    figures.predictions = (GammaPrediction("builtin", 4, 1.5), GammaPrediction("builtin", 5, 1.4))
    event = figures.event(complete=True)
    confirmed, unseen = event.predictions
    row = next(row for row in event.lanes if row.lane == "builtin γ 4")
    assert row.speedup is not None and confirmed.measured == row.speedup.value
    assert unseen.measured is None


def test_figures_wait_until_they_no_longer_delay_the_measurement() -> None:
    figures = so_far(TEXTS)
    assert figures.is_due()
    figures.event(complete=False)
    assert not figures.is_due()
