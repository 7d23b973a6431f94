"""The Approximate tab with the real engine and the built-in pair, on one short prompt; what is refused; reopening."""

from pathlib import Path
from threading import Event as Flag

import pytest

from app.panel import Panel
from app.workspaces.approximate import words
from app.workspaces.approximate.record import SettingPick, read_record
from app.workspaces.approximate.state import ThresholdProgress
from app.workspaces.approximate.workspace import ApproximateWorkspace
from engine.commands import Load, MeasureThresholds
from engine.events import Progressed, Refused
from engine.runtime import Cancelled
from engine.session.session import Session
from tests.app.served import talking


def _settle(workspace: ApproximateWorkspace) -> None:
    for panel in workspace.findChildren(Panel):
        panel.refresh()


@pytest.fixture
def tab(qtbot):  # type: ignore[no-untyped-def]
    """A store with an engine, the tab on it, and a way to make the engine say something."""
    with talking(qtbot, ApproximateWorkspace, _settle) as talk:
        yield talk


def test_a_sweep_fills_the_tab_and_opens_again(tab) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = tab
    workspace.setup.sweep.set_values(
        {"thresholds": "0.9, 0.5", "n_prompts": 1, "n_questions": 1, "gammas": "2", "leniences": ""}
    )
    workspace.setup.form.set_values({"max_new_tokens": 8})
    command = workspace.setup.command()
    assert isinstance(command, MeasureThresholds) and command.thresholds == (0.5, 0.9)
    workspace.sweep()
    state = store.tab(ThresholdProgress)
    assert state.live and workspace.why_not("run")
    session = Session()
    list(session.do(Load(), Flag()))
    say(*session.do(command, Flag()))
    record = state.record
    assert record.state == "finished" and [row.setting for row in record.gated] == [0.5, 0.9]
    assert workspace.table.table.rowCount() == len(record.rows) == len(workspace.plane.plane.spots) == 5
    plain, exact = (workspace.plane.plane.spots[place] for place in (0, 1))
    assert exact.x == 1 and plain.x == pytest.approx(1 / record.rows[SettingPick("exact", 2)].speedup.value)
    assert all(column.write(record.gated[0]) for column in workspace.table.columns)
    spot = workspace.plane.plane.spots[3]
    workspace.plane.choose_near(spot.x, spot.y)
    _settle(workspace)
    assert state.pick == SettingPick("sprinter", 0.9) and "gate from 0.9" in workspace.figures.figures.text()
    assert len(workspace.plane.table().columns[0].values) == 5
    again = read_record(record.log, Path("kept"))
    assert again.rows == record.rows and again.state == "finished" and words.headline(again)
    assert read_record(record.log[:-1], Path("kept")).state == "torn"


def test_what_cannot_be_measured_says_why(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = tab
    many = ",".join(f"0.{number}" for number in range(100, 170))
    for thresholds, reason in (
        ("1.5", "not a number from 0 to 1"), ("", "needs a threshold"), ("x", "threshold x"),
        (many, "more numbers than 64"),
    ):  # fmt: skip
        workspace.setup.sweep.set_values({"thresholds": thresholds})
        assert reason in workspace.setup.why_not() and not workspace.bar.sweep.isEnabled()


def test_a_stopped_sweep_ends(tab, toys: Session, texts: Path) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = tab
    workspace.setup.sweep.set_values(
        {"thresholds": "0.5", "n_prompts": 3, "n_questions": 0, "gammas": "2", "prompts": str(texts)}
    )
    workspace.setup.form.set_values({"max_new_tokens": 8, "gate": "q"})
    workspace.sweep()
    flag, events = Flag(), []
    with pytest.raises(Cancelled):
        for event in toys.do(workspace.setup.command(), flag):
            events.append(event)
            if isinstance(event, Progressed) and event.phase == "measuring":
                flag.set()
    store.cancel()
    say(*events, Refused("measurethresholds", "stopped by the user", ""))
    assert store.tab(ThresholdProgress).record.state == "stopped" and store.may_start() == ""


def test_a_refused_sweep_leaves_the_last_one_on_show(tab) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = tab
    workspace.sweep()
    say(Refused("measurethresholds", "the gate is for another pair", "retrain it"))
    record = store.tab(ThresholdProgress).record
    assert record.state == "refused" and "another pair" in words.ending(record)
