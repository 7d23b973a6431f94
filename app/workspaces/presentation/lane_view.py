"""One lane of a race: its name and figures, its growing text, and a track on which its mark runs to the finish."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.panels.stream.painter import PlacedSegment
from app.text.plain_text import plain_tip
from app.theme import StreamFate
from app.widgets.lane_marks import LaneMark
from app.workspaces.presentation import words
from app.workspaces.presentation.lane_text import GHOST_FATES, LaneText, TextPiece, pieces_of
from app.workspaces.presentation.lines import fitting
from app.workspaces.presentation.race import Emission, LaneProgress, RaceRun
from app.workspaces.presentation.scale import StageScale
from app.workspaces.presentation.script import RaceLane, RaceScript

# Distance of two lines of text, in heights of the font.
_LEADING = 1.3
_FIGURES = 47
_NAME_ROW, _COUNTER_ROW, _SMALL_ROW, _TRACK_ROW, _FLAG = 5.2, 5.2, 3.3, 3.8, 9
# Enough to fill any lane again after its size has changed.
_MOST_REPEATED = 400


class _Places(NamedTuple):
    """Where the parts of a lane are."""

    name: QRect
    text: QRect
    figures: QRect
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
        self._text = LaneText()
        self._ghosts = True
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
            for emission in new:
                self._text.add(self._pieces(emission))
            self.update(places.text)
        self.update(places.figures)
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
        self._text.restart(room.width(), max(1, int(room.height() / self._line_height)), painter.measure)
        if self._progress is not None:
            for emission in self._progress.latest(_MOST_REPEATED):
                self._text.add(self._pieces(emission))
        self.update()

    # Geometry

    @property
    def _line_height(self) -> float:
        return 1.0 if self._scale is None else _LEADING * self._scale.text.metrics.height()

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

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint the parts that have changed."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Base))
        if self._lane is not None and self._scale is not None and self._progress is not None:
            places = self._places()
            for place, paint in (
                (places.name, self._paint_name),
                (places.text, self._paint_text),
                (places.figures, self._paint_figures),
                (places.track, self._paint_track),
            ):
                if event.rect().intersects(place):
                    paint(painter, place)
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

    def _paint_text(self, painter: QPainter, place: QRect) -> None:
        assert self._scale is not None
        stream = self._scale.text
        rise = (self._line_height + stream.metrics.ascent() - stream.metrics.descent()) / 2
        by_fate: dict[StreamFate, list[PlacedSegment]] = defaultdict(list)
        for number, line in enumerate(self._text.lines):
            baseline = place.top() + number * self._line_height + rise
            for x, width, piece in line:
                if piece.text:
                    by_fate[piece.fate].append(PlacedSegment(place.left() + x, baseline, width, piece.text, 0))
        painter.save()
        painter.setClipRect(place, Qt.ClipOperation.IntersectClip)
        for fate, segments in by_fate.items():
            if fate != "plain":
                stream.paint(painter, fate, segments)
        # Without its cue, which marks where tokens begin: at this size it would only be in the way.
        painter.setFont(stream.font)
        painter.setPen(theme.fate_colour("plain"))
        for segment in by_fate["plain"]:
            painter.drawText(QPointF(segment.x, segment.baseline), segment.text)
        painter.restore()

    def _paint_figures(self, painter: QPainter, place: QRect) -> None:
        assert self._lane is not None and self._scale is not None
        assert self._run is not None and self._progress is not None
        c, unit, scale, lane, progress = theme.current(), self._scale.unit, self._scale, self._lane, self._progress
        verdict = QColor(c.bad if words.is_loss(lane) else c.muted if lane.is_plain else c.text)
        counts = (words.n_tokens(progress), words.seconds(self._run.seconds(progress)))
        rows: tuple[tuple[float, tuple[str, ...], QFont, QColor], ...] = (
            (_NAME_ROW, (words.lane_verdict(lane),), scale.name, verdict),
            (_COUNTER_ROW, (words.tokens_per_s(progress),), scale.counter, QColor(c.text)),
            (_SMALL_ROW, counts, scale.small, QColor(c.text)),
            (_SMALL_ROW, (self._spread(),), scale.small, QColor(c.muted)),
            (_SMALL_ROW, (words.here(lane), words.prefill(progress)), scale.small, QColor(c.muted)),
            (_SMALL_ROW, (words.note(lane),), scale.small, QColor(c.muted)),
        )
        top = float(place.top())
        for height, parts, font, colour in rows:
            # A row that does not fit whole is left out: the tooltip has what it says.
            if any(parts) and top + height * unit <= place.bottom() + 1:
                room = QRect(place.left(), round(top), place.width(), round(height * unit))
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
