"""Escalation in the tab: the threshold on its plot, a question asked again, the cheapest setting for a score."""

from msgspec.structs import replace
from PySide6.QtCore import QSettings, Qt

from app.workspaces.scaling.record import ScalingRecord
from app.workspaces.scaling.sweeping import SweepProgress
from app.workspaces.scaling.verdict import system_rows
from engine.allocation.prices import TokenPrices
from engine.commands import Run
from engine.events import QualityJudged, ScalingAnswered
from engine.methods.escalating.presets import of_preset, within_budget
from tests.app.factory import MODEL
from tests.scaled_answers import (
    BRIDGE,
    answered,
    demonstrations,
    fitted,
    iterations,
    retrieved,
    scaling_started,
)


def test_the_threshold_is_moved_and_says_what_it_brings(swept, qtbot, tmp_path) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, _say = swept
    plot, sweep = workspace.fit.escalation, store.tab(SweepProgress)
    assert sweep.threshold == 0.5 and plot.threshold.value() == 0.5
    # 20 of 40 look worse than .5 and go on once; two steps are read for these.
    assert plot.brings.text() == "below .50: 50% go on, accuracy .75, 650 tokens each"
    assert plot.caption.text().startswith(
        "by self-reflection; never: .55 at 200 tokens, always: .85 at 5,100 tokens; k 1 m 0"
    )
    assert len(plot.right.data) == 22 and len(plot.wrong.data) == 18
    plot.widget.setFocus()
    qtbot.keyClick(plot.widget, Qt.Key.Key_Right)
    assert sweep.threshold == 0.51 and plot.threshold.value() == 0.51
    plot.widget.picked.emit(0.8)
    assert sweep.threshold == 0.8 and "go on" in plot.brings.text()
    workspace.answer.figures.set_prices(TokenPrices(2.0, 4.0))
    assert "tokens each at 0.00" in plot.brings.text()
    assert [len(column.values) for column in plot.columns()] == [21] * 5
    settings = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    workspace.save(settings)
    qtbot.keyClick(plot.widget, Qt.Key.Key_Home)
    assert sweep.threshold == 0 and not plot.use.isEnabled()
    workspace.restore(settings)
    assert sweep.threshold == 0.8


def test_the_threshold_is_used_for_the_next_question(swept) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, say = swept
    workspace.fit.escalation.move_to(0.7)
    workspace.fit.escalation.use.click()
    assert workspace.setup.method.method.name == "escalating"
    workspace.do("run")
    say(MODEL)
    command = next(each for each in reversed(host.submitted) if isinstance(each, Run))
    assert command.method == "escalating" and command.settings["escalate_below"] == 0.7
    assert command.settings["budget"] == 4000 and command.settings["quality"] == "self_reflect"
    assert "k" not in command.settings


def test_a_sweep_without_scores_says_why_there_is_no_threshold(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    plot = workspace.fit.escalation
    assert not plot.words.isHidden() and not plot.use.isEnabled()
    say(replace(fitted(), escalation=None, why_no_escalation="this sweep did not judge its answers"))
    assert plot.brings.text() == "no threshold: this sweep did not judge its answers"
    plot.move_to(0.9)
    assert plot.threshold.value() == 0.5


def test_a_question_that_is_asked_again_keeps_both_answers(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    small, medium = (within_budget(of_preset(name), 10**6, lambda _: 1.0) for name in ("small", "medium"))
    first: ScalingAnswered = replace(answered("1742"), system="drag", effective_context=300)
    judged = QualityJudged("small", "self_reflect", 0.31, 0.5, True, 90)
    workspace.bar.line.setText(BRIDGE)
    workspace.do("run")
    say(MODEL)
    say(scaling_started("escalating"), small, retrieved(), first, judged, medium, demonstrations(), retrieved())
    say(*iterations(), answered(), replace(judged, preset="medium", value=0.8, escalates=False))
    record: ScalingRecord = workspace.answer.record
    assert [row.name for row in system_rows(record)] == ["small", "IterDRAG"]
    assert record.before == (300 + 2 * 90, 78) and len(record.steps) == 5
    headline = workspace.answer.headline.answer.text()
    assert headline.startswith("1310") and "small → medium: self-reflection .80, not below .50: taken" in headline
    table = workspace.answer.systems.table
    assert table.item(0, 1).text() == "✗ 1742" and "asked again with more" in table.item(0, 0).toolTip()


def test_the_cheapest_setting_for_a_wanted_accuracy_is_recommended(swept) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = swept
    sweep, budget = store.tab(SweepProgress), workspace.budget
    budget.wanted.setValue(0.4)
    say()
    cell = sweep.recommended
    assert cell is not None and cell.best_guess >= 0.4
    cheaper = [each for each in sweep.fitted.predictions if each.mean_context < cell.mean_context]
    assert all(each.best_guess < 0.4 for each in cheaper if not each.extrapolates)
    assert budget.advice.text().startswith("cheapest: ") and "on average" in budget.advice.text()
    budget.wanted.setValue(1.0)
    say()
    assert budget.advice.text().startswith("not reached: accuracy = 1: at most") and not budget.use.isEnabled()
    budget.wanted.setValue(0.0)
    say()
    assert budget.advice.text().startswith("k ")
