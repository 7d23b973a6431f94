"""Logs of trainings opened in the Train tab, and the words for how a training stands and how it ended."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from app.main_window import MainWindow
from app.workspaces.train import words
from app.workspaces.train.record import TrainingRecord, read_record
from app.workspaces.train.training import TrainingRunProgress
from engine.commands import Load
from engine.events import Progressed, Refused
from engine.runs.trace import TraceWriter
from tests.app.factory import whole_run
from tests.app.workspaces.train.test_record import GOLDEN
from tests.app.workspaces.train.train_tab import COMMAND, FINISHED, NEEDED, STARTED, tab, training

__all__ = ["tab", "training"]


@pytest.fixture
def window(qtbot):  # type: ignore[no-untyped-def]
    """A window without an engine, and a way to open a file in it."""
    window = MainWindow(Load(), None, make_host=None)
    qtbot.addWidget(window)
    window.show()

    def open_file(path: Path) -> None:
        window.store.open_trace(path)
        qtbot.waitUntil(lambda: not window.store.busy)

    yield window, open_file
    window.close_now()


def test_opened_log_is_shown_in_the_train_tab(window) -> None:  # type: ignore[no-untyped-def]
    shown, open_file = window
    open_file(GOLDEN)
    tab = shown.workspaces["train"]
    assert tab.isVisible()
    assert tab.loss.curve.x[-1] == 113
    assert tab.figures.headline.text() == "1.80×"
    assert "from training-v1.jsonl: time is up" in tab.bar.state.text()
    assert "resumed at step 85" in tab.messages.lines.toPlainText()
    assert not tab.bar.stop.isEnabled()
    assert not shown.store.tab(TrainingRunProgress).record.live


def test_form_says_what_an_opened_training_was_made_with_and_gives_back_ones_own(window) -> None:  # type: ignore[no-untyped-def]
    shown, open_file = window
    form = shown.workspaces["train"].form
    form.data.setText("/mine")
    form.form.set_values({"minutes": 7.0})
    mine = form.command()
    open_file(GOLDEN)
    assert (form.out.text(), form.data.text(), form.command().settings["sample"]) == ("my-drafter", "", 16000)
    assert "2 layers of 96" in form.needs.shape.text()
    form.opened.back.click()
    assert form.command() == mine
    assert not form.opened.isVisible()


def test_run_opened_in_the_train_tab_is_shown_in_decode(window, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    shown, open_file = window
    writer = TraceWriter(tmp_path / "trace.jsonl")
    for event in whole_run():
        writer.write(event)
    writer.close()
    shown.show_view("train")
    open_file(tmp_path / "trace.jsonl")
    assert shown.workspaces["decode"].isVisible()
    assert shown.store.tab(TrainingRunProgress).record.source is None


def test_damaged_log_is_shown_up_to_its_damage(window, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    shown, open_file = window
    lines = GOLDEN.read_bytes().splitlines(keepends=True)
    (tmp_path / "log.jsonl").write_bytes(b"".join(lines[:40]) + b'{"event":"Meas')
    open_file(tmp_path / "log.jsonl")
    assert shown.store.trouble is not None and shown.store.trouble.kind == "damaged"
    assert "no end recorded" in shown.workspaces["train"].bar.state.text()
    assert len(shown.workspaces["train"].loss.curve.x)


def test_log_is_not_opened_over_a_training_under_way(training) -> None:  # type: ignore[no-untyped-def]
    store, _host, _workspace, say = training
    record = store.tab(TrainingRunProgress).record
    store.open_trace(GOLDEN)
    store._files._join()
    say()
    assert store.tab(TrainingRunProgress).record is record
    assert store.trouble is not None and "a drafter is being trained" in store.trouble.message


@pytest.mark.parametrize(
    ("phase", "said"),
    [("tokenizing", "reading the text"), ("loading", "loading the target"), ("training", "training")],
)
def test_state_is_said_in_words(phase, said: str) -> None:  # type: ignore[no-untyped-def]
    record = TrainingRecord()
    record.begin(COMMAND)
    assert words.state(record, Progressed(phase, 3, 9, "steps")) == f"{said}, 3 of 9 steps"
    at = Progressed(phase, 3, 9, "steps", 60.0, 130.0)
    assert words.state(record, at) == f"{said}, 3 of 9 steps, 2 min left"


@pytest.mark.parametrize("stopped", ["steps", "minutes", "early", "user", "nan"])
def test_every_end_has_words(stopped) -> None:  # type: ignore[no-untyped-def]
    record = TrainingRecord()
    record.begin(COMMAND)
    record.take(replace(FINISHED, stopped=stopped))
    assert "400 steps" in words.ending(record)


@pytest.mark.parametrize(
    ("last", "said"),
    [(Refused("train", "the disk is full", "free some"), "the disk is full"), (None, "no end recorded")],
)
def test_end_of_the_last_attempt_is_said_not_of_one_before(tmp_path: Path, last: Refused | None, said: str) -> None:
    events = [NEEDED, STARTED, FINISHED, NEEDED, *([] if last is None else [last])]
    assert said in words.ending(read_record(events, tmp_path / "log"))
