"""The stage of a race: verdict above, lanes one below the other, keys at the bottom; large type throughout."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.widgets.labels import plain_label
from app.widgets.lane_marks import PLAIN_MARK, marks_of
from app.workspaces.presentation import words
from app.workspaces.presentation.lane_view import LaneView
from app.workspaces.presentation.lines import PartsLine
from app.workspaces.presentation.player import RacePlayer
from app.workspaces.presentation.race import Emission, RaceRun
from app.workspaces.presentation.scale import stage_scale
from app.workspaces.presentation.script import RaceScript, leading, n_pages, shown_lanes

MOST_LANES = 4
# While a race plays, the keys stay for this long and then fade.
_KEYS_S, _FADE_S = 5.0, 1.0


class RaceStage(QWidget):
    """Shows one race at a time, or what to do where there is none."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.script: RaceScript | None = None
        self.live = False
        self.page = 0
        self.ghosts = True
        self._several, self._has_report = False, False
        self._notice: tuple[str, bool] = ("", True)
        self.player = RacePlayer(self)
        self.player.advanced.connect(self._move_on)
        self.player.changed.connect(self._on_player)
        self.headline = PartsLine(self.tr("Verdict"), self)
        self.check = PartsLine(self.tr("Same text"), self, align_right=True)
        self.spread = PartsLine(self.tr("Interval of the speedup"), self)
        self.of_what = PartsLine(self.tr("What was measured"), self)
        self.measured = PartsLine(self.tr("How it was measured"), self)
        self.prompt = PartsLine(self.tr("Prompt"), self)
        self.lanes = tuple(LaneView(self) for _ in range(MOST_LANES))
        self.nothing = plain_label(words.nothing(), self, role="muted", wraps=True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.keys = PartsLine(self.tr("Keys"), self, shrinks=True)
        self.state = PartsLine(self.tr("Playback"), self, align_right=True)
        self.typed = QLineEdit(self)
        self.typed.setAccessibleName(self.tr("Prompt to race over"))
        self.typed.setPlaceholderText(self.tr("Type a prompt and press Enter; Esc closes this line"))
        self.typed.hide()
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._lay_out()
        self.show_script(None)

    # What it shows

    def show_script(self, script: RaceScript | None, *, live: bool = False) -> None:
        """Show a race; one on show that has only got new figures keeps its place."""
        same = script is not None and self.script is not None and script.key == self.script.key
        self.script, self.live = script, live
        if not same:
            self.page = 0
            self._begin()
        self._show_facts()

    def show_page(self, page: int) -> None:
        """Show other lanes of the race, from its start."""
        if self.script is not None:
            self.page = page % n_pages(self.script, MOST_LANES)
            self._begin()
            self._show_facts()

    def show_ghosts(self, shown: bool) -> None:
        """Show or hide rejected proposals."""
        self.ghosts = shown
        for view in self.lanes:
            view.show_ghosts(shown)
        self._show_state()

    def notice(self, text: str, *, good: bool = True) -> None:
        """Show a line about what the keys did, or why they did not; empty for the keys again."""
        self._notice = (text, good)
        self._show_state()

    def offer(self, *, several: bool, has_report: bool) -> None:
        """Offer the keys for other prompts, and for a report, where there are any."""
        self._several, self._has_report = several, has_report
        self.notice("")

    def open_line(self) -> None:
        """Open the line for a prompt over the keys, so that no lane moves."""
        self._place_line()
        self.typed.show()
        self.typed.raise_()
        self.typed.setFocus()

    def _place_line(self) -> None:
        keys = self.keys.geometry()
        height = max(keys.height(), self.typed.sizeHint().height())
        self.typed.setGeometry(keys.x(), keys.bottom() + 1 - height, self.width() - 2 * keys.x(), height)

    @property
    def run(self) -> RaceRun | None:
        """The race on show."""
        return self.player.run

    def restart(self) -> None:
        """Begin the race again, and play it."""
        self._begin()
        self.player.choose_speed()
        self.player.play()

    def jump_to_end(self) -> None:
        """Show the end of the race."""
        self.player.pause()
        if (run := self.run) is not None:
            run.skip_to_end()
            while run.behind:
                self._move_on(run.advance_to(run.time_s))
            self._show_facts()

    def skip_to_end(self) -> None:
        """Move to the end of the race, a slice in each frame."""
        if self.run is not None:
            self.run.skip_to_end()
            self.player.play()

    def advance_to(self, time_s: float) -> None:
        """Move a live race on."""
        if (run := self.run) is not None:
            self._move_on(run.advance_to(time_s))

    def _begin(self) -> None:
        lanes = () if self.script is None else shown_lanes(self.script, MOST_LANES, self.page)
        self.player.load(RaceRun([lane.recording for lane in lanes]) if lanes else None)
        for view in self.lanes[len(lanes) :]:
            view.hide()
        self._rescale(len(lanes))
        for view, _ in zip(self.lanes, lanes, strict=False):
            view.show()
        self._follow()

    def _follow(self) -> None:
        if (run := self.run) is not None:
            for view, progress in zip(self.lanes, run.lanes, strict=False):
                view.follow(run, progress)

    def _move_on(self, new: Sequence[Sequence[Emission]]) -> None:
        for view, emissions in zip(self.lanes, new, strict=False):
            view.move_on(emissions)
        if self.player.playing:
            over_s = self.player.played_s - _KEYS_S
            self.keys.fade(max(0.0, min(1.0, 1 - over_s / _FADE_S)))

    # Texts

    def _show_facts(self) -> None:
        script = self.script
        self.nothing.setVisible(script is None)
        for line in (self.headline, self.check, self.spread, self.of_what, self.measured, self.prompt):
            line.setVisible(script is not None)
        if script is not None:
            self._show_verdict(script)
            self._show_lanes(script)
        self._show_state()

    def _show_verdict(self, script: RaceScript) -> None:
        lanes = shown_lanes(script, MOST_LANES, self.page)
        lane = leading(lanes, script.facts.recommended)
        mark = PLAIN_MARK if lane is None else marks_of(script.facts.all_lanes).get(lane.spec.name, PLAIN_MARK)
        loses = lane is not None and words.is_loss(lane)
        self.headline.show_parts(words.headline(lane, mark, live=self.live), "bad" if loses else "normal")
        text, good = words.all_texts(script)
        self.check.show_parts((text,), "good" if good and "✓" in text else "muted" if good else "bad")
        final = lane is not None and not self.live and not words.speedup_unknown(lane)
        spread = words.spread(lane.measured, script.facts) if lane is not None and final else ""
        # A race may end otherwise than the repeats did: then the verdict must not stand alone.
        here = words.here(lane) if lane is not None and final else ""
        self.spread.show_parts((words.against_plain(), spread, here) if spread else (), "muted")
        self.of_what.show_parts(words.of_what(script), "muted")
        self.measured.show_parts(words.measured_where(script), "muted")
        self.prompt.show_parts((words.prompt_line(script.facts),), "muted")

    def _show_lanes(self, script: RaceScript) -> None:
        marks = marks_of(script.facts.all_lanes)
        for view, lane in zip(self.lanes, shown_lanes(script, MOST_LANES, self.page), strict=False):
            view.show_lane(lane, marks.get(lane.spec.name, PLAIN_MARK), script)
        self._describe()

    def _describe(self) -> None:
        """Tell a screen reader where the race stands."""
        if self.script is None or self.run is None:
            self.setAccessibleDescription(words.nothing())
            return
        lanes = shown_lanes(self.script, MOST_LANES, self.page)
        self.setAccessibleDescription(words.spoken(lanes, self.run))
        for view, lane, progress in zip(self.lanes, lanes, self.run.lanes, strict=False):
            view.describe(words.spoken_lane(lane, progress, self.run))

    def _on_player(self) -> None:
        self._describe()
        self._show_state()

    def _show_state(self) -> None:
        text, good = self._notice
        pages = 1 if self.script is None else n_pages(self.script, MOST_LANES)
        keys = words.keys(
            has_race=self.script is not None,
            several=self._several,
            pages=pages,
            live=self.live,
            has_report=self._has_report,
        )
        self.keys.show_parts((text,) if text else keys, "muted" if good else "bad")
        if text or not self.player.playing:
            self.keys.fade(1.0)
        playback = words.playback(self.player, live=self.live, ghosts=self.ghosts)
        self.state.show_parts((self._lanes_shown(), *playback), "muted")

    def _lanes_shown(self) -> str:
        """How many lanes are on show, where these are not all."""
        if self.script is None:
            return ""
        return words.lanes_shown(len(shown_lanes(self.script, MOST_LANES, self.page)), len(self.script.lanes))

    # Layout

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.headline, 1)
        top.addWidget(self.check)
        race = QHBoxLayout()
        race.addWidget(self.prompt, 1)
        race.addWidget(self.state)
        self._header, self._column = QVBoxLayout(), QVBoxLayout(self)
        self._header.addLayout(top)
        for line in (self.spread, self.of_what, self.measured):
            self._header.addWidget(line)
        self._header.addLayout(race)
        self._footer = QVBoxLayout()
        self._footer.addWidget(self.keys)
        self._column.addLayout(self._header)
        self._column.addWidget(self.nothing, 1)
        for view in self.lanes:
            self._column.addWidget(view, 1)
        self._column.addLayout(self._footer)

    def _rescale(self, n_lanes: int) -> None:
        """Let all sizes follow the window."""
        scale = stage_scale(self.font(), self.size(), n_lanes)
        self.headline.set_font(scale.headline)
        self.check.set_font(scale.name)
        for line in (self.spread, self.of_what, self.measured, self.prompt, self.keys, self.state):
            line.set_font(scale.small)
        self.typed.setFont(scale.name)
        self.nothing.setFont(scale.name)
        margin = scale.margin
        self._column.setContentsMargins(0, margin, 0, margin // 2)
        self._column.setSpacing(round(scale.unit / 2))
        self._header.setContentsMargins(margin, 0, margin, 0)
        self._header.setSpacing(round(scale.unit / 3))
        self._footer.setContentsMargins(margin, 0, margin, 0)
        for view in self.lanes:
            view.set_scale(scale)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Let all sizes follow the window."""
        super().resizeEvent(event)
        self._rescale(0 if self.run is None else len(self.run.lanes))
        if self.typed.isVisible() and (layout := self.layout()) is not None:
            layout.activate()
            self._place_line()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        """Paint anew in another scheme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
