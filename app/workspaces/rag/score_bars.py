"""Widget that shows the scores of a draft as bars on a logarithmic scale that all drafts share."""

from math import ceil, isfinite, log
from typing import NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.workspaces.rag import answer_words

_FEWEST_POWERS, _MOST_POWERS = 2, 320
_BAR_SHARE = 0.5
_TEN = log(10)


class ScoreRow(NamedTuple):
    """A score: its name, its natural logarithm (None while unknown), the colour of its bar, whether it is in bold."""

    name: str
    log_score: float | None
    hue: str
    strong: bool = False


class ScoreScale(NamedTuple):
    """Natural logarithms at the ends of the scale; scores are probabilities up to 1, sums of them go beyond."""

    low: float
    high: float = 0.0

    def share(self, log_score: float) -> float:
        """How far along the scale a score lies, from 0 to 1."""
        return min(1.0, max(0.0, (log_score - self.low) / (self.high - self.low)))


class ScoreBars(QWidget):
    """Paints the scores; its height depends only on the font and the number of rows."""

    def __init__(self, names: tuple[str, ...], parent: QWidget) -> None:
        super().__init__(parent)
        self.setFont(theme.tabular(self.font()))
        self._rows = tuple(ScoreRow(name, None, "bar_q") for name in names)
        self._scale = ScoreScale(-_FEWEST_POWERS * _TEN)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def rows(self) -> tuple[ScoreRow, ...]:
        """The scores on show."""
        return self._rows

    def show_scores(self, rows: tuple[ScoreRow, ...], scale: ScoreScale) -> None:
        """Show the scores."""
        if (rows, scale) != (self._rows, self._scale):
            self._rows, self._scale = rows, scale
            scores = [(row.name, row.log_score) for row in rows if row.log_score is not None]
            descriptions = [f"{name} {answer_words.probability_in_full(log_score)}" for name, log_score in scores]
            self.setAccessibleDescription(", ".join(descriptions))
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return the size for one line per score and one for the scale."""
        return QSize(20 * theme.GRID, (len(self._rows) + 1) * self._line_height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return the size for names, figures and a short bar."""
        return QSize(self._name_width() + self._figure_width() + 4 * theme.GRID, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint every row, and the two ends of the scale below."""
        painter = QPainter(self)
        colours, line, regular = theme.current(), self._line_height(), self.font()
        strong = QFont(regular)
        strong.setBold(True)
        left, right = self._name_width(), self.width() - self._figure_width()
        for number, row in enumerate(self._rows):
            top = number * line
            painter.setFont(strong if row.strong else regular)
            painter.setPen(QColor(colours.text if row.strong else colours.muted))
            painter.drawText(QRectF(0, top, left, line), Qt.AlignmentFlag.AlignVCenter, row.name)
            self._paint_bar(painter, row, QRectF(left, top, right - left, line))
        self._paint_scale(painter, QRectF(left, len(self._rows) * line, right - left, line))
        painter.end()

    def _paint_bar(self, painter: QPainter, row: ScoreRow, area: QRectF) -> None:
        colours = theme.current()
        height = _BAR_SHARE * area.height()
        track = QRectF(area.left(), area.center().y() - height / 2, area.width(), height)
        painter.fillRect(track, QColor(colours.line))
        if row.log_score is None:
            return
        share = self._scale.share(row.log_score)
        painter.fillRect(
            QRectF(track.left(), track.top(), share * track.width(), height), QColor(getattr(colours, row.hue))
        )
        figure = QRectF(area.right(), area.top(), self._figure_width(), area.height())
        painter.setPen(QColor(colours.text))
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(figure, side, answer_words.probability(row.log_score))

    def _paint_scale(self, painter: QPainter, area: QRectF) -> None:
        painter.setFont(self.font())
        painter.setPen(QColor(theme.current().muted))
        middle, high = Qt.AlignmentFlag.AlignVCenter, self._scale.high
        low = answer_words.power_of_ten(self._scale.low)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | middle, low)
        end = answer_words.tr("1") if high == 0 else answer_words.tr("2") if high < _TEN else _power(high)
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | middle, end)
        names = QRectF(0, area.top(), area.left(), area.height())
        painter.drawText(names, Qt.AlignmentFlag.AlignLeft | middle, answer_words.tr("log scale"))

    def _line_height(self) -> int:
        return self.fontMetrics().height() + 1

    def _name_width(self) -> int:
        strong = theme.scaled(self.font(), 1.0, bold=True)
        return max(QFontMetrics(strong).horizontalAdvance(row.name) for row in self._rows) + theme.GRID

    def _figure_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("10⁻⁸⁸⁸") + theme.GRID


def scale_of(log_scores: list[float]) -> ScoreScale:
    """The scale for these scores, which all of them fit: from a power of ten below the smallest up to 1, to 2 where a
    sum of two probabilities is above 1, and to a power of ten above the largest where that is above 2."""
    largest = max((score for score in log_scores if isfinite(score)), default=0.0)
    high = 0.0 if largest <= 0 else log(2) if largest <= log(2) else ceil(largest / _TEN) * _TEN
    return ScoreScale(_lowest(log_scores), high)


def _power(log_p: float) -> str:
    return answer_words.power_of_ten(log_p)


def _lowest(log_scores: list[float]) -> float:
    """The left end of a scale, a natural logarithm: a power of ten below the smallest score."""
    smallest = min([score for score in log_scores if isfinite(score)], default=0.0)
    powers = max(_FEWEST_POWERS, min(_MOST_POWERS, ceil(-smallest / _TEN + 0.5)))
    return -powers * _TEN
