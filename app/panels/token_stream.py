"""Panel of the token stream: the view, its legend, whether ghosts are shown, and what can be done with a token."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QAction, QColor, QGuiApplication, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app import requests, theme
from app.labels import plain_label
from app.panel import Panel
from app.panels.stream_tokens import StreamToken, prompt_tokens, round_tokens
from app.panels.stream_view import StreamView
from app.store import RunStore, Selection
from app.theme import StreamFate
from engine.events import Event, RoundFinished, RunStarted
from engine.summary import Summary


class TokenStreamPanel(Panel):
    """Appends the tokens of each round. `fork_asked` says that a run from the selected token is wanted."""

    fork_asked = Signal()

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.view = StreamView(self)
        self.view.empty_text = self.tr("The text appears here, each token in the colour of its fate.")
        self.view.picked.connect(store.select)
        self.ghosts = QCheckBox(self.tr("Show ghosts"), self)
        self.ghosts.setChecked(True)
        self.ghosts.setToolTip(self.tr("Show tokens that were proposed and not kept, in line with the text."))
        self.ghosts.toggled.connect(self.view.show_ghosts)
        self.fork = QAction(self.tr("Fork from here"), self)
        self.fork.setToolTip(self.tr("Run again from the selected token with the settings at the left."))
        self.fork.triggered.connect(self.fork_asked)
        self.copy = QAction(self.tr("Copy text"), self)
        self.copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        self.copy.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.copy.triggered.connect(self.copy_text)
        self.view.addActions([self.fork, self.copy])
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._fork_button = QPushButton(self.fork.text(), self)
        self._fork_button.setToolTip(self.fork.toolTip())
        self._fork_button.clicked.connect(self.fork.trigger)
        self._lay_out()
        self._update_fork()

    def clear(self) -> None:
        """Forget the tokens."""
        self.view.clear()

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Append the tokens of new rounds."""
        tokens: list[StreamToken] = []
        for event in new:
            if isinstance(event, RunStarted):
                tokens += prompt_tokens(event)
            elif isinstance(event, RoundFinished):
                tokens += round_tokens(event)
        self.view.append(tokens)
        self._update_fork()

    def mark(self, selection: Selection | None) -> None:
        """Mark the selected round."""
        self.view.select(selection)
        self._update_fork()

    def copy_text(self) -> None:
        """Put what was kept on the clipboard."""
        QGuiApplication.clipboard().setText(self.view.text())

    def _update_fork(self) -> None:
        can = not self.store.busy and requests.kept_up_to(self.store.log, self.store.selection) is not None
        self.fork.setEnabled(can)
        self._fork_button.setEnabled(can)

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setContentsMargins(2 * theme.GRID, theme.HALF, theme.GRID, theme.HALF)
        foot.setSpacing(2 * theme.GRID)
        foot.addWidget(Legend(self), 1)
        foot.addWidget(self.ghosts)
        foot.addWidget(self._fork_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view, 1)
        column.addLayout(foot)


class Legend(QWidget):
    """Names each fate in its own colour and with its own cue."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * theme.GRID)
        # A narrow window cuts the legend, not the other way round.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        shown: tuple[tuple[StreamFate, str, str], ...] = (
            ("accepted", self.tr("accepted"), self.tr("Proposed by the drafter and kept by the target.")),
            ("correction", self.tr("correction"), self.tr("Drawn from the residual after a rejection.")),
            ("bonus", self.tr("bonus"), self.tr("Drawn from the target after all proposed tokens were accepted.")),
            ("plain", self.tr("undrafted"), self.tr("The target's own token in a round where nothing was proposed.")),
            ("rejected", self.tr("rejected"), self.tr("Proposed and not kept: the first rejection of its round.")),
            ("untested", self.tr("untested"), self.tr("Proposed after the first rejection, so never looked at.")),
        )
        for fate, text, tip in shown:
            row.addWidget(LegendEntry(fate, text, tip, self))
        row.addStretch(1)


class LegendEntry(QWidget):
    """One fate, painted with its cue under, over or through its name."""

    def __init__(self, fate: StreamFate, text: str, tip: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._fate = fate
        self._label = plain_label(text, self)
        font = self._label.font()
        font.setBold(fate == "correction")
        self._label.setFont(font)
        self.setToolTip(tip)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, theme.HALF, 0, theme.HALF)
        row.addWidget(self._label)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the cue."""
        colour, painter = theme.fate_colour(self._fate), QPainter(self)
        self._tint(colour)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at = QRectF(self._label.geometry())
        if self._fate == "bonus":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(QRectF(at.center().x() - 2, at.top() - 3, 4, 4))
        elif self._fate in ("accepted", "rejected", "untested"):
            style = Qt.PenStyle.DotLine if self._fate == "untested" else Qt.PenStyle.SolidLine
            painter.setPen(QPen(colour, 1.6, style, Qt.PenCapStyle.FlatCap))
            y = at.center().y() + 1 if self._fate == "rejected" else at.bottom() + 2
            painter.drawLine(QPointF(at.left(), y), QPointF(at.right(), y))
        painter.end()

    def _tint(self, colour: QColor) -> None:
        palette = self._label.palette()
        if palette.windowText().color() != colour:
            palette.setColor(palette.ColorRole.WindowText, colour)
            self._label.setPalette(palette)
