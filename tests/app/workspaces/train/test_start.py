"""The choice of what a drafter starts from, and what is said of it before and after."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from app.workspaces.train import words
from app.workspaces.train.training import TrainingRunProgress
from engine.commands import EstimateTraining
from engine.events import LayersTried, OwnLayers, SizeOption
from engine.training.drafter_config import OF_LONGSPEC
from tests.app.workspaces.train.train_tab import AFTER, FINISHED, NEEDED, tab, training

__all__ = ["tab", "training"]
SIZES = (SizeOption(2, 35_000_000, 0.262, 0.31), SizeOption(4, 42_000_000, 0.315, None))
OWN = replace(NEEDED, start="own-layers", layers=4, gamma=2, timed=True, sizes=SIZES)


def test_start_travels_with_the_command(tab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    start = workspace.form.start
    assert workspace.form.command().settings["start"] == "auto"
    start.set_values({"start": "folder", "start_folder": "/small"})
    assert not start.folder.isHidden()
    settings = workspace.form.command().settings
    assert (settings["start"], settings["start_folder"]) == ("folder", "/small")
    kept = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    start.save(kept)
    start.set_values({"start": "new"})
    assert start.folder.isHidden()
    assert workspace.form.command().settings["start_folder"] == ""
    start.restore(kept)
    assert workspace.form.command().settings["start"] == "folder"
    start.set_values({"start": "unheard of"})
    assert start.name == "auto"


def test_sizes_of_own_layers_are_shown_with_their_costs(tab, qtbot) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, say = tab
    workspace.form.data.setText("/texts")
    qtbot.waitUntil(lambda: any(isinstance(one, EstimateTraining) for one in host.submitted))
    places = [workspace.form.form.geometry(), workspace.form.more.geometry()]
    say(OWN)
    QApplication.processEvents()
    assert [workspace.form.form.geometry(), workspace.form.more.geometry()] == places  # nothing jumps
    shown = workspace.form.start.sizes.text()
    assert "timed here" in shown
    assert "▸  4   c 0.32   never pays" in shown
    assert "c 0.26   α 0.31" in shown
    say(replace(OWN, start="new"))
    assert workspace.form.start.sizes.isHidden()


def test_time_that_cannot_buy_a_drafter_is_said_with_the_way_out(tab, qtbot) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, say = tab
    workspace.form.data.setText("/texts")
    qtbot.waitUntil(lambda: any(isinstance(one, EstimateTraining) for one in host.submitted))
    say(replace(NEEDED, too_short="10 minutes are <b>few</b>", instead="give it 2 hours"))
    assert workspace.form.needs.prospect.text() == "⚠ 10 minutes are <b>few</b>. Instead: give it 2 hours."
    assert workspace.bar.start.isEnabled()
    say(NEEDED)
    assert workspace.form.needs.prospect.isHidden()


def test_untrained_choices_are_told_in_the_messages(training) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = training
    tried = LayersTried((OwnLayers("first", (0, 1), 0.1), OwnLayers("both ends", (0, 5), 0.42)), (0, 5), 300)
    say(tried)
    assert "both ends 0.42, first 0.10 (taken: 0, 5)" in workspace.messages.lines.toPlainText()
    assert tried in store.tab(TrainingRunProgress).record.said


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((1.7, 2.0), "the drafter pays"),
        ((0.9, 1.2), "not certain that the drafter pays"),
        ((0.7, 0.9), "the drafter does not pay here"),
    ],
)
def test_after_the_training_it_is_said_whether_the_drafter_pays(training, ends, verdict: str) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = training
    after = replace(AFTER, speedup=sum(ends) / 2, speedup_ci=ends, c=0.31, c_ci=(0.29, 0.33))
    say(after, FINISHED)
    assert verdict in workspace.figures.meaning.text()
    assert verdict in words.message(after)
    assert workspace.figures.table.item(2, 2).text() == "0.31 [0.29, 0.33]"


def test_settings_of_a_longspec_block_are_shown_and_sent_with_it_alone(tab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    start = workspace.form.start
    assert start.longspec.isHidden() and not set(OF_LONGSPEC) & set(workspace.form.command().settings)
    start.set_values({"start": "longspec", "window": 256, "noisy": False, "long_share": 0.5})
    assert not start.longspec.isHidden()
    settings = workspace.form.command().settings
    assert (settings["window"], settings["noisy"], settings["anchor_offset"], settings["long_share"]) == (
        256, False, True, 0.5,
    )  # fmt: skip
    kept = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    start.save(kept)
    start.set_values({"start": "new", "window": 512, "noisy": True})
    assert start.longspec.isHidden() and not set(OF_LONGSPEC) & set(workspace.form.command().settings)
    start.restore(kept)
    settings = workspace.form.command().settings
    assert (settings["start"], settings["window"], settings["noisy"]) == ("longspec", 256, False)
