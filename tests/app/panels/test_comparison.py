"""Two runs side by side: where the texts part, which settings differ."""

from app.panels.comparison import figures, parting
from app.state.run_record import RunRecord
from engine.events import Event, RunFinished
from tests.app.factory import a_round, started, whole_run


def record_of(*events: Event, number: int = 1) -> RunRecord:
    record = RunRecord(number)
    record.add_all(events)
    return record


def test_the_same_run_twice_does_not_part():
    found = parting(record_of(*whole_run()), record_of(*whole_run(), number=2))
    assert (found.first, found.second) == ("", "")
    assert found.n_common == 2 + 5
    assert found.n_common_new == 5


def test_texts_part_at_the_first_token_that_differs():
    first = record_of(started(), a_round(0, [" a", " b"]), RunFinished("length", 3))
    second = record_of(started(), a_round(0, [" a"], [" x"], " c"), RunFinished("length", 2))
    found = parting(first, second)
    assert found.n_common_new == 1
    assert (found.before, found.first, found.second) == ("Once upon a", " b end", " c")


def test_a_run_that_ends_earlier_has_nothing_more_to_say():
    found = parting(record_of(*whole_run()), record_of(started(), a_round(0, [" a", " time"], [" lived"], " there")))
    assert found.second == ""
    assert found.first == " was\n"


def test_only_settings_that_differ_are_listed():
    first = record_of(started(settings={"gamma": 4, "seed": 1}))
    second = record_of(started(settings={"gamma": 8, "seed": 1}))
    names = [row.name for row in figures(first, second)]
    assert "gamma" in names
    assert "seed" not in names
    assert next(row for row in figures(first, second) if row.name == "gamma")[1:] == ("4", "8")


def test_a_setting_that_only_one_run_has_is_unknown_in_the_other():
    first = record_of(started(settings={"min_p": 0.5}))
    row = next(row for row in figures(first, record_of(started())) if row.name == "min p")
    assert row[1:] == ("0.5", "—")


def test_runs_without_a_start_have_nothing_in_common():
    assert parting(RunRecord(1), RunRecord(2)).n_common == 0
