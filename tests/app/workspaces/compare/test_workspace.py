"""The tab as a whole: choices, Measure, Tune and Stop, what is kept between sessions, opened files."""

from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.record import read_record
from app.workspaces.compare.workspace import CompareWorkspace
from engine.commands import Compare
from engine.events import ModelOption, Progressed, Surveyed
from tests.comparisons import comparison


def commands(host) -> list[Compare]:  # type: ignore[no-untyped-def]
    return [command for command in host.submitted if isinstance(command, Compare)]


def test_measure_asks_for_every_checked_drafter_at_every_length(tab) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, _ = tab
    workspace.bar.gammas.setText("1, 3")
    workspace.bar.measure.click()
    (command,) = commands(host)
    assert {(lane.drafter, lane.gamma) for lane in command.lanes} == {
        ("none", 0), *((drafter, gamma) for drafter in ("builtin", "builtin:small", "lookup") for gamma in (1, 3)),
    }  # fmt: skip
    assert (command.target, command.prompts, command.n_prompts, command.tune) == ("builtin", "builtin", 20, False)
    assert not workspace.bar.measure.isEnabled() and workspace.bar.stop.isEnabled()


def test_tune_asks_for_tuning(tab) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, _ = tab
    workspace.bar.tune.click()
    assert commands(host)[0].tune
    assert [action.text() for action in workspace.menu_actions("run")] == ["Tune draft lengths"]
    assert not workspace.menu_actions("view")


def test_the_reason_against_is_shown_instead_of_a_click_that_does_nothing(tab) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, say = tab
    workspace.bar.gammas.setText("two")
    assert "draft length two is not a number" in workspace.recommendation.because.text()
    assert not workspace.bar.measure.isEnabled() and workspace.bar.tune.isEnabled()
    workspace.bar.measure.click()
    assert commands(host) == []
    workspace.bar.gammas.setText("2")
    workspace.bar.drafters.check(())
    say()
    assert "no drafter is chosen" in workspace.bar.measure.toolTip()


