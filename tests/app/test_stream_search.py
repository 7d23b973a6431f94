import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from tests.app.factory import a_round, started, whole_run


def test_typing_opens_the_search_with_what_was_typed(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    qtbot.keyClick(panel.view, Qt.Key.Key_W)
    assert panel.search.isVisible()
    assert panel.search.field.text() == "w"
    assert panel.search.count.text() == "1 of 1"


def test_an_x_in_the_search_is_a_letter(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    panel.open_search()
    qtbot.keyClick(panel.search.field, Qt.Key.Key_X)
    assert panel.search.field.text() == "x"
    assert not panel.x_ray.isChecked()
    assert panel.search.count.text() == "not found"


def test_enter_and_shift_enter_walk_over_the_finds_and_around(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    panel.open_search("e")
    field, count = panel.search.field, panel.search.count
    assert count.text() == "1 of 4"
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert count.text() == "2 of 4"
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert count.text() == "4 of 4"
    panel.search.on.click()
    assert count.text() == "1 of 4"


def test_a_find_over_several_tokens_skips_ghosts_between_them(shown):
    _, panel, say = shown
    say(*whole_run())
    panel.open_search("TIME there")
    search = panel.view.marks.search
    found = search.found(0)
    assert (found.first, found.last) == (3, 6)
    panel.open_search("lived")
    assert panel.search.count.text() == "not found"


def test_the_current_find_is_scrolled_into_view(shown):
    _, panel, say = shown
    say(started(pieces=("needle",)), *(a_round(n, [" hay"] * 4) for n in range(150)))
    view = panel.view
    assert view.verticalScrollBar().value() > 0
    panel.open_search("needle")
    assert view.top + view.line_height > 0


def test_finds_grow_with_the_text_and_a_new_run_is_searched_too(shown):
    _, panel, say = shown
    say(started(pieces=("a tree",)))
    panel.open_search("tree")
    say(a_round(0, [" another tr", "ee"]))
    assert panel.search.count.text() == "1 of 2"
    say(started("next", pieces=("no more",)))
    assert panel.search.count.text() == "not found"
    say(a_round(0, [" trees"]))
    assert panel.search.count.text() == "1 of 1"


def test_escape_closes_the_search_before_the_window_sees_it(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    panel.open_search("was")
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    QApplication.sendEvent(panel.search.field, event)
    assert event.isAccepted()
    qtbot.keyClick(panel.search.field, Qt.Key.Key_Escape)
    assert not panel.search.isVisible()
    assert panel.view.marks.search is None
    panel.open_search("was")
    qtbot.keyClick(panel.view, Qt.Key.Key_Escape)
    assert not panel.search.isVisible()


def test_a_find_is_framed_and_the_current_one_more_so(shown):
    _, panel, say = shown
    say(*whole_run())
    panel.view.viewport().repaint()
    plain = panel.view.grab().toImage()
    panel.open_search("time")
    one = panel.view.grab().toImage()
    panel.close_search()
    assert one.copy(0, 0, 400, 60) != plain.copy(0, 0, 400, 60)
    assert panel.view.grab().toImage().copy(0, 0, 400, 60) == plain.copy(0, 0, 400, 60)


@pytest.mark.parametrize("name", ["field", "back", "on", "shut"])
def test_every_control_of_the_search_has_a_name_a_tip_and_the_keyboard(shown, name):
    _, panel, _ = shown
    control = getattr(panel.search, name)
    assert control.accessibleName() and control.toolTip()
    assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
