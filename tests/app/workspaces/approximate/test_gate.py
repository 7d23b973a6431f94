"""Making a gate in the tab with a toy pair: rows, losses and figures in view; a stop, refusals, a log opened again."""

from pathlib import Path
from threading import Event as Flag

import pytest
from pytestqt.qtbot import QtBot

from app.workspaces.approximate import gate_words
from app.workspaces.approximate.gate_page import GatePage
from app.workspaces.approximate.gate_record import HELD_OUT_LOSS, LOSS, read_gate_record
from app.workspaces.approximate.gate_state import GateProgress
from app.workspaces.approximate.state import ThresholdProgress
from app.workspaces.approximate.workspace import ApproximateWorkspace
from app.workspaces.train.training import TrainingRunProgress
from engine.commands import CollectGateRows, Load, Run, TrainGate
from engine.errors import InputError
from engine.events import Event, Progressed, Refused
from engine.methods.sprinter.config import SprinterConfig
from engine.runs.trace import Trace
from engine.runtime import Cancelled
from engine.session.session import Session
from tests.app.served import TalkingTab
from tests.app.workspaces.approximate.asking import asked

_EPOCHS = 3


def page_of(tab: TalkingTab, texts: Path, folder: Path) -> GatePage:
    """The page in front, with short texts and folders of its own."""
    workspace = tab.workspace
    assert isinstance(workspace, ApproximateWorkspace)
    page = workspace.pages.making
    workspace.pages.setCurrentWidget(page)
    page.form.rows.set_values({"prompts": str(texts), "n_prompts": 12, "n_new": 24})
    page.form.training.set_values({"epochs": _EPOCHS})
    page.form.rows_folder.setText(str(folder / "rows"))
    page.form.gate_folder.setText(str(folder / "gate"))
    return page


