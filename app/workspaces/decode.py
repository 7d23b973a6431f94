"""The Decode tab: prompt and stream in the middle, setup left, figures right, rounds below; decides nothing."""

from PySide6.QtCore import QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.panels.error import ErrorPanel
from app.panels.metrics import MetricsPanel
from app.panels.prompt import PromptPanel
from app.panels.rounds import RoundsPanel
from app.panels.setup import SetupPanel
from app.panels.token_stream import TokenStreamPanel
from app.store import RunStore
from engine.host import Load

_LAYOUT_VERSION = 1
_LEFT_WIDTH, _RIGHT_WIDTH, _BOTTOM_HEIGHT = 30 * theme.GRID, 33 * theme.GRID, 19 * theme.GRID


class DecodeWorkspace(QMainWindow):
    """A window inside the tab, so that its docks belong to it."""

    def __init__(self, store: RunStore, pair: Load, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)
        self.prompt = PromptPanel(store, self)
        self.error = ErrorPanel(store, self)
        self.stream = TokenStreamPanel(store, self)
        self.setup = SetupPanel(store, pair, self)
        self.metrics = MetricsPanel(store, self)
        self.rounds = RoundsPanel(store, self)
        self.setCentralWidget(self._middle())
        # Side columns reach down to the status bar: they are long, the table is not.
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self._docks = [
            self._dock(
                "setup", self.tr("Setup"), _Column(self.setup, _LEFT_WIDTH), Qt.DockWidgetArea.LeftDockWidgetArea
            ),
            self._dock(
                "metrics",
                self.tr("Figures"),
                _Column(self.metrics, _RIGHT_WIDTH),
                Qt.DockWidgetArea.RightDockWidgetArea,
            ),
            self._dock("rounds", self.tr("Rounds"), self.rounds, Qt.DockWidgetArea.BottomDockWidgetArea),
        ]
        self._arranged = False

    def reset_layout(self) -> None:
        """Put every dock where it was at the first start."""
        setup, metrics, rounds = self._docks
        for dock, area in (
            (setup, Qt.DockWidgetArea.LeftDockWidgetArea),
            (metrics, Qt.DockWidgetArea.RightDockWidgetArea),
            (rounds, Qt.DockWidgetArea.BottomDockWidgetArea),
        ):
            dock.setFloating(False)
            self.addDockWidget(area, dock)
            dock.show()
        self.resizeDocks([setup, metrics], [_LEFT_WIDTH, _RIGHT_WIDTH], Qt.Orientation.Horizontal)
        self.resizeDocks([rounds], [_BOTTOM_HEIGHT], Qt.Orientation.Vertical)

    def view_actions(self) -> list[QAction]:
        """Switches that show and hide the docks."""
        return [dock.toggleViewAction() for dock in self._docks]

    def save(self, settings: QSettings) -> None:
        """Keep layout, settings and prompt."""
        settings.setValue("decode-layout", self.saveState(_LAYOUT_VERSION))
        settings.setValue("decode-prompt", self.prompt.prompt.toPlainText())
        self.setup.save(settings)

    def restore(self, settings: QSettings) -> None:
        """Take up layout, settings and prompt of the last time."""
        if (layout := settings.value("decode-layout")) is not None:
            self._arranged = self.restoreState(layout, _LAYOUT_VERSION)
        if prompt := settings.value("decode-prompt"):
            self.prompt.prompt.setPlainText(str(prompt))
        self.setup.restore(settings)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Give the docks their sizes at the first start; before there is a window they would not take them."""
        super().showEvent(event)
        if not self._arranged:
            self._arranged = True
            QTimer.singleShot(0, self, self.reset_layout)

    def _middle(self) -> QWidget:
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.error)
        column.addWidget(self.prompt)
        column.addWidget(self.stream, 1)
        return middle

    def _dock(self, name: str, title: str, content: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(content)
        self.addDockWidget(area, dock)
        return dock


class _Column(QScrollArea):
    """A side column of a wanted width; it scrolls where the window is too low for it."""

    def __init__(self, panel: QWidget, width: int) -> None:
        super().__init__()
        self._width = width
        self.setWidget(panel)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(panel.minimumSizeHint().width())

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Its own width: the panel's texts wrap and ask for none."""
        return QSize(self._width, super().sizeHint().height())
