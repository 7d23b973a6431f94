"""One lane of a race: its name and figures, its growing text, and a track on which its mark runs to the finish."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QRegion, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.text.plain_text import plain_tip
from app.widgets.lane_marks import LaneMark
from app.workspaces.presentation import words
from app.workspaces.presentation.lane_text import GHOST_FATES, GrowingText, TextPiece, pieces_of
from app.workspaces.presentation.line_painter import LinePainter, line_height
from app.workspaces.presentation.lines import SEPARATOR, fitting, largest_fitting
from app.workspaces.presentation.race import Emission, LaneProgress, RaceRun
from app.workspaces.presentation.scale import StageScale
from app.workspaces.presentation.script import RaceLane, RaceScript

_FIGURES = 47
_NAME_ROW, _COUNTER_ROW, _SMALL_ROW, _TRACK_ROW, _FLAG = 5.2, 5.2, 3.3, 3.8, 9


class _Places(NamedTuple):
    """Where the parts of a lane are."""

    name: QRect
    text: QRect
    figures: QRect
    counters: QRect
    track: QRect


class LaneView(QWidget):
    """Paints a lane; what changes in every frame is painted without the rest."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._lane: RaceLane | None = None
        self._mark: LaneMark | None = None
        self._script: RaceScript | None = None
        self._run: RaceRun | None = None
        self._progress: LaneProgress | None = None
        self._scale: StageScale | None = None
        self._text = GrowingText()
        self._ghosts = True
        self._lines = LinePainter()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # What it shows

    def show_lane(self, lane: RaceLane, mark: LaneMark, script: RaceScript) -> None:
        """Show the facts of a lane."""
        self._lane, self._mark, self._script = lane, mark, script
        name = words.lane_name(lane)
        self.setAccessibleName(name)
        details = (name, words.lane_verdict(lane), self._spread(), *words.same_text(lane.check), words.note(lane))
        self.setToolTip(plain_tip("\n".join(filter(None, details))))
        self.update()

    def follow(self, run: RaceRun, progress: LaneProgress) -> None:
        """Show a race from its current moment on."""
        self._run, self._progress = run, progress
        self._lay_out_text()

    def set_scale(self, scale: StageScale) -> None:
        """Set all sizes."""
        self._scale = scale
        self._lay_out_text()

    def show_ghosts(self, shown: bool) -> None:
        """Show or hide rejected proposals."""
        self._ghosts = shown
        self._lay_out_text()

    def move_on(self, new: Sequence[Emission]) -> None:
        """Show what was emitted since the last frame."""
        places = self._places()
        if new:
            newest = self._text.newest(reversed(new))
            if len(newest) < len(new):
                self._text.clear()
                self._lines.clear()
            self._add(newest)
            self.update(places.text)
        self.update(places.counters)
        self.update(places.track)

    def describe(self, sentence: str) -> None:
        """Set what a screen reader says of it."""
        self.setAccessibleDescription(sentence)

    @property
    def text(self) -> str:
        """The visible text, pieces joined as they read."""
        lines = ("".join((" " * (not p.piece.joins)) + p.piece.text for p in line) for line in self._text.lines)
        return "\n".join(lines)

    def _pieces(self, emission: Emission) -> list[TextPiece]:
        return [piece for piece in pieces_of(emission) if self._ghosts or piece.fate not in GHOST_FATES]

    def _lay_out_text(self) -> None:
        """Lay the newest text out anew."""
        if self._scale is None:
            return
        room, painter = self._places().text, self._scale.text
        self._text.restart(room.width(), max(1, int(room.height() / line_height(painter))), painter.measure)
        self._lines.clear()
        if self._progress is not None:
            self._add(self._text.newest(self._progress.latest()))
        self.update()

    def _add(self, emissions: Iterable[Emission]) -> None:
        for emission in emissions:
            self._text.add(self._pieces(emission))

    # Geometry

    def _places(self) -> _Places:
        unit = 1.0 if self._scale is None else self._scale.unit
        margin = round(2 * unit)
        left, top, width = margin, round(0.6 * unit), self.width() - 2 * margin
        figures_width = round(_FIGURES * unit)
        name_height, track_height = round(_NAME_ROW * unit), round(_TRACK_ROW * unit)
        text_width = max(1, width - figures_width - 2 * margin)
        track_top = self.height() - track_height
        text_height = max(1, track_top - top - name_height)
        return _Places(
            QRect(left, top, text_width, name_height),
            QRect(left, top + name_height, text_width, text_height),
            QRect(left + width - figures_width, top, figures_width, self.height() - top),
            QRect(
                left + width - figures_width,
                top + name_height,
                figures_width,
                round((_COUNTER_ROW + _SMALL_ROW) * unit),
            ),
            QRect(left, track_top, text_width, track_height),
        )

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """As much as there is."""
        return QSize(0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Lay the text out anew."""
        super().resizeEvent(event)
        self._lay_out_text()

    # Painting

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint anew in another scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._lines.clear()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the parts that have changed."""
        painter, region = QPainter(self), event.region()
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Base))
        if self._lane is not None and self._scale is not None and self._progress is not None:
            places = self._places()
            if region.intersects(places.name):
                self._paint_name(painter, places.name)
            if region.intersects(places.text):
                self._lines.paint(painter, places.text, self._text, self._scale.text)
            if region.intersects(places.figures):
                self._paint_figures(painter, places.figures, region)
            if region.intersects(places.track):
                self._paint_track(painter, places.track)
        painter.end()

    def _paint_name(self, painter: QPainter, place: QRect) -> None:
        assert self._lane is not None and self._mark is not None and self._scale is not None
        check = words.same_text(self._lane.check)
        good = bool(self._lane.check.same)
        used = 0
        if check:
            small = QFontMetrics(self._scale.small)
            used = small.horizontalAdvance(fitting(check, small, place.width() // 2))
            room = place.adjusted(place.width() - used, 0, 0, 0)
            self._write(painter, room, check, self._scale.small, self._check_colour(good))
        glyph = self._scale.name
        self._write(painter, place, (self._mark.glyph,), glyph, self._mark.colour)
        indent = QFontMetrics(glyph).horizontalAdvance(self._mark.glyph) + round(1.2 * self._scale.unit)
        room = place.adjusted(indent, 0, -used - round(2 * self._scale.unit) * bool(used), 0)
        self._write(painter, room, (words.lane_name(self._lane),), glyph, QColor(theme.current().text))

    def _check_colour(self, good: bool) -> QColor:
        return QColor(theme.current().good if good else theme.current().bad)

    def _paint_figures(self, painter: QPainter, place: QRect, region: QRegion) -> None:
        assert self._lane is not None and self._scale is not None
        assert self._run is not None and self._progress is not None
        c, unit, scale, lane, progress = theme.current(), self._scale.unit, self._scale, self._lane, self._progress
        verdict = QColor(c.bad if words.loses_here(lane) else c.muted if lane.is_plain else c.text)
        counts = (words.n_tokens(progress), words.seconds(self._run.seconds(progress)))
        rows: tuple[tuple[float, tuple[str, ...], QFont, QColor], ...] = (
            (_NAME_ROW, (words.race_verdict(lane),), scale.name, verdict),
            (_COUNTER_ROW, (words.tokens_per_s(progress),), scale.counter, QColor(c.text)),
            (_SMALL_ROW, counts, scale.small, QColor(c.text)),
            (_SMALL_ROW, (self._spread(),), scale.small, QColor(c.muted)),
            (_SMALL_ROW, (words.overall(lane), words.prefill(progress)), scale.small, QColor(c.muted)),
            (_SMALL_ROW, (words.note(lane),), scale.small, QColor(c.muted)),
        )
        top = float(place.top())
        for height, parts, font, colour in rows:
            # A row that does not fit whole is left out: the tooltip has what it says.
            if any(parts) and top + height * unit <= place.bottom() + 1:
                room = QRect(place.left(), round(top), place.width(), round(height * unit))
                if region.intersects(room):
                    text = SEPARATOR.join(filter(None, parts))
                    font = largest_fitting((font, scale.name, scale.small), text, room.width())
                    self._write(painter, room, parts, font, colour)
                top += height * unit

    def _spread(self) -> str:
        """The interval of its speedup, unless the verdict above all lanes has it."""
        lane, script = self._lane, self._script
        if lane is None or script is None or lane.is_plain or words.speedup_unknown(lane) or len(script.lanes) < 3:
            return ""
        return words.short_spread(lane.measured, script.facts)

    def _paint_track(self, painter: QPainter, place: QRect) -> None:
        assert self._mark is not None and self._scale is not None
        assert self._run is not None and self._progress is not None
        c, unit = theme.current(), self._scale.unit
        flag = round(_FLAG * unit)
        rail = QRectF(place.left(), place.center().y() - 0.3 * unit, place.width() - flag, 0.6 * unit)
        painter.fillRect(rail, QColor(c.line))
        painter.fillRect(QRectF(rail.right(), place.top() + 0.6 * unit, 0.4 * unit, 3 * unit), QColor(c.edge))
        run_at = rail.left() + self._progress.share * rail.width()
        painter.fillRect(QRectF(rail.left(), rail.top(), run_at - rail.left(), rail.height()), self._mark.colour)
        painter.setFont(self._scale.name)
        painter.setPen(self._mark.colour)
        glyph = self._mark.glyph
        metrics = QFontMetrics(self._scale.name)
        half = metrics.horizontalAdvance(glyph) / 2
        x = min(max(rail.left(), run_at - half), rail.right() - 2 * half)
        painter.drawText(QPointF(x, rail.center().y() + metrics.ascent() / 2 - metrics.descent() / 2), glyph)
        place_words = words.place(self._run.place(self._progress))
        end = QRect(place.right() - flag + round(1.4 * unit), place.top(), flag, place.height())
        self._write(painter, end, (place_words,), self._scale.name, QColor(c.text))

    def _write(self, painter: QPainter, room: QRect, parts: Sequence[str], font: QFont, colour: QColor) -> None:
        painter.setFont(font)
        painter.setPen(colour)
        text = fitting(parts, QFontMetrics(font), room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
