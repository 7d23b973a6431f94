"""The tree panel: which round it shows, how mouse and keys move in it, and that the selection is everyone's."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import theme
from app.panels.tree.panel import TreePanel
from app.panels.tree.words import legend, node_words
from app.state.selection import Selection
from app.state.store import RunStore
from engine.events import Event
from tests.app.factory import a_round, started
from tests.trees import tree_run

Show = Callable[..., TreePanel]


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Show]:
    store = RunStore()

    def make(*events: Event) -> TreePanel:
        panel = TreePanel(store)
        qtbot.addWidget(panel)
        panel.resize(900, 300)
        panel.show()
        feed(panel, *events)
        return panel

    yield make
    store.close()


def feed(panel: TreePanel, *events: Event) -> None:
    for event in events:
        panel.store.take(event)
    panel.store.changed.emit()
    panel.refresh()


def test_the_newest_round_is_shown_until_one_is_selected(show: Show) -> None:
    panel = show(*tree_run(started()))
    assert panel.line.text() == "Round 2: 68 nodes, 5 deep, 5 kept"
    panel.store.select(Selection(0, 3))
    assert panel.line.text().startswith("“·boat”: accepted, target p 0.600, drafter q 0.600, depth 2 of 3, on the kept")
    feed(panel, a_round(2, [" x"]))
    assert panel.canvas.event_shown is not None and panel.canvas.event_shown.round == 0


def test_keys_move_along_the_branches(show: Show, qtbot: QtBot) -> None:
    panel = show(*tree_run(started()))
    panel.store.select(Selection(0, None))
    canvas = panel.canvas
    moves = (
        ("Right", 1), ("Right", 3), ("Down", 4), ("Up", 3), ("Left", 1), ("Up", 0), ("Left", 0), ("End", 6),
        ("Home", 1),
    )  # fmt: skip
    for key, node in moves:
        qtbot.keyClick(canvas, getattr(Qt.Key, f"Key_{key}"))
        assert panel.store.selection == Selection(0, node), key
    qtbot.keyClick(canvas, Qt.Key.Key_PageDown)
    assert panel.store.selection == Selection(1, None)
    qtbot.keyClick(canvas, Qt.Key.Key_PageDown)
    assert panel.store.selection == Selection(1, None)


def test_a_click_selects_the_node_for_every_panel(show: Show, qtbot: QtBot) -> None:
    panel = show(started(), tree_run(started())[1])
    canvas = panel.canvas
    assert canvas.grid is not None
    place = canvas._rect(4).center() - canvas._offset()
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert panel.store.selection == Selection(0, 4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_wide_tree_is_painted_fits_and_scrolls_when_it_is_enlarged(show: Show, scheme: theme.Scheme) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, scheme)
    panel = show(*tree_run(started()))
    canvas = panel.canvas
    assert not canvas.grab().isNull() and canvas.zoom >= 75
    before = canvas.zoom
    canvas.zoom_by(3)
    assert canvas.zoom > before and canvas.verticalScrollBar().maximum() > 0
    panel.store.select(Selection(1, 67))
    assert canvas.viewport().rect().intersects(canvas._rect(67).translated(-canvas._offset()).toRect())
    canvas.fit()
    assert canvas.fitting and not canvas.grab().isNull()


def test_foreign_text_is_plain_and_described(show: Show) -> None:
    panel = show(started(), a_round(0, [" <b>x</b>\n"], [" \u202eevil"]))
    panel.store.select(Selection(0, 0))
    assert "<b>x</b>⏎" in panel.line.text()
    event, tree = panel.canvas.event_shown, panel.canvas.tree
    assert event is not None and "⟨U+202E⟩" in node_words(event, tree, 1) and node_words(event, tree, 99) == ""
    interface = QAccessible.queryAccessibleInterface(panel.canvas)
    assert interface.role() == QAccessible.Role.Tree
    assert "<b>x</b>" in interface.text(QAccessible.Text.Value)


def test_it_says_what_will_appear_and_what_was_not_proposed(show: Show) -> None:
    panel = show()
    assert "appears here" in panel.canvas.current_words() and not panel.grab().isNull()
    feed(panel, started(method="plain"), a_round(0, [], (), " x"))
    assert panel.line.text() == "Round 1: nothing was proposed"


def test_the_legend_names_the_marks_that_are_there(show: Show) -> None:
    panel = show()
    assert "▸ correction" in panel.key.text() and "• bonus" in panel.key.text()
    feed(panel, started(), tree_run(started())[1])
    assert panel.canvas.event_shown is not None
    fates = {token.fate for token in panel.canvas.event_shown.proposed}
    full, short = legend(panel.canvas.event_shown)
    assert panel.key.text() == full and full.startswith(short) and "q: of the drafter" in full
    assert ("✓ kept" in short, "✗ rejected" in short, "○ untested" in short) == tuple(
        fate in fates for fate in ("accepted", "rejected", "untested")
    )
    assert len(short.split("   ")) == len(fates) + 1


def test_nodes_that_are_scrolled_up_do_not_lie_under_the_heads(show: Show) -> None:
    panel = show(*tree_run(started()))
    canvas = panel.canvas
    canvas.set_zoom(150)
    first, y = canvas._rect(0), int(canvas._painter.metrics.height() / 4)
    canvas.horizontalScrollBar().setValue(0)
    canvas.verticalScrollBar().setValue(round(first.center().y()) - y)
    assert canvas.verticalScrollBar().value() == round(first.center().y()) - y
    shown = canvas.viewport().grab().toImage()
    inked = {shown.pixelColor(x, y).name() for x in range(int(first.left()), int(first.right()))}
    assert inked == {QColor(theme.current().base).name()}


def test_a_tree_that_fits_needs_no_scroll_bar(show: Show) -> None:
    panel = show(started(), a_round(0, [" a", " b"], [], " c"))
    canvas = panel.canvas
    assert canvas.grid is not None
    width, height = (round(side) for side in canvas._painter.size(canvas.grid))
    for slack in (0, 1, int(canvas._painter.margin)):  # what lies beyond the edge is empty
        panel.resize(width - slack, panel.height() - canvas.height() + height - slack)
        canvas.fit()
        canvas.set_zoom(100)
        assert not canvas.horizontalScrollBar().maximum() and not canvas.verticalScrollBar().maximum(), slack
    panel.resize(width // 2, panel.height())
    assert canvas.horizontalScrollBar().maximum() > 0
