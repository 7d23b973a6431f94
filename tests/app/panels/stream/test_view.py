import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from app import theme
from app.panels.stream import canvas
from app.panels.stream.painter import MARGIN
from app.state.selection import Selection
from tests.app.factory import a_round, started, whole_run

SHIFT, CTRL, NONE = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.NoModifier,
)


def _add(panel, rounds) -> None:
    for event in rounds:
        panel.store.take(event)


def _settle(qtbot, panel):
    """Wait until all rounds of the store are laid out."""
    qtbot.waitUntil(lambda: not panel.behind and panel.settled, timeout=60_000)


def _place(view, token):
    """The middle of a token in the viewport."""
    line, segment = view.lines.line_of(token), view.lines.segment_of(token)
    x = MARGIN + segment.x + segment.width / 2
    return QPoint(round(x), view.top + line * view.line_height + view.line_height // 2)


def _drag(qtbot, view, start, end):
    viewport = view.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(viewport, (start + end) / 2)
    qtbot.mouseMove(viewport, end)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)


def _many(n=400):
    return [started(), *(a_round(number, [" word"] * 4) for number in range(n))]


def test_a_drag_marks_a_range_and_selects_no_round(shown, qtbot):
    store, panel, say = shown
    say(*whole_run())
    _drag(qtbot, panel.view, _place(panel.view, 1), _place(panel.view, 6))
    assert store.selection is None
    panel.copy.trigger()
    assert QGuiApplication.clipboard().text() == " upon a time there"


def test_a_range_may_be_dragged_backwards_and_a_click_ends_it(shown, qtbot):
    store, panel, say = shown
    say(*whole_run())
    _drag(qtbot, panel.view, _place(panel.view, 6), _place(panel.view, 2))
    assert panel.view.copied_text() == " a time there"
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=_place(panel.view, 3))
    assert store.selection == Selection(0, 1)
    assert panel.view.copied_text() == "Once upon a time there was\n"


def test_a_drag_out_of_the_view_scrolls_until_it_ends(shown, qtbot):
    _, panel, say = shown
    say(*_many())
    view, bar = panel.view, panel.view.verticalScrollBar()
    bar.setValue(0)
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(100, 50))
    qtbot.mouseMove(view.viewport(), QPoint(120, view.viewport().height() + 40))
    qtbot.waitUntil(lambda: bar.value() > 5 * view.line_height, timeout=60_000)
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(120, view.viewport().height() + 40))
    first, last = view.marks.range
    assert last - first > 50


def test_shift_and_arrows_stretch_a_range(shown, qtbot):
    store, panel, say = shown
    say(*whole_run())
    store.select(Selection(0, 0))
    qtbot.keyClick(panel.view, Qt.Key.Key_Right, SHIFT)
    assert panel.view.copied_text() == " a time"
    qtbot.keyClick(panel.view, Qt.Key.Key_Left, SHIFT)
    qtbot.keyClick(panel.view, Qt.Key.Key_Left, SHIFT)
    assert panel.view.copied_text() == " upon a"
    qtbot.keyClick(panel.view, Qt.Key.Key_End, SHIFT)
    assert panel.view.copied_text() == " a time there was\n"
    qtbot.keyClick(panel.view, Qt.Key.Key_Right)
    assert panel.view.marks.range is None


