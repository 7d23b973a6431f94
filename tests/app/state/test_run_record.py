"""One kept run: its summary at any event equals folding up to there."""

from hypothesis import given
from hypothesis import strategies as st

from app.state.run_record import RunRecord
from engine.events import Event, RunFinished
from engine.runs.summary import Summary, fold
from tests.app.factory import a_round, started

N_ROUNDS = 700
EVENTS: list[Event] = [started(), *(a_round(n, [" a"] * (n % 4), [" x"] * (n % 2)) for n in range(N_ROUNDS))]
RECORD = RunRecord(1)
RECORD.add_all(EVENTS)


@given(st.integers(0, N_ROUNDS + 5))
def test_the_summary_at_any_event_is_the_fold_up_to_it(n):
    expected = Summary()
    for event in EVENTS[:n]:
        expected = fold(expected, event)
    assert RECORD.summary_at(n) == expected


def test_what_a_file_holds_after_the_end_of_the_run_is_left_out():
    record = RunRecord(1)
    record.add_all([started(), RunFinished("length", 0), a_round(0, [" late"])])
    assert len(record.events) == 2
    assert record.ended


def test_a_round_and_a_piece_are_found_without_a_search():
    record = RunRecord(1)
    record.add_all([started(pieces=("Once", " upon")), a_round(0, [" a", " b"]), a_round(1, [], [" x"], " c")])
    assert record.round(1) is record.events[2]
    assert record.round(7) is None
    assert [record.piece(place) for place in range(len(record.ids))] == ["Once", " upon", " a", " b", " end", " c"]


def test_so_many_rounds_end_at_their_events():
    assert RECORD.event_after(0) == 1
    assert RECORD.event_after(3) == 4
    assert RECORD.event_after(N_ROUNDS) == len(EVENTS)
    assert RunRecord(1).event_after(0) == 0
