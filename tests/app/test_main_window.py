import subprocess
import sys
from collections import Counter

from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QDialog, QPushButton

from app.panels.shortcuts import ShortcutsDialog
from app.state.selection import Selection
from engine.commands import Fork, Load, Pause, PreviewPrompt, Resume, Run, Step
from engine.events import ModelLoaded, PromptPreviewed
from engine.prompts import Message
from tests.app.factory import MODEL, a_round, started, whole_run


def _say(window, host, *events):
    host.say(*events)
    window.store.pump()


def test_the_pair_loads_by_itself_once_the_window_is_painted(open_window):
    _, host = open_window()
    assert host.submitted == [Load("builtin", "builtin")]


def test_run_while_loading_runs_the_prompt_when_the_models_are_there(open_window, qtbot):
    window, host = open_window()
    window.workspaces["decode"].prompt.prompt.setPlainText("Hello there")
    qtbot.keyClick(window.workspaces["decode"].prompt.prompt, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert len(host.submitted) == 1
    _say(window, host, MODEL)
    run = host.submitted[1]
    assert isinstance(run, Run)
    assert (run.method, run.request.prompt, run.settings["gamma"]) == ("speculative", "Hello there", 4)


def test_run_with_another_drafter_loads_it_first(open_window):
    window, host = open_window()
    _say(window, host, MODEL)
    window.workspaces["decode"].setup.drafter.setEditText("none")
    window.verbs.do("run")
    _say(window, host, ModelLoaded("builtin", "none", "cpu", "float32", 2048, 1, 0, 0.1))
    assert host.submitted[1] == Load("builtin", "none")
    assert host.submitted[2].method == "plain"


def test_a_second_press_of_run_starts_nothing(open_window):
    window, host = open_window()
    _say(window, host, MODEL)
    window.verbs.do("run")
    window.verbs.do("run")
    assert sum(isinstance(command, Run) for command in host.submitted) == 1


def test_pause_resume_step_and_stop_reach_the_engine(open_window, qtbot):
    window, host = open_window()
    _say(window, host, MODEL)
    window.verbs.do("run")
    _say(window, host, *whole_run()[:3])
    bar = window.workspaces["decode"].prompt
    for button in (bar.pause, bar.pause, bar.step, bar.stop):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert host.submitted[2:] == [Pause(), Resume(), Pause(), Step()]
    assert host.n_cancelled == 1


def test_escape_stops(open_window, qtbot):
    window, host = open_window()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert host.n_cancelled == 1


def test_step_without_a_run_starts_one_that_is_held(open_window):
    window, host = open_window()
    _say(window, host, MODEL)
    window.verbs.do("step")
    assert host.submitted[1].paused is True


def test_a_fork_goes_on_from_the_selected_token(open_window):
    window, host = open_window()
    _say(window, host, MODEL)
    window.verbs.do("run")
    _say(window, host, *whole_run())
    window.store.select(Selection(0, 0))
    window.workspaces["decode"].stream.fork.click()
    fork = host.submitted[2]
    assert isinstance(fork, Fork)
    assert (fork.ids, fork.forked_from, fork.forked_at) == ((0, 1, 100), "run1", 1)


def test_closing_the_window_ends_the_engine_during_a_run(open_window):
    window, host = open_window()
    _say(window, host, MODEL)
    window.verbs.do("run")
    _say(window, host, started(), a_round(0, [" a"]))
    window.close_now()
    assert host.closed


def test_settings_and_prompt_come_back_at_the_next_start(open_window):
    window, _ = open_window()
    window.workspaces["decode"].setup.form.set_values({"gamma": 7, "baseline": False, "temperature": 0.5})
    window.workspaces["decode"].prompt.prompt.setPlainText("Again")
    window.close_now()
    again, _ = open_window()
    settings = again.workspaces["decode"].setup.setup().settings
    assert (settings["gamma"], settings["baseline"], settings["temperature"]) == (7, False, 0.5)
    assert again.workspaces["decode"].prompt.prompt.toPlainText() == "Again"


def test_a_closed_dock_comes_back_with_reset_layout(open_window, qtbot):
    window, _ = open_window()
    window.resize(1600, 1000)
    qtbot.waitUntil(window.workspaces["decode"].rounds.isVisible)
    for action in window.workspaces["decode"].menu_actions("view")[:-3]:
        action.trigger()
    assert not window.workspaces["decode"].rounds.isVisible()
    window.workspaces["decode"].reset_layout()
    assert window.workspaces["decode"].rounds.isVisible()
    assert window.workspaces["decode"].metrics.isVisible()


def test_painting_of_a_floating_dock_counts_in_the_budget(open_window):
    window, _ = open_window()
    dock = window.workspaces["decode"]._docks["rounds"]
    dock.setFloating(True)
    spent_s = window.store.budget.spent_s
    QCoreApplication.sendEvent(dock, QEvent(QEvent.Type.UpdateRequest))
    assert window.store.budget.spent_s > spent_s
    dock.setFloating(False)


def test_every_control_has_a_name_for_those_who_cannot_see_it(open_window):
    window, _ = open_window()
    window.workspaces.make_all()
    controls = [*window.findChildren(QComboBox), *window.findChildren(QAbstractSpinBox)]
    buttons = [button for button in window.findChildren(QPushButton) if button.isVisible()]
    assert all(control.accessibleName() for control in controls)
    assert all(button.text() for button in buttons)
    assert len(controls) >= 10


def test_the_title_says_what_is_on_show(open_window):
    window, host = open_window()
    assert window.windowTitle() == "Decode – Draftscope"
    _say(window, host, MODEL)
    window.verbs.do("run")
    _say(window, host, *whole_run())
    assert window.windowTitle().startswith("“Once upon”") and window.windowTitle().endswith("Decode – Draftscope")
    window.show_view("runs")
    assert window.windowTitle() == "Runs – Draftscope"


def test_every_dialog_of_the_window_opens_and_closes_with_it(open_window, qtbot):
    window, _ = open_window()
    for name in ("open", "settings", "shortcuts", "about"):
        window._menus.actions[name].trigger()
    dialogs = [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]
    titles = {dialog.windowTitle() for dialog in dialogs}
    assert {"Open", "Settings", "Keyboard shortcuts", "About Draftscope"} <= titles
    listed = next(dialog for dialog in dialogs if isinstance(dialog, ShortcutsDialog)).table
    keys = {listed.item(row, 2).text() for row in range(listed.rowCount())}
    assert {"Ctrl+O", "F11", "Esc"} <= {key for keys_of in keys for key in keys_of.split(", ")}


def test_the_whole_window_grows_and_shrinks_by_keys(open_window, qtbot):
    window, _ = open_window()
    for name, size in (("larger", 110), ("larger", 125), ("smaller", 110), ("usual_size", 100)):
        window._menus.actions[name].trigger()
        assert window.appearance.size == size


def test_files_opened_before_are_listed_at_the_next_start(open_window, tmp_path):
    window, _ = open_window()
    window.open_path(tmp_path / "mine.jsonl")
    window.close_now()
    again, _ = open_window()
    again.dialogs.recent_menu.aboutToShow.emit()
    assert "mine.jsonl" in [action.text() for action in again.dialogs.recent_menu.actions()]


def test_no_key_of_the_window_is_taken_again_by_a_part_of_it(open_window):
    window, _ = open_window()
    window.workspaces.make_all()
    everywhere = (Qt.ShortcutContext.WindowShortcut, Qt.ShortcutContext.ApplicationShortcut)
    shared, own = Counter(), Counter()
    for action in window.findChildren(QAction):
        # Keys of a part of a tab are those of the window only while that tab is in front.
        tab = next((name for name, tab in window.workspaces.items() if action in tab.widget.findChildren(QAction)), "")
        for key in action.shortcuts():
            counted = own if tab else shared
            counted[(tab, key.toString()) if tab else key.toString()] += action.shortcutContext() in everywhere
    assert shared and own
    assert not [key for key, n in shared.items() if n > 1]
    assert not [use for use, n in own.items() if n > 1 or (n and shared[use[1]])]


def test_the_window_needs_neither_torch_nor_transformers():
    code = """
import sys
from app.application import QApplication
from app.main_window import MainWindow
from engine.commands import Load
app = QApplication([])
window = MainWindow(Load(), None, make_host=None)
window.workspaces.make_all()
print({"torch", "transformers"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def _tabs(window):
    return [name for name, tab in window.workspaces.items() if not tab.widget.isWindow()]


def test_every_tab_has_the_focus_in_its_first_field_when_it_comes_to_the_front(open_window, qtbot):
    window, _ = open_window()
    window.activateWindow()
    for number, name in enumerate(_tabs(window), 1):
        qtbot.keyClick(window, str(number), Qt.KeyboardModifier.ControlModifier)
        tab = window.workspaces[name]
        field = window.focusWidget()
        assert window.front is tab
        assert field is not None and tab.widget.isAncestorOf(field) and field.isVisible(), name
        assert field is (tab.first_field() or field), name


def test_a_tab_that_comes_back_has_the_focus_where_it_was(open_window):
    window, _ = open_window()
    window.show_view("decode")
    gamma = window.workspaces["decode"].setup.drafter
    gamma.setFocus()
    window.show_view("runs")
    window.show_view("decode")
    assert window.focusWidget() is gamma


def test_ctrl_f_searches_in_the_tab_in_front(open_window, qtbot):
    window, _ = open_window()
    for name in _tabs(window):
        window.show_view(name)
        action = window._menus.actions["find"]
        assert action.isEnabled() is not bool(window.front.why_no_search()), name
    window.show_view("runs")
    runs = window.workspaces["runs"]
    runs.table.setFocus()
    qtbot.keyClick(window, "f", Qt.KeyboardModifier.ControlModifier)
    assert window.focusWidget() is runs.bar.search
    window.show_view("decode")
    qtbot.keyClick(window, "f", Qt.KeyboardModifier.ControlModifier)
    assert window.workspaces["decode"].stream.view.searching


def test_the_text_of_a_tab_behind_cannot_be_copied_from_the_menu(open_window):
    window, _ = open_window()
    copy = window.workspaces["decode"].stream.copy
    window.show_view("runs")
    assert not copy.isEnabled()
    window.show_view("decode")
    assert copy.isEnabled()


def test_figures_in_the_status_line_belong_to_the_tab_in_front(open_window):
    window, host = open_window()
    _say(window, host, MODEL)
    window.verbs.do("run")
    _say(window, host, *whole_run())
    status = window._status
    status.refresh()
    shown = status.speed.text(), status.same.text(), status.state.text()
    assert "tokens/s" in shown[0] and "rounds" in shown[2]
    for name in _tabs(window):
        window.show_view(name)
        if window.front.status_summary is None:
            assert (status.speed.text(), status.same.text()) == ("", ""), name
            assert "rounds" not in status.state.text()
    window.show_view("decode")
    assert (status.speed.text(), status.same.text(), status.state.text()) == shown


def test_the_prompt_as_the_model_will_read_it_is_one_click_away_before_any_run(open_window):
    window, host = open_window()
    _say(window, host, MODEL)
    decode = window.workspaces["decode"]
    asked = []
    window.store.ask = asked.append
    decode.setup.chat.system.setPlainText("Be brief.")
    decode.setup.chat.show_model(replace(MODEL, chat_template=True, chat=True))
    decode.prompt.prompt.setPlainText("Who rings?")
    decode.prompt.conversation.set_earlier((Message("user", "Who?"), Message("assistant", "Mara")))
    decode.setup.chat.preview.click()
    (question,) = (command for command in asked if isinstance(command, PreviewPrompt))
    assert [turn.content for turn in question.request.messages] == ["Who?", "Mara", "Who rings?"]
    assert question.settings == {"chat": "auto", "system": "Be brief."}
    window.store.engine.take(PromptPreviewed(question.serial, "<|im_start|>", 3, chat=True))
    decode.setup.draw((), window.store.summary)
    assert decode.setup.chat.preview.text_box.toPlainText() == "<|im_start|>"
