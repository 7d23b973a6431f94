"""The runs of a session: what is shown, what grows, what is let go."""

from app.state.run_history import MAX_PAST_TOKENS, RunHistory
from app.state.run_record import RunRecord
from engine.events import RoundFinished, RunFinished
from tests.app.factory import a_round, started, whole_run


def shelf_with(*run_ids: str) -> RunHistory:
    shelf = RunHistory()
    for run_id in run_ids:
        shelf.begin(live=False).add_all(whole_run(run_id))
    return shelf


def shown_id(shelf: RunHistory) -> str:
    assert shelf.shown is not None
    assert shelf.shown.started is not None
    return shelf.shown.started.run_id


def test_the_newest_run_is_shown_and_the_others_are_kept():
    shelf = shelf_with("a", "b")
    assert shown_id(shelf) == "b"
    assert [record.number for record in shelf.records] == [1, 2]


def test_showing_another_run_begins_a_new_epoch():
    shelf = shelf_with("a", "b")
    before = shelf.epoch
    shelf.show(shelf.records[0])
    assert (shown_id(shelf), shelf.epoch) == ("a", before + 1)


def test_showing_what_is_shown_changes_nothing():
    shelf = shelf_with("a")
    before = shelf.epoch
    shelf.show(shelf.records[0])
    assert shelf.epoch == before


def test_a_run_that_grows_while_another_is_shown_is_not_mixed_with_it():
    shelf = shelf_with("a")
    live = shelf.begin(live=True)
    live.add(started("b"))
    shelf.show(shelf.records[0])
    live.add(a_round(0, [" new"]))
    assert shelf.n_visible == len(whole_run())
    assert shelf.live_summary.n_rounds == 1
    assert shelf.summary.n_rounds == 2


def test_scrubbing_forward_goes_on_and_scrubbing_back_begins_anew():
    shelf = shelf_with("a")
    shelf.seek(3)
    assert (shelf.n_visible, shelf.summary.n_rounds) == (3, 1)
    epoch = shelf.epoch
    shelf.seek(4)
    assert (shelf.epoch, shelf.summary.n_rounds) == (epoch, 2)
    shelf.seek(2)
    assert (shelf.epoch, shelf.summary.n_rounds) == (epoch + 1, 0)


def test_all_events_are_the_end():
    shelf = shelf_with("a")
    shelf.seek(2)
    assert not shelf.at_end
    shelf.seek(10_000)
    assert shelf.at_end
    assert shelf.events(0, 100) == shelf.records[0].events


def test_the_oldest_runs_go_where_there_are_too_many_tokens():
    shelf = RunHistory()
    n_each = MAX_PAST_TOKENS // 3
    for number in range(5):
        record = RunRecord(shelf.next_number())
        record.add(started(str(number)))
        record.add(RoundFinished(0, (), None, (1,) * n_each, 1.0, 1.0, 1.0))
        record.add(RunFinished("length", n_each))
        shelf.put(record)
    assert [record.number for record in shelf.records] == [3, 4, 5]
    assert shelf.n_dropped == 2


def test_one_run_above_the_limit_stays():
    shelf = RunHistory()
    record = RunRecord(1)
    record.add(started())
    record.add(RoundFinished(0, (), None, (1,) * (MAX_PAST_TOKENS + 1), 1.0, 1.0, 1.0))
    shelf.put(record)
    assert shelf.records == [record]
