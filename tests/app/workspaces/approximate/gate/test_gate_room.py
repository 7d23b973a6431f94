"""The gate in the tab Approximate: its curve, the dragged threshold, predicted beside measured, and no gate at all."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTableWidget
from pytestqt.qtbot import QtBot

from app.panel import Panel
from app.workspaces.approximate.gate import figures, words
from app.workspaces.approximate.gate.known import KnownGate
from app.workspaces.approximate.gate.roc import RocPlot
from app.workspaces.approximate.record import SettingPick
from app.workspaces.approximate.state import ThresholdProgress
from app.workspaces.approximate.workspace import ApproximateWorkspace
from engine.commands import MeasureThresholds
from engine.events import ReliabilityBin, Surveyed
from engine.sprinter import theory
from tests import thresholds
from tests.app.served import talking

TOLD = theory.predicted(theory.confusion_at(thresholds.card().confusions, 0.8), cap=20, times=thresholds.STEPS)


def _settle(workspace: ApproximateWorkspace) -> None:
    for panel in workspace.findChildren(Panel):
        panel.refresh()


@pytest.fixture
def tab(qtbot: QtBot):  # type: ignore[no-untyped-def]
    """A tab with the gate of the built-in pair."""
    with talking(qtbot, ApproximateWorkspace, _settle) as talk:
        known(qtbot, talk.workspace, "known")
        talk.say(Surveyed("builtin", ()))  # what the setup asked for
        yield talk


def known(qtbot: QtBot, workspace: object, state: str) -> None:
    assert isinstance(workspace, ApproximateWorkspace)
    progress = workspace.context.store.tab(ThresholdProgress)
    qtbot.waitUntil(lambda: not workspace.gate.busy and progress.gate.state == state)


def swept(talk: object, **changes: object) -> ThresholdProgress:
    """A sweep of the tab that has ended."""
    store, _, workspace, say = talk  # type: ignore[misc]
    workspace.sweep()
    say(*thresholds.sweep(**changes))
    return store.tab(ThresholdProgress)


def cells(table: QTableWidget, row: int) -> list[str]:
    return [item.text() for place in range(table.columnCount()) if (item := table.item(row, place)) is not None]


def place_of(roc: RocPlot, threshold: float) -> QPoint:
    """Where a threshold is on the canvas."""
    at = figures.confusion(thresholds.card(), threshold)
    scene = roc.plane.plot.getViewBox().mapViewToScene(QPointF(at.eta_fp, 1 - at.eta_fn))
    return roc.plane.widget.mapFromScene(scene)


def test_dragging_recomputes_at_once_and_letting_go_sets_the_setup(tab) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, _say = tab
    progress = swept(tab)
    moved: list[float] = []
    chosen: list[float] = []
    workspace.gate.roc.threshold_moved.connect(moved.append)
    workspace.gate.threshold_chosen.connect(chosen.append)
    roc, viewport = workspace.gate.roc.roc, workspace.gate.roc.roc.plane.widget.viewport()
    n_submitted = len(host.submitted)
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=place_of(roc, 0.5))
    QTest.mouseMove(viewport, place_of(roc, 0.8))
    assert moved and abs(moved[-1] - 0.8) <= 0.03 and not chosen
    before = cells(workspace.gate.at_threshold.predictions, 0)
    assert before[1] == f"{figures.predicted(progress, thresholds.card()).eta_fp:.2f}"
    assert workspace.setup.threshold == 0.5
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=place_of(roc, 0.9))
    assert chosen and abs(chosen[-1] - 0.9) <= 0.02
    assert workspace.setup.threshold == progress.threshold == chosen[-1]
    if chosen[-1] == 0.9:  # the sweep has it: its row is chosen
        assert progress.pick == SettingPick("sprinter", 0.9) and len(host.submitted) == n_submitted


def test_predicted_stands_beside_measured(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _say = tab
    swept(tab)
    workspace.setup.show_threshold(0.8)
    table = workspace.gate.at_threshold.predictions
    shown = {name: cells(table, row) for row, name in enumerate(figures.FIGURES)}
    assert shown["eta_fp"][1] == f"{TOLD.eta_fp:.2f}" and shown["eta_fp"][2].startswith(f"{TOLD.eta_fp:.2f} [")
    assert shown["tv"][1] == f"{TOLD.tv:.3f}" and shown["ms"][1] == f"{TOLD.ms_per_token:.2f} ms"
    assert shown["drafts"][1] == f"{TOLD.drafts_per_call:.2f}"
    assert len(workspace.plane.ring.getData()[0]) == 1
    workspace.setup.show_threshold(0.83)
    assert [cells(table, row)[2] for row in range(len(shown))] == ["—"] * 6
    assert not len(workspace.plane.ring.getData()[0]) and "not been measured" in workspace.gate.at_threshold.note.text()
    workspace.setup.show_threshold(0.8)
    workspace.setup.form.set_values({"cap": 5})
    assert cells(table, 0)[2] == "—" and "another longest run" in workspace.gate.at_threshold.note.text()


def test_the_confusion_table_counts_held_out_tokens(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = tab
    workspace.setup.show_threshold(0.8)
    card, at = thresholds.card(), theory.confusion_at(thresholds.card().confusions, 0.8)
    rows = [cells(workspace.gate.at_threshold.kinds, row) for row in range(4)]
    assert [row[0] for row in rows] == ["accepted rightly", "accepted wrongly", "stopped rightly", "stopped wrongly"]
    n = [int(row[1].replace(",", "")) for row in rows]
    assert n == [round(share * card.n_rows) for share in (at.true_pass, at.false_pass, at.true_stop, at.false_stop)]
    assert [row[2] for row in rows[::3]] == [f"{at.true_pass:.1%}", f"{at.false_stop:.1%}"]


def test_keys_and_the_box_move_the_threshold_and_enter_measures_it(tab) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, _say = tab
    progress, panel = store.tab(ThresholdProgress), workspace.gate.roc
    canvas = panel.roc.plane.widget
    for key, threshold in (
        (Qt.Key.Key_Left, 0.51), (Qt.Key.Key_PageDown, 0.61), (Qt.Key.Key_Up, 0.6), (Qt.Key.Key_Home, 1.0),
        (Qt.Key.Key_Right, 0.999),
    ):  # fmt: skip
        QTest.keyClick(canvas, key)
        assert progress.threshold == workspace.setup.threshold == threshold
    panel.box.setValue(0.7)
    assert progress.threshold == workspace.setup.threshold == 0.7
    n = len(host.submitted)
    QTest.keyClick(panel.box, Qt.Key.Key_Return)
    command = next(each for each in host.submitted[n:] if isinstance(each, MeasureThresholds))
    assert command.thresholds == (0.7,) and "threshold" not in command.settings
    assert panel.measure.toolTip() and workspace.why_not("run")


def test_a_threshold_that_is_measured_alone_joins_the_sweep(tab) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, say = tab
    progress = swept(tab)
    n_rows, record = len(progress.rows), progress.record
    workspace.setup.show_threshold(0.83)
    workspace.gate.measure_chosen(0.83)
    command = host.submitted[-1]
    assert (command.thresholds, command.weights, command.gammas) == ((0.83,), (), (4,))
    say(*thresholds.sweep((0.83,)))
    assert progress.record is record and len(progress.rows) == n_rows + 1
    assert workspace.table.table.rowCount() == len(workspace.plane.plane.spots) == n_rows + 1
    assert progress.pick == SettingPick("sprinter", 0.83) and len(workspace.plane.ring.getData()[0]) == 1


def test_letting_go_does_not_replace_a_sweep_of_other_settings(tab) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, _say = tab
    progress = swept(tab)
    workspace.setup.sweep.set_values({"n_prompts": 3})
    n, record = len(host.submitted), progress.record
    workspace.setup.show_threshold(0.83)
    workspace.gate.measure_chosen(0.83)
    assert len(host.submitted) == n and progress.record is record
    workspace.gate.roc.measure.click()
    assert len(host.submitted) == n + 1 and progress.record is not record


def test_what_another_gate_measured_is_not_shown_as_this_ones() -> None:
    row, card = thresholds.gated(0.8), thresholds.card()
    assert figures.is_of(row, card)
    other = replace(card, confusions=tuple(replace(at, true_pass=at.true_pass * 0.9) for at in card.confusions))
    assert not figures.is_of(row, other)


@pytest.mark.parametrize(
    ("change", "state", "said"),
    [
        (lambda setup: setup.form.set_values({"gate": "q"}), "own", "needs no training"),
        (lambda setup: setup.models.choose("builtin", "builtin:small"), "missing", "No gate is known for this pair"),
        (lambda setup: setup.models.choose("builtin", "lookup"), "none", "drafter that is a model"),
        (lambda setup: (setup.form.set_values({"gate": "builtin"}), setup.models.choose("builtin", "builtin:small")),
         "refused", "Next: train one for this pair in the tab Approximate, page Train"),
        (lambda setup: setup.form.set_values({"gate": "/nowhere"}), "refused", "there is no gate at /nowhere"),
    ],
)  # fmt: skip
def test_without_a_gate_it_says_why_and_how_to_get_one(
    tab, qtbot: QtBot, change: Callable[[object], object], state: str, said: str
) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = tab
    change(workspace.setup)
    known(qtbot, workspace, state)
    panel = workspace.gate.roc
    assert said in panel.empty.text() and panel.stack.currentIndex() == 1
    assert cells(workspace.gate.at_threshold.predictions, 0)[1] == "—"


def test_reliability_has_a_point_for_each_range_or_says_that_it_was_not_kept(tab) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, _ = tab
    plot = workspace.gate.at_threshold.reliability
    bins = (ReliabilityBin(0.1, 0.2, 50), ReliabilityBin(0.9, 1.0, 1500))
    card = thresholds.card()
    store.tab(ThresholdProgress).take_gate(KnownGate("known", replace(card, reliability=bins)))
    assert [(spot.name, spot.x, spot.y) for spot in plot.plane.spots] == [("50", 0.1, 0.2), ("1,500", 0.9, 1.0)]
    assert plot.plane.spots[0].along == pytest.approx((0.0876, 0.1303), abs=1e-3)
    assert plot.plane.spots[1].along[1] == 0 and len(plot.table().columns[0].values) == 2
    store.tab(ThresholdProgress).take_gate(KnownGate("known", replace(card, reliability=())))
    assert not plot.plane.spots and "train it again" in plot.plane.caption.text() and not plot.plane.words.isHidden()


def test_steps_are_finer_where_thresholds_matter_more() -> None:
    assert [figures.stepped(0.98, by) for by in (1, 2, -1)] == [0.99, 0.991, 0.97]
    assert [figures.stepped(at, 1) for at in (0.5, 0.999, 1.0)] == [0.51, 1.0, 1.0]
    assert [figures.stepped(at, -1) for at in (0.99, 0.991, 0.0)] == [0.98, 0.99, 0.0]


def test_why_none_is_empty_for_a_known_gate_alone() -> None:
    for state in ("looking", "none", "own", "missing", "refused"):
        assert words.why_none(KnownGate(state))  # type: ignore[arg-type]
    assert words.why_none(KnownGate("known", thresholds.card())) == ""
