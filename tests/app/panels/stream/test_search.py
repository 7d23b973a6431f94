import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from app.state.selection import Selection
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
    panel.store.select(None)
    assert panel.view.grab().toImage().copy(8, 8, 400, 60) == plain.copy(8, 8, 400, 60)


@pytest.mark.parametrize("name", ["field", "back", "on", "shut"])
def test_every_control_of_the_search_has_a_name_a_tip_and_the_keyboard(shown, name):
    _, panel, _ = shown
    control = getattr(panel.search, name)
    assert control.accessibleName() and control.toolTip()
    assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_every_typed_letter_stays_in_the_search(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    panel.activateWindow()
    panel.view.setFocus()
    for letter in "time":
        qtbot.keyClicks(panel.focusWidget(), letter)
    assert panel.search.field.text() == "time"
    assert not panel.search.field.hasSelectedText()


def test_a_search_opened_by_its_shortcut_offers_the_last_text_for_replacement(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    panel.open_search("time")
    panel.close_search()
    panel.open_search()
    assert panel.search.field.selectedText() == "time"


def test_closing_the_search_selects_the_find_it_was_at(shown, qtbot):
    store, panel, say = shown
    say(*whole_run())
    store.select(Selection(1, 1))
    panel.open_search("time th")
    qtbot.keyClick(panel.search.field, Qt.Key.Key_Escape)
    assert store.selection == Selection(0, 1)


def test_closing_the_search_at_a_find_in_the_prompt_goes_on_from_there(shown, qtbot):
    store, panel, say = shown
    say(*whole_run())
    store.select(Selection(1, 1))
    panel.open_search("upon")
    qtbot.keyClick(panel.search.field, Qt.Key.Key_Escape)
    assert store.selection is None
    qtbot.keyClick(panel.view, Qt.Key.Key_Right)
    assert store.selection == Selection(0, 0)


def test_closing_a_search_without_a_find_leaves_the_selection(shown):
    store, panel, say = shown
    say(*whole_run())
    store.select(Selection(1, 1))
    panel.open_search("nowhere")
    panel.close_search()
    assert store.selection == Selection(1, 1)


def test_an_escape_that_is_held_down_closes_the_search_and_stops_nothing(shown):
    _, panel, say = shown
    say(*whole_run())
    panel.view.card.hide()
    kept = []
    for repeats in (True, False):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier, "", repeats)
        event.ignore()
        QApplication.sendEvent(panel.view, event)
        kept.append(event.isAccepted())
    assert kept == [True, False]