def test_rows_are_collected_and_a_gate_is_trained_in_view(
    tab: TalkingTab, toys: Session, texts: Path, tmp_path: Path
) -> None:
    store, _, workspace, say = tab
    assert isinstance(workspace, ApproximateWorkspace)
    page, gate = page_of(tab, texts, tmp_path), store.tab(GateProgress)
    workspace.do("run")
    collect = asked(tab)
    assert isinstance(collect, CollectGateRows) and gate.live
    assert "labelled" in workspace.why_not("run") and not page.bar.train.isEnabled()
    events = list(toys.do(collect, Flag()))
    say(*events[: len(events) // 2])
    assert "rows" in page.bar.state.text() and "of 12 documents" in page.bar.state.text()
    assert gate.record.rows_per_s and page.bar.progress.isVisible()
    say(*events[len(events) // 2 :])
    train = asked(tab)
    assert isinstance(train, TrainGate) and train.rows == collect.out
    say(*toys.do(train, Flag()))
    record = gate.record
    assert record.state == "trained" and not gate.live
    for name in (LOSS, HELD_OUT_LOSS):
        assert list(page.loss.curves[name].x) == [1, 2, 3]
        assert list(page.loss.curves[name].y) == [value for _, value in record.losses[name]]
    assert "AUC" in page.bar.state.text() and "η_FP" in page.figures.figures.text()
    assert page.loss.reading(3) == page.loss.reading(9) and len(page.loss.table().columns) == 3
    page.bar.use.click()
    assert workspace.setup.form.values(SprinterConfig)["gate"] == str(tmp_path / "gate")
    assert workspace.setup.pair().target == record.trained.target  # type: ignore[union-attr]
    workspace.do("run")
    command = store.commands.work
    assert isinstance(command, Run) and command.settings["gate"] == str(tmp_path / "gate")


def test_the_curve_is_that_of_the_gate_trained_over_the_one_on_show(
    tab: TalkingTab, toys: Session, texts: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    store, _, workspace, say = tab
    assert isinstance(workspace, ApproximateWorkspace)
    page, state = page_of(tab, texts, tmp_path), store.tab(ThresholdProgress)
    page.do("both")
    say(*toys.do(asked(tab), Flag()))
    say(*toys.do(asked(tab), Flag()))
    page.bar.use.click()
    qtbot.waitUntil(lambda: state.gate.card is not None)
    before = state.gate.card
    assert before is not None and before.label != "soft"
    page.form.training.set_values({"label": "soft"})
    page.do("train")
    say(*toys.do(asked(tab), Flag()))
    qtbot.waitUntil(lambda: state.gate.card != before)
    workspace.gate.roc.refresh()
    assert state.gate.card is not None and state.gate.card.label == "soft"
    assert list(workspace.gate.roc.roc.curve.getData()[0]) == [at.eta_fp for at in state.gate.card.confusions]


def test_a_stopped_collection_keeps_its_rows_and_continues(
    tab: TalkingTab, toys: Session, texts: Path, tmp_path: Path
) -> None:
    store, _, _, say = tab
    page, gate, flag = page_of(tab, texts, tmp_path), store.tab(GateProgress), Flag()
    page.do("both")
    collect, events = asked(tab), list[Event]()
    with pytest.raises(Cancelled):
        for event in toys.do(collect, flag):
            events.append(event)
            if isinstance(event, Progressed) and event.done == 3:
                flag.set()
    store.cancel()
    say(*events, Refused("collectgaterows", "stopped by the user", collect.after_stop))
    assert store.trouble is None and not store.busy
    assert gate.record.state == "stopped" and "Stopped with" in page.bar.state.text()
    assert asked(tab) is collect, "nothing is trained on a part of the rows"
    page.do("both")
    assert asked(tab) == collect
    say(*toys.do(collect, Flag()))
    assert gate.record.collected is not None and gate.record.collected.n_documents == 12
    say(*toys.do(asked(tab), Flag()))
    assert gate.record.state == "trained"


def test_what_the_engine_refuses_is_said_and_the_rows_stay(
    tab: TalkingTab, toys: Session, texts: Path, tmp_path: Path
) -> None:
    store, _, _, say = tab
    page, gate = page_of(tab, texts, tmp_path), store.tab(GateProgress)
    page.form.rows.set_values({"n_prompts": 4})
    page.do("both")
    say(*toys.do(asked(tab), Flag()))
    with pytest.raises(InputError, match="a gate needs 200 of 8") as caught:
        list(toys.do(asked(tab), Flag()))
    say(Refused("traingate", caught.value.message, caught.value.hint))
    assert "a gate needs 200 of 8" in page.bar.state.text() and not page.bar.use.isEnabled()
    assert store.trouble is not None and "96 rows" in store.trouble.kept
    assert gate.record.collected is not None and page.bar.train.isEnabled()


def test_a_pair_that_cannot_be_loaded_ends_what_waits_for_it(tab: TalkingTab, texts: Path, tmp_path: Path) -> None:
    store, _, workspace, say = tab
    assert isinstance(workspace, ApproximateWorkspace)
    page = page_of(tab, texts, tmp_path)
    workspace.setup.models.choose("/nowhere", "/nowhere/either")
    page.do("both")
    assert isinstance(asked(tab), Load)
    say(Refused("load", "there is no folder /nowhere", "name another one"))
    assert not store.tab(GateProgress).live and "no folder" in page.bar.state.text()


def test_a_drafter_without_a_model_makes_no_gate(tab: TalkingTab) -> None:
    _, _, workspace, _ = tab
    assert isinstance(workspace, ApproximateWorkspace)
    workspace.setup.models.choose("builtin", "lookup")
    assert "drafter that is a model" in workspace.pages.making.why_not()
    assert not workspace.pages.making.bar.both.isEnabled()


def test_a_log_is_opened_again_by_this_tab_alone(tab: TalkingTab, toys: Session, texts: Path, tmp_path: Path) -> None:
    store, _, _, say = tab
    page = page_of(tab, texts, tmp_path)
    page.do("both")
    say(*toys.do(asked(tab), Flag()))
    trained = list(toys.do(asked(tab), Flag()))
    log = Trace(tuple(trained), None)
    assert store.tab(TrainingRunProgress).read_log(log, tmp_path / "log") is None
    read = store.tab(GateProgress).read_log(log, tmp_path / "log")
    assert read is not None and "being trained" in store.tab(GateProgress).show(read, tmp_path / "log")
    say(*trained)
    assert store.tab(GateProgress).show(read, tmp_path / "log") == ""
    record = store.tab(GateProgress).record
    assert (record.state, record.source) == ("trained", tmp_path / "log")
    assert page.bar.use.isEnabled() and gate_words.figures(record)
    (tmp_path / "gate" / "gate.safetensors").unlink()
    assert gate_words.why_not_usable(read_gate_record(trained, tmp_path / "log"))
    assert read_gate_record(trained[:-1], tmp_path / "log").state == "torn"
