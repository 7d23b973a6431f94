"""Nothing of the window is cut without a tooltip that has all of it, whatever the size, scheme and font."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLabel,
    QScrollArea,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app import theme, workspaces
from app.main_window import MainWindow
from app.theme import Scheme
from app.widgets.elided_label import ElidedLabel
from app.widgets.note_label import NoteLabel
from app.workspaces.decode.headline import HeadlinePanel
from app.workspaces.decode.same_text import SameText
from app.workspaces.longcontext.headline import LengthHeadlinePanel
from app.workspaces.longcontext.state import LengthProgress
from app.workspaces.longcontext.table import LengthTablePanel
from app.workspaces.train.training import TrainingRunProgress
from engine.commands import Load, MeasureLengths
from engine.events import Event, Measured
from tests import thresholds
from tests.app.answers import whole_answer
from tests.app.factory import MODEL, FakeHost, whole_run
from tests.app.workspaces.train.train_tab import AFTER, BEFORE, COMMAND, FINISHED, STARTED
from tests.comparisons import comparison
from tests.lengths import measurement
from tests.scaled_answers import fitted, whole_scaling_answer, whole_sweep

SIZES = ((1600, 1000), (1280, 720))


@pytest.fixture
def scaled_font() -> Iterator[None]:
    font, sheet = QApplication.font(), QApplication.instance().styleSheet()  # type: ignore[union-attr]
    yield
    QApplication.setFont(font)
    QApplication.instance().setStyleSheet(sheet)  # type: ignore[union-attr]


def cut_widgets(window: QWidget) -> list[str]:
    """What is shown and cut, with where it is."""
    faults = [fault for widget in window.findChildren(QWidget) if _is_in_view(widget) for fault in _faults(widget)]
    return sorted(set(faults))


def _is_in_view(widget: QWidget) -> bool:
    """Whether a widget is shown; the docks behind a tab are, but outside of the window."""
    window = widget.window()
    place = QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())
    dock = next((parent for parent in _parents(widget) if isinstance(parent, QDockWidget)), None)
    is_behind = dock is not None and dock.visibleRegion().isEmpty()
    is_shown = widget.isVisible() and not isinstance(widget, QDockWidget)
    return is_shown and not is_behind and window.rect().intersects(place)


def _parents(widget: QWidget) -> Iterator[QWidget]:
    while (parent := widget.parentWidget()) is not None:
        yield parent
        widget = parent


def _faults(widget: QWidget) -> Iterator[str]:
    name = f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}"
    if isinstance(widget, ElidedLabel | NoteLabel):
        return  # these show all of a cut text as their tooltip
    if isinstance(widget, QHeaderView):
        yield from (f"{name}: {text}" for text in _cut_sections(widget))
        return
    if isinstance(widget, QTabBar):
        yield from (f"{name}: {widget.tabText(i)}" for i in range(widget.count()) if _tab_is_cut(widget, i))
        return
    text = _text_of(widget)
    if text and text not in _tip(widget) and not _fits(widget):
        yield f"{name}: {text!r} needs more than {widget.width()}×{widget.height()}"
    if text and (outside := _outside_of_parents(widget)):
        yield f"{name}: {text!r} {outside}"


def _tip(widget: QWidget) -> str:
    return unescape(re.sub("</?p>", "", widget.toolTip()))


def _text_of(widget: QWidget) -> str:
    if isinstance(widget, QLabel | QAbstractButton):
        return widget.text()
    return widget.currentText() if isinstance(widget, QComboBox) else ""


def _fits(widget: QWidget) -> bool:
    """Whether the text has room; a label that wraps needs its height, all else its size."""
    if isinstance(widget, QLabel):
        flags = Qt.TextFlag.TextWordWrap if widget.wordWrap() else Qt.TextFlag.TextSingleLine
        flags = flags if widget.wordWrap() or "\n" not in widget.text() else Qt.TextFlag.TextExpandTabs
        room = widget.contentsRect()
        needed = widget.fontMetrics().boundingRect(QRect(0, 0, max(1, room.width()), 10**6), int(flags), widget.text())
        return needed.width() <= room.width() + 1 and needed.height() <= room.height() + 2
    if isinstance(widget, QComboBox):
        option = QStyleOptionComboBox()
        widget.initStyleOption(option)
        field = widget.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, widget
        )
        return widget.fontMetrics().horizontalAdvance(widget.currentText()) <= field.width() + 2
    return widget.sizeHint().width() <= widget.width() + 1 and widget.sizeHint().height() <= widget.height() + 2


def _cut_sections(header: QHeaderView) -> Iterator[str]:
    model = header.model()
    if header.orientation() != Qt.Orientation.Horizontal or model is None:
        return
    for place in range(header.count()):
        text = str(model.headerData(place, header.orientation()) or "")
        tip = model.headerData(place, header.orientation(), Qt.ItemDataRole.ToolTipRole)
        needed = header.fontMetrics().horizontalAdvance(text) + theme.GRID
        if text and not header.isSectionHidden(place) and not tip and needed > header.sectionSize(place):
            yield text


def _tab_is_cut(bar: QTabBar, place: int) -> bool:
    room = bar.tabRect(place)
    needed = bar.fontMetrics().horizontalAdvance(bar.tabText(place))
    return not bar.tabToolTip(place) and (needed > room.width() or room.right() > bar.width() + 1)


def _outside_of_parents(widget: QWidget) -> str:
    """Where a widget reaches beyond a parent that does not scroll in that direction."""
    parent, rect = widget.parentWidget(), QRect(widget.rect())
    while parent is not None and not widget.isWindow():
        rect = QRect(widget.mapTo(parent, widget.rect().topLeft()), widget.size())
        area = parent.parentWidget()
        if isinstance(area, QScrollArea) and parent is area.viewport():
            across = area.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff
            return (
                f"is cut at the side of its column by {rect.right() - area.viewport().width()}"
                if across and (rect.right() > area.viewport().width() + 1)
                else ""
            )
        if not parent.rect().adjusted(-2, -2, 2, 2).contains(rect):
            return f"reaches beyond {type(parent).__name__} at {rect.getRect()}"
        if parent.isWindow():
            return ""
        parent = parent.parentWidget()
    return ""


def _headline_faults(window: MainWindow) -> Iterator[str]:
    """Headlines that are cut in spite of their shorter versions."""
    for panel in window.front.widget.findChildren(QWidget):
        if isinstance(panel, HeadlinePanel | LengthHeadlinePanel | SameText):
            labels = panel.findChildren(ElidedLabel)
            yield from (f"headline cut: {label.text()}" for label in labels if label.drawn_text.endswith("…"))


def _wide_tables(window: MainWindow) -> Iterator[str]:
    """Tables of lengths that have to be scrolled sideways."""
    for panel in window.front.widget.findChildren(LengthTablePanel):
        if panel.isVisible() and (beyond := panel.table.horizontalScrollBar().maximum()):
            yield f"the table of lengths has {beyond} more columns at its side"


def _filled_window(qtbot: QtBot) -> MainWindow:
    """A window with a run, a comparison, two answers, a sweep, a training and a measurement over lengths."""
    host = FakeHost()
    window = MainWindow(Load(), None, make_host=lambda: host)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    _say(window, host, MODEL)
    window.workspaces["decode"].do("run")
    _say(window, host, *whole_run())
    window.workspaces["compare"].do("run")
    _say(window, host, *comparison())
    window.workspaces["rag"].do("run")
    _say(window, host, *whole_answer())
    window.workspaces["scaling"].do("run")
    _say(window, host, *whole_scaling_answer(), *whole_sweep(), fitted())
    window.workspaces["approximate"].do("run")
    _say(window, host, *thresholds.sweep())
    window.store.tab(TrainingRunProgress).begin(COMMAND)
    window.store.tab(LengthProgress).begin(MeasureLengths())
    _say(window, host, *measurement())
    _say(window, host, STARTED, BEFORE, Measured("alpha", 0.0, 0), Measured("loss", 7.0, 1), AFTER, FINISHED)
    return window


def _say(window: MainWindow, host: FakeHost, *events: Event) -> None:
    host.say(*events)
    for _ in events:
        window.store.pump()


# Each scheme and each size of the font once: colours make no text wider.
@pytest.mark.parametrize(("scheme", "percent"), [("light", 100), ("dark", 150)])
def test_no_text_is_cut_in_any_workspace(qtbot: QtBot, scaled_font: None, scheme: Scheme, percent: int) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    QApplication.setFont(theme.scaled(QApplication.font(), percent / 100))
    theme.apply(app, scheme)
    window = _filled_window(qtbot)
    faults: list[str] = []
    for size in SIZES:
        window.resize(*size)
        for spec in workspaces.discover():
            if spec.is_tab:
                window.show_view(spec.name)
                qtbot.wait(60)
                seen = [*cut_widgets(window), *_headline_faults(window), *_wide_tables(window)]
                faults += (f"{spec.title} {size[0]}×{size[1]}: {fault}" for fault in seen)
    window.close_now()
    assert not faults, "\n".join(faults)
