"""The index follows the folders: new, growing, torn and vanished runs, while others write too."""

from collections import deque
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue

from engine.runs.run_log import RunLog
from engine.runs.trace import FileJob
from engine.store.index import RunIndex
from engine.store.rows import RunFilter, TakenIn
from tests.engine.store.kept import keep, opened, run


def test_progress_is_told_at_least_once(tmp_path: Path) -> None:
    with closing(RunIndex(tmp_path)) as index:
        assert list(index.take_in()) == [TakenIn(0, 0)]
        keep(tmp_path, run(0))
        assert list(index.take_in()) == [TakenIn(0, 1), TakenIn(1, 1)]
        assert list(index.take_in()) == [TakenIn(0, 0)]


def test_a_run_that_is_being_written_is_running_and_cannot_be_deleted(tmp_path: Path) -> None:
    log = RunLog(tmp_path, SimpleQueue())
    *begin, last = run(0)
    for event in begin:
        log.add(event)
    with closing(opened(tmp_path)) as index:
        (name,) = index.ids(RunFilter(states=("running",)))
        assert index.rows([name])[0].damage == ""
        (refused,) = index.delete([name]).refused
        assert "still running" in refused.why
        log.add(last)
        log.close()
        deque(index.take_in(), maxlen=0)
        assert index.rows([name])[0].state == "finished"


def test_a_run_that_was_cut_off_is_stopped_and_says_so(tmp_path: Path) -> None:
    name = keep(tmp_path, run(0, n_events=4))
    with closing(opened(tmp_path)) as index:
        (row,) = index.rows([name])
        assert (row.state, row.damage, row.n_tokens) == ("stopped", "it was cut off before its end", 4)


def test_a_folder_without_a_readable_trace_can_still_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "20260101T000000Z-speculative-00ff").mkdir()
    (tmp_path / "20260101T000000Z-speculative-00ff" / "trace.jsonl").write_bytes(b"")
    with closing(opened(tmp_path)) as index:
        (row,) = index.rows(index.ids())
        assert "is not a Draftscope trace" in row.damage
        assert index.delete([row.id]).ids == (row.id,)


def test_vanished_runs_leave_the_index(tmp_path: Path) -> None:
    first, second = keep(tmp_path, run(0)), keep(tmp_path, run(1))
    with closing(opened(tmp_path)) as index:
        (tmp_path / first / "trace.jsonl").unlink()
        deque(index.take_in(), maxlen=0)
        assert index.ids() == (second,)


def test_a_trace_that_changed_is_read_again(tmp_path: Path) -> None:
    name = keep(tmp_path, run(0, n_events=3))
    with closing(opened(tmp_path)) as index:
        (tmp_path / name / "trace.jsonl").unlink()
        keep(tmp_path, run(0))
        deque(index.take_in(), maxlen=0)
        assert index.rows([name])[0].state == "finished"


def test_a_stop_keeps_what_was_taken_in(tmp_path: Path) -> None:
    keep(tmp_path, run(0))
    job = FileJob()
    job.cancelled.set()
    with closing(RunIndex(tmp_path)) as index:
        assert list(index.take_in(job)) == [TakenIn(0, 1)]
        assert index.ids() == ()


def test_two_indexes_take_in_the_same_runs_at_once(tmp_path: Path) -> None:
    names = {keep(tmp_path, run(number)) for number in range(5)}
    with closing(RunIndex(tmp_path)) as one, closing(RunIndex(tmp_path)) as other:
        first, second = one.take_in(), other.take_in()
        assert next(first) == next(second) == TakenIn(0, 5)
        deque(second, maxlen=0)
        deque(first, maxlen=0)
        assert set(one.ids()) == set(other.ids()) == names


def test_what_lies_in_the_trash_is_known_to_a_new_index(tmp_path: Path) -> None:
    name = keep(tmp_path, run(0))
    with closing(opened(tmp_path)) as index:
        index.delete([name])
    for path in tmp_path.glob("index.sqlite*"):
        path.unlink()
    with closing(opened(tmp_path)) as index:
        assert index.ids(RunFilter(deleted=True)) == (name,)
        assert index.restore([name]).ids == (name,)
