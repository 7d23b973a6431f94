"""One kept run: its summary at any event equals folding up to there."""

from hypothesis import given
from hypothesis import strategies as st

from app.run_record import RunRecord
from engine.events import Event, RunFinished
from engine.summary import Summary, fold
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
