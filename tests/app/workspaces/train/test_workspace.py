"""The Train tab with a training: what it asks, what it shows, what may be pressed when."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from app.main_window import MainWindow
from app.state.store import RunStore
from app.words import quantities
from app.workspaces.train.record import TrainingRecord
from app.workspaces.train.training import TrainingRunProgress
from engine.commands import EstimateTraining, Load, Pause, Resume, Run, Train
from engine.events import CheckpointSaved, Measured, Refused, RunFailed, RunFinished, Warned
from engine.machine import paths
from tests.app.factory import MODEL, PAIR, FakeHost, started
from tests.app.workspaces.train.train_tab import AFTER, COMMAND, FINISHED, NEEDED, STARTED, tab, training

__all__ = ["tab", "training"]


def test_form_asks_what_a_training_would_take_once_it_is_visible(tab, qtbot) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, say = tab
    workspace.form.data.setText("/texts")
    qtbot.waitUntil(lambda: any(isinstance(one, EstimateTraining) for one in host.submitted))
    say(NEEDED)
    assert "2 layers of 96" in workspace.form.needs.shape.text()
    assert "free on cpu" in workspace.form.needs.memory.text()
    assert "1.8 million tokens in 10 min" in workspace.form.needs.time.text()
    assert workspace.form.needs.verdict.text() == "✓ fits"


def test_form_says_why_a_training_would_be_refused(tab, qtbot) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, say = tab
    assert "choose a text" in workspace.form.needs.verdict.text()
    workspace.form.data.setText("/texts")
    qtbot.waitUntil(lambda: any(isinstance(one, EstimateTraining) for one in host.submitted))
    say(replace(NEEDED, why_not="training needs 99 GiB"))
    assert "99 GiB" in workspace.form.needs.verdict.text()
    assert not workspace.bar.start.isEnabled()
    assert "99 GiB" in workspace.bar.start.toolTip()


def test_start_hands_over_what_the_form_says(tab) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = tab
    workspace.form.data.setText("/texts")
    workspace.form.out.setText("/drafter")
    workspace.form.form.set_values({"objective": "reverse-kl", "minutes": 3.0})
    workspace.bar.start.click()
    workspace.bar.start.click()
    # A question that is with the engine already comes first.
    command = store.commands.front
    assert isinstance(command, Train)
    assert sum(isinstance(one, Train) for one in host.submitted) <= 1
    assert (command.data, command.out, command.settings["objective"]) == ("/texts", "/drafter", "reverse-kl")
    say()
    assert not workspace.bar.start.isEnabled()
    assert not workspace.form.data.isEnabled()


def test_curves_grow_with_what_is_measured(training) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = training
    say(Measured("loss", 5.0, 2), Measured("alpha", 0.4, 2))
    assert list(workspace.loss.curve.y) == [7.0, 5.0]
    assert list(workspace.alpha.curve.x) == [0.0, 2.0]
    assert workspace.loss.reading(2) == "step 2: 5.000"
    assert workspace.loss.widget.rounds.tickStrings([2.0], 1.0, 1.0) == ["2"]
    assert not workspace.loss.words.isVisible()


def test_the_report_of_a_training_is_made_from_its_log(training) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = training
    assert workspace.reported.name == "training-log.jsonl"


def test_second_training_begins_with_empty_curves(training) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = training
    say(AFTER, FINISHED)
    store.tab(TrainingRunProgress).begin(COMMAND)
    say()
    assert not len(workspace.loss.curve.x)
    assert workspace.figures.table.item(0, 2).text() == quantities.UNKNOWN
    assert workspace.messages.lines.toPlainText() == ""


def test_keys_read_off_the_curve(training, qtbot) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = training
    say(Measured("loss", 5.0, 11))
    workspace.loss.widget.end_asked.emit(True)
    assert workspace.loss.readout.text() == "step 11: 5.000"
    workspace.loss.widget.stepped.emit(-1)
    assert workspace.loss.readout.text() == "step 1: 7.000"
    assert store.selection is None


def test_figures_stand_side_by_side(training) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = training
    say(AFTER, FINISHED)
    table = workspace.figures.table
    assert table.item(0, 1).text() == "0.00 [0.00, 0.01]"
    assert table.item(0, 2).text() == "0.78 [0.77, 0.80]"
    assert table.item(4, 2).text() == "1.88× [1.70, 2.00]"


def test_pause_holds_and_resume_lets_go_on(training) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, say = training
    workspace.bar.hold.click()
    assert isinstance(host.submitted[-1], Pause)
    say()
    assert (workspace.bar.hold.text(), workspace.bar.state.text()) == ("Resume", "training is held")
    workspace.bar.hold.click()
    assert isinstance(host.submitted[-1], Resume)


def test_stop_keeps_the_drafter_for_use(training, qtbot) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = training
    assert not workspace.bar.use.isEnabled()
    workspace.bar.stop.click()
    assert host.n_cancelled == 1
    say(FINISHED)
    assert not store.busy
    with qtbot.waitSignal(store.drafter_offered) as asked:
        workspace.bar.use.click()
    assert asked.args == ["builtin", "/drafter"]


@pytest.mark.parametrize(("step", "is_kept"), [(50, True), (400, False)])
def test_folder_of_a_stopped_training_is_kept_to_go_on_in_until_another_target_is_chosen(
    tab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, is_kept: bool
) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = tab
    monkeypatch.setattr(paths, "training", lambda: tmp_path)
    form = workspace.form
    form.target.set_spec("/models/mine")
    command = form.command()
    store.tab(TrainingRunProgress).begin(command)
    Path(command.out).mkdir(parents=True)
    say(NEEDED, replace(STARTED, folder=command.out))
    say(replace(FINISHED, stopped="user", folder=command.out, step=step))
    assert (form.out.text() == command.out) == is_kept
    form.target.set_spec("builtin")
    assert form.out.text() == str(tmp_path / "drafters" / "builtin-1")


def test_messages_show_foreign_text_harmlessly(training) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = training
    say(Warned("3 files were left out\u202e<b>", "convert them"), CheckpointSaved(12))
    text = workspace.messages.lines.toPlainText()
    assert "checkpoint at step 12" in text
    assert "\u202e" not in text


def test_refused_training_is_a_trouble_and_can_be_started_again(tab) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = tab
    store.tab(TrainingRunProgress).begin(COMMAND)
    say(Refused("train", "/drafter holds other files", "name a new folder"))
    assert store.trouble is not None and store.trouble.what == "train"
    assert workspace.error.frame.isVisible()
    assert store.tab(TrainingRunProgress).record.state == "refused"
    assert not store.busy


def test_defect_in_a_training_is_said_to_be_one_of_the_training(training) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = training
    say(RunFailed("ValueError: x", "report it", "Traceback"))
    assert "The training failed" in workspace.error.happened.text()
    assert not store.busy


def test_training_leaves_the_runs_alone(training) -> None:  # type: ignore[no-untyped-def]
    store, _host, _workspace, say = training
    say(Measured("loss", 5.0, 2), AFTER, FINISHED)
    assert store.log == []
    assert store.history.records == []


def test_series_of_a_run_is_not_taken_for_one_of_a_training() -> None:
    record = TrainingRecord()
    assert not record.take(Measured("gate", 0.5, 3))
    assert record.series["loss"] == []


def test_training_that_waits_behind_a_load_can_be_stopped_and_is_forgotten() -> None:
    store, host = RunStore(), FakeHost()
    store.attach(host)
    store.load(PAIR)
    store.tab(TrainingRunProgress).begin(COMMAND)
    assert not store.tab(TrainingRunProgress).can_hold
    store.tab(TrainingRunProgress).hold(held=True)
    assert not any(isinstance(one, Pause) for one in host.submitted)
    store.cancel()
    host.say(MODEL)
    store.pump()
    assert not store.tab(TrainingRunProgress).record.live
    assert not any(isinstance(one, Train) for one in host.submitted)
    store.close()


def test_run_is_refused_with_the_reason_while_a_drafter_is_trained(qtbot) -> None:  # type: ignore[no-untyped-def]
    host = FakeHost()
    window = MainWindow(Load(), None, make_host=lambda: host)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    host.say(MODEL)
    window.store.pump()
    window.store.tab(TrainingRunProgress).begin(COMMAND)
    host.say(STARTED)
    window.store.pump()
    prompt = window.workspaces["decode"].prompt
    prompt.draw((), window.store.summary)
    window.verbs.do("run")
    assert not any(isinstance(one, Run) for one in host.submitted)
    assert not prompt.run.isEnabled()
    assert "a drafter is being trained" in prompt.run.toolTip()
    assert not window._menus.actions["run"].isEnabled()
    host.say(FINISHED)
    window.store.pump()
    window.verbs.do("run")
    assert isinstance(host.submitted[-1], Run)
    host.say(started(), RunFinished("length", 0))
    window.store.pump()
    window.close_now()


def test_trained_drafter_is_put_into_the_setup_of_decode(qtbot) -> None:  # type: ignore[no-untyped-def]
    window = MainWindow(Load(), None, make_host=None)
    qtbot.addWidget(window)
    window.show()
    window.show_view("train")
    window.store.drafter_offered.emit("/models/target", "/drafter")
    pair = window.workspaces["decode"].setup.setup().pair
    assert (pair.target, pair.drafter) == ("/models/target", "/drafter")
    assert window.workspaces["decode"].isVisible()
    window.close_now()


def test_kept_drafter_is_marked_once_it_is_known(training) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = training
    assert not workspace.alpha.mark_item.isVisible()
    say(AFTER, FINISHED)
    assert workspace.alpha.mark_item.isVisible()
    (x,), (y,) = workspace.alpha.mark_item.getData()
    assert (x, y) == (380.0, 0.78)


def test_axis_goes_to_the_planned_last_step_until_the_end_is_known(training) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = training
    assert workspace.loss.plot.viewRange()[0][1] == 400
    say(Measured("loss", 5.0, 90), AFTER, replace(FINISHED, step=90, best_step=90))
    assert workspace.loss.plot.viewRange()[0][1] == 90


@pytest.mark.parametrize(
    ("objective", "unit"), [("forward-kl", "nats a token"), ("total-variation", "distance, 0 to 1")]
)
def test_loss_has_the_unit_of_its_objective(tab, objective: str, unit: str) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = tab
    store.tab(TrainingRunProgress).begin(COMMAND)
    say(replace(STARTED, objective=objective))
    assert workspace.loss.plot.getAxis("left").labelText == unit


def test_checkpoints_that_follow_each_other_share_a_line(training) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = training
    say(CheckpointSaved(12), CheckpointSaved(25))
    say(CheckpointSaved(38))
    text = workspace.messages.lines.toPlainText()
    assert text.count("checkpoint") == 1
    assert text.endswith("checkpoint at step 38")


def test_every_control_has_a_name_and_a_tooltip(tab) -> None:  # type: ignore[no-untyped-def]
    from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QLineEdit, QPushButton

    workspace = tab[2]
    kinds = (QPushButton, QCheckBox, QComboBox, QAbstractSpinBox)
    for kind in kinds:
        for control in (one for one in workspace.findChildren(kind) if not workspace.error.isAncestorOf(one)):
            assert control.toolTip(), control
            assert control.accessibleName() or getattr(control, "text", str)(), control
    assert all(line.accessibleName() for line in (workspace.form.data, workspace.form.out))
    assert workspace.findChildren(QLineEdit)


def test_choices_are_kept_for_the_next_start(tab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from PySide6.QtCore import QSettings

    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    workspace = tab[2]
    workspace.form.data.setText("/texts")
    workspace.form.form.set_values({"objective": "total-variation", "minutes": 7.0})
    workspace.save(settings)
    workspace.form.form.set_values({"objective": "forward-kl", "minutes": 1.0})
    workspace.restore(settings)
    values = workspace.form.command().settings
    assert (values["objective"], values["minutes"]) == ("total-variation", 7.0)