def test_progress_and_the_leader_are_shown_while_it_measures(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    workspace.do("run")
    say(*comparison(complete=False), Progressed("measuring", 2, 4, "prompts", 10.0))
    panel = workspace.recommendation
    assert "12.0 prompts a minute, 10 s left" in panel.because.text() and not panel.progress.isHidden()
    assert panel.headline.text().startswith("So far ■")
    assert "★ leads so far" in [
        workspace.lanes.model.index(2, place).data() for place in range(workspace.lanes.model.columnCount())
    ]


def test_the_answer_stands_on_top(compared) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    panel = workspace.recommendation
    assert panel.headline.text() == "Ship ■ builtin γ 4: 1.83× (1.73 to 1.93)"
    assert panel.same.text() == "✓ same text in every lane"
    assert panel.headline.font().pointSizeF() > 1.5 * workspace.font().pointSizeF()
    assert panel.changes.text() == "At batch 8 leave it off." and "left out" in panel.warning.text()
    assert workspace.holds("compare") and workspace.explained()


def test_a_drafter_that_cannot_serve_is_grey_with_the_reason_and_not_measured(tab) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = tab
    box = workspace.bar.drafters
    box.check(("builtin", "/models/foreign"))
    store.tab(ComparingProgress)._asked_survey = None
    workspace.bar.refresh()
    say(Surveyed("builtin", (ModelOption("/models/foreign", "foreign", 7, "drafter", "token 17 differs"),)))
    assert box.specs() == ("builtin",) and box.checked() == ("builtin", "/models/foreign")
    row = next(row for row, choice in enumerate(box.choices) if choice.spec == "/models/foreign")
    assert "why not: token 17 differs" in box.list.item(row).text()
    assert not box.list.item(row).flags() & Qt.ItemFlag.ItemIsEnabled
    workspace.bar.target.set_spec("/models/target")
    assert "builtin" not in box.specs()


def test_drafters_are_checked_in_the_list(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = tab
    box = workspace.bar.drafters
    row = next(row for row, choice in enumerate(box.choices) if choice.spec == "builtin:misaligned")
    box.list.item(row).setCheckState(Qt.CheckState.Checked)
    assert "builtin:misaligned" in box.specs() and box.text() == "4 drafters ▾"
    box.add("/models/mine")
    assert "/models/mine" in box.specs()


def next_by_tab(widget: QWidget) -> QWidget:
    """What the Tab key reaches next."""
    following = widget.nextInFocusChain()
    while not (
        following.isVisible() and following.isEnabled() and following.focusPolicy() & Qt.FocusPolicy.TabFocus
        and following.focusProxy() is None
    ):  # fmt: skip
        following = following.nextInFocusChain()
    return following


def test_settings_of_all_lanes_are_in_one_sheet(tab, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, _ = tab
    more = workspace.bar.more
    more.form.set_values({"temperature": 0.5, "max_new_tokens": 32, "repeats": 3})
    more.open()
    reached = [focus] if (focus := more.sheet.focusWidget()) is not None else []
    while (following := next_by_tab(reached[-1])) is not reached[0]:
        reached.append(following)
    assert len(reached) > 12 and all(control.toolTip() for control in reached)
    places = [control.mapTo(more.sheet, control.rect().topLeft()) for control in reached]
    seen = [(place.x() > more.sheet.width() // 2, place.y()) for place in places]
    assert seen == sorted(seen), "Tab goes down one column, then down the other"
    qtbot.keyClick(more.sheet, Qt.Key.Key_Escape)
    assert not more.sheet.isVisible()
    workspace.do("run")
    (command,) = commands(host)
    assert (command.repeats, command.settings["temperature"], command.settings["max_new_tokens"]) == (3, 0.5, 32)
    assert "repeats" not in command.settings


def test_an_opened_file_is_the_set_of_prompts_and_is_read(tab, qtbot: QtBot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = tab
    file = tmp_path / "<b>mine.txt"
    file.write_text("one\ntwo\nthree\n")
    store.open_trace(file)
    qtbot.waitUntil(lambda: store.tab(ComparingProgress).prompt_file is not None)
    assert (workspace.newly_opened(), workspace.newly_opened()) == ("compare", "")
    say()
    assert "mine.txt: 3 prompts read" in workspace.setup.text.text()
    workspace.do("run")
    assert commands(host)[0].prompts == str(file)


def test_built_in_sets_are_chosen_by_task(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = tab
    box = workspace.bar.prompts
    box.choose("builtin:stories")
    assert (box.spec(), box.set_name()) == ("builtin:stories", "stories")
    box.choose("builtin:absent")
    box.choose("")
    assert box.spec() == "builtin:stories"


def test_choices_are_kept_between_sessions(tab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _store, _, workspace, _ = tab
    settings = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    workspace.bar.gammas.setText("3, 5")
    workspace.bar.n_prompts.setValue(7)
    workspace.bar.prompts.choose("builtin:stories")
    workspace.bar.drafters.check(("lookup",))
    workspace.bar.more.form.set_values({"seed": 9})
    workspace.texts.ghosts.setChecked(True)
    workspace.pages.setCurrentIndex(2)
    workspace.save(settings)
    again = CompareWorkspace(workspace.context)
    again.restore(settings)
    choice = again.bar.choice()
    assert (choice.gammas, choice.n_prompts, choice.prompts) == ("3, 5", 7, "builtin:stories")
    assert choice.drafters == ("lookup",) and choice.settings["seed"] == 9
    assert again.texts.ghosts.isChecked() and again.pages.currentIndex() == 2
    again.reset_layout()
    assert again.pages.currentIndex() == 0
    again.deleteLater()


def test_damaged_choices_are_ignored(tab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = tab
    settings = QSettings(str(tmp_path / "bad.ini"), QSettings.Format.IniFormat)
    for key, value in (("n_prompts", "many"), ("page", "-3"), ("prompts", ""), ("gammas", ["2"]), ("target", 7)):
        settings.setValue(f"compare/{key}", value)
    before = workspace.bar.choice()
    workspace.restore(settings)
    assert workspace.bar.choice() == before


def test_an_example_is_small_and_a_picture_waits_for_the_texts(tab) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, say = tab
    workspace.show_example("compare")
    (command,) = commands(host)
    assert command.n_prompts == 6 and {lane.gamma for lane in command.lanes} == {0, 2, 4}
    say(*comparison())
    assert not workspace.settled("compare")
    say()
    assert workspace.settled("compare")


def test_the_setup_line_says_why_measure_is_grey_and_tune_needs_no_lengths(tab) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, say = tab
    workspace.bar.gammas.setText("")
    say()
    assert workspace.setup.text.text() == "Measure waits: there is no draft length"
    assert workspace.bar.tune.isEnabled() and not workspace.bar.measure.isEnabled()
    workspace.tune()
    assert commands(host)[-1].tune
    workspace.bar.drafters.check(())
    say(*comparison())
    assert "Measure and Tune γ wait: no drafter is chosen" in workspace.setup.text.text()


def test_an_opened_comparison_is_named_and_its_settings_can_be_used(tab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    workspace._comparing.show(read_record(comparison(refused=()), tmp_path / "kept.jsonl"), tmp_path / "kept.jsonl")
    workspace._store.changed.emit()
    say()
    assert "Compared 2026-11-2" in workspace.recommendation.identity.text()
    assert "belongs to another comparison" in workspace.setup.text.text() and not workspace.setup.use.isHidden()
    workspace.setup.use.click()
    assert workspace.setup.text.text() == "" and workspace.setup.use.isHidden()
    chosen = workspace.bar.choice()
    assert (chosen.gammas, chosen.n_prompts, chosen.settings["max_new_tokens"]) == ("2, 4", 4, 48)
    assert set(chosen.drafters) == {"builtin", "builtin:small"}


def test_nothing_moves_when_an_error_or_an_answer_arrives(tab) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = tab
    QApplication.processEvents()
    places = (workspace.recommendation.geometry(), workspace.lanes.y())
    workspace.do("run")
    say(*comparison())
    store.report("the file cannot be read", "choose another")
    say()
    QApplication.processEvents()
    assert workspace.error.frame.isVisible() and workspace.recommendation.changes.text()
    assert (workspace.recommendation.geometry(), workspace.lanes.y()) == places