def test_select_all_and_copy_are_reached_by_keys(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    panel.activateWindow()
    panel.view.setFocus()
    qtbot.waitUntil(panel.view.hasFocus, timeout=60_000)
    qtbot.keyClick(panel.view, Qt.Key.Key_A, CTRL)
    assert panel.view.marks.range == (0, 8)
    qtbot.keyClick(panel.view, Qt.Key.Key_C, CTRL)
    assert QGuiApplication.clipboard().text() == "Once upon a time there was\n"


def test_up_and_down_move_by_line(shown, qtbot):
    store, panel, say = shown
    say(*_many(60))
    store.select(Selection(20, 1))
    view = panel.view
    line = view.lines.line_of(view.marks.current)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.lines.line_of(view.marks.current) == line + 1
    qtbot.keyClick(view, Qt.Key.Key_Up)
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert view.lines.line_of(view.marks.current) == line - 1
    assert store.selection is not None and store.selection.token is not None


def test_home_end_and_page_keys_scroll(shown, qtbot):
    _, panel, say = shown
    say(*_many())
    bar = panel.view.verticalScrollBar()
    qtbot.keyClick(panel.view, Qt.Key.Key_Home)
    assert bar.value() == 0
    qtbot.keyClick(panel.view, Qt.Key.Key_PageDown)
    assert bar.value() == bar.pageStep()
    qtbot.keyClick(panel.view, Qt.Key.Key_End)
    assert bar.value() == bar.maximum()


@pytest.mark.parametrize(
    ("jump", "step", "place"),
    [
        (Qt.Key.Key_Home, Qt.Key.Key_Right, Selection(0, 0)),
        (Qt.Key.Key_End, Qt.Key.Key_Left, Selection(399, 4)),
    ],
)
def test_an_arrow_after_home_or_end_begins_there_and_nothing_is_selected_before(shown, qtbot, jump, step, place):
    store, panel, say = shown
    say(*_many())
    store.select(Selection(200, 1))
    qtbot.keyClick(panel.view, jump)
    assert store.selection == Selection(200, 1)
    qtbot.keyClick(panel.view, step)
    assert store.selection == place


def test_an_arrow_after_a_page_key_begins_at_the_first_line_in_view(shown, qtbot):
    store, panel, say = shown
    say(*_many())
    view = panel.view
    store.select(Selection(5, 1))
    qtbot.keyClick(view, Qt.Key.Key_PageDown)
    qtbot.keyClick(view, Qt.Key.Key_PageDown)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    height = view.top + view.lines.line_of(view.marks.current) * view.line_height
    assert store.selection.round > 20
    assert 0 <= height <= view.line_height


def test_the_arrow_down_goes_through_a_long_prompt_from_its_beginning(shown, qtbot):
    store, panel, say = shown
    say(started(pieces=[" word"] * 150), *(a_round(number, [" word"] * 4) for number in range(60)))
    store.select(Selection(50, 1))
    qtbot.keyClick(panel.view, Qt.Key.Key_Home)
    for _ in range(20):
        qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    assert store.selection.round < 50


def test_a_token_picked_again_shows_its_card_again(shown, qtbot):
    _, panel, say = shown
    say(*_many())
    qtbot.keyClick(panel.view, Qt.Key.Key_Home)
    qtbot.keyClick(panel.view, Qt.Key.Key_Right)
    qtbot.keyClick(panel.view, Qt.Key.Key_End)
    assert not panel.view.card.isVisible()
    qtbot.keyClick(panel.view, Qt.Key.Key_Home)
    qtbot.keyClick(panel.view, Qt.Key.Key_Right)
    assert panel.view.card.isVisible()


def _escapes(view):
    """Whether Escape is kept from the window's shortcuts."""
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Escape, NONE)
    event.ignore()
    QApplication.sendEvent(view, event)
    return event.isAccepted()


def test_escape_hides_the_card_and_else_is_left_to_the_window(shown, qtbot):
    store, panel, say = shown
    say(*whole_run())
    assert not _escapes(panel.view)
    store.select(Selection(0, 0))
    assert panel.view.card.isVisible()
    assert _escapes(panel.view)
    qtbot.keyClick(panel.view, Qt.Key.Key_Escape)
    assert not panel.view.card.isVisible()
    assert not _escapes(panel.view)


