"""The runs of a session: what is shown, what grows, what is let go."""

from app.state.run_history import MAX_PAST_TOKENS, RunHistory
from app.state.run_record import RunRecord
from engine.events import RoundFinished, RunFinished
from tests.app.factory import a_round, started, whole_run


def shelf_with(*run_ids: str) -> RunHistory:
    history = RunHistory()
    for run_id in run_ids:
        history.begin(live=False).add_all(whole_run(run_id))
    return history


def shown_id(history: RunHistory) -> str:
    assert history.shown is not None
    assert history.shown.started is not None
    return history.shown.started.run_id


def test_the_newest_run_is_shown_and_the_others_are_kept():
    history = shelf_with("a", "b")
    assert shown_id(history) == "b"
    assert [record.number for record in history.records] == [1, 2]


def test_showing_another_run_begins_a_new_epoch():
    history = shelf_with("a", "b")
    before = history.epoch
    history.show(history.records[0])
    assert (shown_id(history), history.epoch) == ("a", before + 1)


def test_showing_what_is_shown_changes_nothing():
    history = shelf_with("a")
    before = history.epoch
    history.show(history.records[0])
    assert history.epoch == before


def test_a_run_that_grows_while_another_is_shown_is_not_mixed_with_it():
    history = shelf_with("a")
    live = history.begin(live=True)
    live.add(started("b"))
    history.show(history.records[0])
    live.add(a_round(0, [" new"]))
    assert history.n_visible == len(whole_run())
    assert history.live_summary.n_rounds == 1
    assert history.summary.n_rounds == 2


def test_scrubbing_forward_goes_on_and_scrubbing_back_begins_anew():
    history = shelf_with("a")
    history.seek(3)
    assert (history.n_visible, history.summary.n_rounds) == (3, 1)
    epoch = history.epoch
    history.seek(4)
    assert (history.epoch, history.summary.n_rounds) == (epoch, 2)
    history.seek(2)
    assert (history.epoch, history.summary.n_rounds) == (epoch + 1, 0)


def test_all_events_are_the_end():
    history = shelf_with("a")
    history.seek(2)
    assert not history.at_end
    history.seek(10_000)
    assert history.at_end
    assert history.events(0, 100) == history.records[0].events


def test_the_oldest_runs_go_where_there_are_too_many_tokens():
    history = RunHistory()
    n_each = MAX_PAST_TOKENS // 3
    for number in range(5):
        record = RunRecord(history.next_number())
        record.add(started(str(number)))
        record.add(RoundFinished(0, (), None, (1,) * n_each, 1.0, 1.0, 1.0))
        record.add(RunFinished("length", n_each))
        history.put(record)
    assert [record.number for record in history.records] == [3, 4, 5]
    assert history.n_dropped == 2


def test_one_run_above_the_limit_stays():
    history = RunHistory()
    record = RunRecord(1)
    record.add(started())
    record.add(RoundFinished(0, (), None, (1,) * (MAX_PAST_TOKENS + 1), 1.0, 1.0, 1.0))
    history.put(record)
    assert history.records == [record]
