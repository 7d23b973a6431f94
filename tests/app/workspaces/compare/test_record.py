"""The record of a comparison: what it keeps, how it ends, and that damaged events do no harm."""

from pathlib import Path

from msgspec.structs import replace

from app.widgets.lane_marks import PLAIN_MARK
from app.workspaces.compare.record import AskedTurn, ComparisonRecord, read_record
from engine.commands import Compare
from engine.events import ComparisonMeasured, GenerationMeasured, LaneRefused, Progressed, Refused
from tests.comparisons import FOREIGN, GENERAL, SMALL, comparison


def folded(*, complete: bool = True) -> ComparisonRecord:
    record = ComparisonRecord()
    record.begin(Compare((GENERAL,)))
    for event in comparison(complete=complete):
        assert record.take(event)
    return record


def test_a_finished_comparison_has_lanes_figures_and_texts() -> None:
    record = folded()
    assert (record.state, record.recommended, record.live) == ("finished", GENERAL.name, False)
    assert [figures.lane for figures in record.figures] == ["plain", SMALL.name, GENERAL.name, FOREIGN.name]
    assert record.mark("plain") == PLAIN_MARK
    assert set(record.texts[AskedTurn(0, 0)]) == {"plain", SMALL.name, GENERAL.name}
    assert not record.differing


def test_figures_so_far_leave_it_under_way() -> None:
    assert folded(complete=False).state == "measuring"


def test_a_lane_that_cannot_take_part_says_why_before_there_are_figures() -> None:
    record = ComparisonRecord()
    for event in comparison()[:2]:
        record.take(event)
    assert "token 17" in record.figures[-1].why_not
    assert record.figures[0].why_not == ""


def test_a_text_that_differs_is_noted_whichever_comes_first() -> None:
    for order in (1, -1):
        record = ComparisonRecord()
        start, _, *rest = comparison(n_prompts=1)
        texts = [event for event in rest if isinstance(event, GenerationMeasured)]
        texts[1] = replace(texts[1], ids=(9, 9))
        for event in (start, *texts[::order]):
            record.take(event)
        assert record.differing == {AskedTurn(0, 0)}


def test_generations_of_nothing_that_was_asked_are_left_out() -> None:
    record = ComparisonRecord()
    start, _, first, *_ = comparison(n_prompts=1)
    assert isinstance(first, GenerationMeasured)
    for broken in (
        replace(first, prompt=7), replace(first, prompt=-1), replace(first, turn=3), replace(first, lane="nobody"),
        replace(first, repeat=1),
    ):  # fmt: skip
        record.take(start)
        record.take(broken)
        assert record.texts == {}


def test_figures_of_a_lane_that_was_not_announced_are_not_shown() -> None:
    record = folded()
    measured = record.measured
    assert isinstance(measured, ComparisonMeasured)
    record.take(replace(measured, lanes=(replace(measured.lanes[0], lane="ghost"),)))
    assert "ghost" not in {figures.lane for figures in record.figures}


def test_a_refusal_ends_it_and_keeps_what_was_measured() -> None:
    record = folded(complete=False)
    record.fail(Refused("compare", "stopped by you", ""))
    assert (record.state, record.measured is None, record.live) == ("refused", False, False)


def test_events_of_other_work_are_not_its_own() -> None:
    assert not ComparisonRecord().take(Progressed("measuring", 1, 2, "prompts"))


def test_a_file_that_ends_early_is_torn() -> None:
    events = comparison()
    assert read_record(events, Path("a.jsonl")).state == "finished"
    assert read_record(events[:-1], Path("a.jsonl")).state == "torn"


def test_a_second_comparison_starts_the_record_over() -> None:
    record = folded()
    number = record.number
    record.take(comparison(seed=1)[0])
    assert record.number == number + 1 and record.texts == {} and record.measured is None


def test_a_report_gets_every_event_with_the_newest_figures_alone() -> None:
    record, events = ComparisonRecord(), comparison(n_prompts=2)
    early = next(event for event in comparison(n_prompts=2, complete=False) if isinstance(event, ComparisonMeasured))
    for event in (*events[:-1], early, events[-1]):
        record.take(event)
    assert record.log == events


def test_a_lane_that_a_race_refuses_is_none_of_a_finished_comparison() -> None:
    record, events = ComparisonRecord(), comparison()
    for event in events:
        record.take(event)
    refusal = next(event for event in events if isinstance(event, LaneRefused))
    assert not record.take(refusal)
    assert record.log == events
