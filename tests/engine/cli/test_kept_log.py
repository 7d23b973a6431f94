"""What commands keep: among the runs unless told otherwise, in a further file if told so, never at the work's cost."""

from pathlib import Path

import pytest

from engine.cli.kept_log import KeptLog, Saving
from engine.cli.output import Output
from engine.errors import EngineError, InputError
from engine.events import Measured, WorkEnded, WorkStarted
from engine.machine import paths
from engine.runs import trace
from tests.engine.runs import stories

START = WorkStarted("0badcafe", "measurement", "2026-01-01T00:00:00Z", "scaling", "T", "D", (), "cpu", "float32")


def log(**saving: object) -> KeptLog:
    return KeptLog(Saving(**saving), Output(json=True))  # type: ignore[arg-type]


def kept() -> tuple[object, ...]:
    (path,) = paths.runs().glob("*/trace.jsonl")
    return trace.read(path).events


def test_work_is_kept_among_the_runs_and_in_the_file(tmp_path: Path) -> None:
    with log(trace=tmp_path / "t.jsonl") as work:
        for event in stories.whole_run():
            work.take(event)
    assert work.run_id == "20260101T000000Z-speculative-ab12"
    assert kept() == tuple(stories.whole_run()) == trace.read(tmp_path / "t.jsonl").events


def test_nothing_is_kept_if_told_so() -> None:
    with log(no_save=True) as work:
        work.take(START)
    assert work.run_id is None
    assert not paths.runs().exists()


@pytest.mark.parametrize(
    ("err", "state"),
    [(EngineError("no memory", "less"), "failed"), (KeyboardInterrupt(), "stopped"), (ValueError("defect"), "failed")],
)
def test_what_ended_the_work_early_is_kept(err: BaseException, state: str) -> None:
    with pytest.raises(type(err)), log() as work:
        work.take(START)
        raise err
    start, end = kept()
    assert start == START
    assert isinstance(end, WorkEnded)
    assert end.state == state


def test_a_run_says_itself_how_it_ended() -> None:
    with log() as work:
        work.take(stories.started())
        work.stopped()
    assert kept() == (stories.started(),)


def test_a_file_that_exists_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        log(trace=tmp_path / "t.jsonl")
    assert (tmp_path / "t.jsonl").read_text() == "mine"


def test_a_store_that_cannot_be_written_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    paths.runs().parent.mkdir(parents=True)
    paths.runs().write_text("a file in its place")
    with log() as work:
        for event in stories.whole_run():
            work.take(event)
    assert work.run_id is None
    assert capsys.readouterr().err.count("cannot be saved") == 1


def test_figures_without_an_event_of_their_own_are_kept_as_numbers_and_end_the_work() -> None:
    with log() as work:
        work.take(START)
        work.take_figures({"speedup": 1.5, "ratio_ci": None, "same": True, "ms": {"ours": 2, "odd": float("nan")}})
    *_, speedup, ours, end = kept()
    assert (speedup, ours, end) == (Measured("speedup", 1.5, 0), Measured("ms ours", 2.0, 0), WorkEnded("finished"))