def test_the_text_is_zoomed_by_keys_wheel_and_methods_within_limits(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    height = panel.view.line_height
    panel.zoom_in()
    assert panel.view.zoom == 110
    assert panel.view.line_height > height
    for _ in range(30):
        panel.zoom_out()
    assert panel.view.zoom == 60
    for _ in range(30):
        qtbot.keyClick(panel.view, Qt.Key.Key_Plus, CTRL)
    assert panel.view.zoom == 300
    qtbot.keyClick(panel.view, Qt.Key.Key_0, CTRL)
    assert panel.view.zoom == 100
    place = QPointF(50, 50)
    event = QWheelEvent(
        place, place, QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, CTRL, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(panel.view.viewport(), event)
    assert panel.view.zoom == 90


def test_x_switches_the_x_ray_and_its_box(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    height = panel.view.line_height
    qtbot.keyClick(panel.view, Qt.Key.Key_X)
    assert panel.x_ray.isChecked() and panel.x_ray_key.isVisible()
    assert panel.view.line_height > height
    qtbot.keyClick(panel.view, Qt.Key.Key_X)
    assert not panel.x_ray.isChecked() and not panel.x_ray_key.isVisible()
    assert panel.view.line_height == height


def _first_in_view(view):
    line = max(0, -view.top // view.line_height)
    return view.lines.tokens_of(line, line)[0]


@pytest.mark.parametrize("change", ["width", "zoom", "ghosts", "x_ray"])
def test_what_was_in_view_stays_in_view_when_a_long_text_is_laid_out_anew(shown, qtbot, change):
    _, panel, say = shown
    view = panel.view
    say(started(), *(a_round(number, [" some", " words"], [" lost"]) for number in range(150)))
    _add(panel, (a_round(number, [" some", " words"], [" lost"]) for number in range(150, 3000)))
    panel.refresh()
    _settle(qtbot, panel)
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)
    token = _first_in_view(view)
    {
        "width": lambda: panel.resize(500, 400),
        "zoom": panel.zoom_in,
        "ghosts": lambda: panel.mode.inspect(False),
        "x_ray": lambda: panel.x_ray.setChecked(True),
    }[change]()
    line_is_long = 25
    assert abs(_first_in_view(view) - token) <= line_is_long
    _settle(qtbot, panel)
    assert abs(_first_in_view(view) - token) <= line_is_long


def test_a_token_not_laid_out_yet_is_shown_all_the_same(shown, qtbot):
    store, panel, say = shown
    view = panel.view
    say(started())
    _add(panel, (a_round(number, [" some", " words"]) for number in range(20_000)))
    panel.refresh()
    store.select(Selection(19_000, 1))
    qtbot.waitUntil(lambda: view.marks.current is not None, timeout=60_000)
    _settle(qtbot, panel)
    assert view.shown_text().count("·end") == 20_000
    top = view.top + view.lines.line_of(view.marks.current) * view.line_height
    assert 0 <= top <= view.viewport().height()


def test_a_slice_moves_on_however_late_the_clock_is(shown, monkeypatch):
    _, panel, say = shown
    say(started())
    monkeypatch.setattr(canvas, "_SLICE_S", -1.0)
    panel.store.take(a_round(0, [" word"]))
    panel.refresh()
    assert panel.view.settled


def test_keys_move_on_a_page_that_is_shown_before_the_rest_is_laid_out(shown, qtbot, monkeypatch):
    store, panel, say = shown
    view = panel.view
    say(started())
    monkeypatch.setattr(canvas, "_SLICE_S", -1.0)
    _add(panel, _many()[1:])
    store.select(Selection(150, 1))
    panel.refresh()
    assert not view.settled
    line = view.lines.line_of(view.marks.current)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.lines.line_of(view.marks.current) == line + 1
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert store.selection.round == 150


def test_a_frame_says_that_the_keys_go_to_the_stream(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    accent = QColor(theme.current().accent)

    def framed():
        picture = panel.view.grab().toImage()
        return picture.pixelColor(0, 0) == accent == picture.pixelColor(100, 1)

    panel.x_ray.setFocus()
    assert not framed()
    panel.activateWindow()
    panel.view.setFocus()
    qtbot.waitUntil(panel.view.hasFocus, timeout=60_000)
    assert framed()
    assert panel.view.grab().toImage().pixelColor(100, 2) != accent


class _Painted(QObject):
    """Adds up the rows that were painted."""

    def __init__(self, view):
        super().__init__(view)
        self.n_rows = 0
        view.viewport().installEventFilter(self)

    def eventFilter(self, _watched, event):  # noqa: N802 (Qt's name)
        if event.type() == QEvent.Type.Paint:
            self.n_rows += sum(rect.height() for rect in event.region())
        return False


def test_an_appended_round_paints_only_its_lines_also_where_the_text_scrolls(shown, qtbot):
    _, panel, say = shown
    view = panel.view
    say(*_many(60))
    QApplication.processEvents()
    painted = _Painted(view)
    for number in range(60, 70):
        painted.n_rows = 0
        n_lines = view.lines.n_lines
        say(a_round(number, [" word"] * 4))
        QApplication.processEvents()
        n_new = view.lines.n_lines - n_lines
        assert 0 < painted.n_rows <= (n_new + 1) * view.line_height + 3 * MARGIN
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()


def test_a_hidden_view_lays_nothing_out_and_goes_on_when_it_is_shown(shown, qtbot):
    _, panel, say = shown
    view = panel.view
    say(started())
    _add(panel, (a_round(number, [" some", " words"]) for number in range(20_000)))
    panel.refresh()
    panel.hide()
    n_shown = len(view.shown_text())
    qtbot.wait(30)
    assert len(view.shown_text()) == n_shown
    panel.show()
    _settle(qtbot, panel)
    assert view.shown_text().count("·end") == 20_000
