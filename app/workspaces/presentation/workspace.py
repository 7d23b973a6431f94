"""Presentation mode: a window that fills the screen, shows a race, and is worked by keys alone."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QAction, QDesktopServices, QHideEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.panels.prompt import EXAMPLE_PROMPTS
from app.state import requests
from app.state.requests import Setup
from app.text.plain_text import one_line
from app.words.hints import hint_line
from app.workspaces.base import LastOpened, TabContext, Workspace
from app.workspaces.presentation.programme import Programme
from app.workspaces.presentation.race_command import race_command
from app.workspaces.presentation.racing import RacingProgress
from app.workspaces.presentation.report_export import ReportExport
from app.workspaces.presentation.stage import MOST_LANES, RaceStage
from engine.commands import Load

# What a race that is still going on cannot do.
_PLAYBACK_KEYS = frozenset(
    (
        Qt.Key.Key_Space, Qt.Key.Key_R, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Plus, Qt.Key.Key_Equal,
        Qt.Key.Key_Minus, Qt.Key.Key_P,
    )
)  # fmt: skip


class PresentationWorkspace(QWidget, Workspace):
    """The window; its stage is made when it is first needed. present: the action that opens and leaves it (F11)."""

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self._store = context.store
        self._racing = self._store.tab(RacingProgress)
        self._opened = LastOpened()
        self._programme = Programme(self._store)
        self._stage: RaceStage | None = None
        self._key: tuple[object, ...] | None = None
        self.reports = ReportExport(self._store, self._tell, self)
        self.setWindowTitle(self.tr("Draftscope: presentation"))
        self.setAccessibleName(self.tr("Presentation: lanes race over one prompt"))
        self.present = QAction(self.tr("Presentation"), self)
        self.present.setShortcut(QKeySequence("F11"))
        self.present.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)
        self.present.triggered.connect(self.toggle)
        self.addAction(self.present)
        self._store.changed.connect(self._on_changed)

    @property
    def stage(self) -> RaceStage:
        """What the window shows."""
        if self._stage is None:
            self._stage = RaceStage(self)
            self._stage.typed.returnPressed.connect(self._race_typed)
            column = QVBoxLayout(self)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(self._stage)
        return self._stage

    def _tell(self, text: str, good: bool) -> None:
        self.stage.notice(text, good=good)

    # Opening and leaving

    def toggle(self) -> None:
        """Open the window over the whole screen that the main window is on, or leave it."""
        if self.isVisible():
            self.hide()
            return
        self._choose()
        owner = self.parentWidget()
        if owner is not None and (screen := owner.window().screen()) is not None:
            self.setScreen(screen)
            self.setGeometry(screen.geometry())
        self.showFullScreen()
        self.activateWindow()
        self.setFocus()
        if not self._stage_is_live:
            self.stage.restart()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """Stop playing; the main window comes to the front as it was."""
        super().hideEvent(event)
        if self._stage is not None:
            self._stage.player.pause()
        if (owner := self.parentWidget()) is not None:
            owner.window().activateWindow()

    def menu_actions(self, menu: str) -> Sequence[QAction]:
        """Return the action that opens it."""
        return (self.present,) if menu == "view" else ()

    @property
    def is_writing(self) -> bool:
        """Whether a report is being written."""
        return self.reports.exporter.busy

    def shut_down(self) -> None:
        """Wait for a report that is being written."""
        self.reports.exporter.close()

    # Which race

    @property
    def _stage_is_live(self) -> bool:
        return self._stage is not None and self._stage.live

    def _choose(self) -> None:
        """Show the race that was on show, unless there is newer content; then that of the tab in front."""
        new = self._programme.refresh()
        place = None if new else self._programme.position(self._key)
        self._show(self._programme.first(self._programme.newest) if place is None else place)

    def _show(self, place: int | None) -> None:
        entry = None if place is None else self._programme.entries[place]
        script = None if entry is None else entry.make()
        self._key = None if entry is None else entry.key
        live = entry is not None and entry.origin == "live" and self._racing.racing
        self.stage.show_script(script, live=live)
        self.stage.offer(
            several=len(self._programme.entries) > 1,
            has_report=entry is not None and self.reports.can_export(entry.origin),
        )

    def _step(self, by: int) -> None:
        place, n = self._programme.position(self._key), len(self._programme.entries)
        if place is not None and n > 1:
            self._show((place + by) % n)
            self.stage.restart()

    def _on_changed(self) -> None:
        """Follow a live race; take in new content where the window shows nothing yet."""
        if self._stage is None or not self.isVisible():
            return
        stage, was_live = self._stage, self._stage.live
        if self._programme.refresh():
            place = self._programme.position(self._key)
            to_newest = place is None or self._programme.newest == "live"
            self._show(self._programme.first(self._programme.newest) if to_newest else place)
        if stage.live:
            stage.advance_to(self._racing.time_s)
        elif was_live:
            stage.jump_to_end()
        trouble = self._store.trouble
        if trouble is not None:
            stage.notice(f"⚠ {one_line(trouble.message)}: {hint_line(trouble.hint)}", good=False)
        elif self._racing.live and self._racing.started is None:
            stage.notice(self.tr("Loading the models…"))

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Work the race."""
        plain = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if plain != Qt.KeyboardModifier.NoModifier or not self._press(Qt.Key(event.key())):
            super().keyPressEvent(event)

    def _press(self, key: Qt.Key) -> bool:
        """Do what a key stands for. Returns whether it stands for anything."""
        stage, player = self.stage, self.stage.player
        stage.notice("")
        if stage.live and key in _PLAYBACK_KEYS:
            stage.notice(self.tr("A live race cannot be held or replayed yet; S stops it"), good=False)
            return True
        match key:
            case Qt.Key.Key_Escape if stage.typed.isVisible():
                self._close_line()
            case Qt.Key.Key_Escape:
                self.hide()
            case Qt.Key.Key_Space:
                player.pause() if player.playing else player.play()
            case Qt.Key.Key_R | Qt.Key.Key_Home:
                stage.restart()
            case Qt.Key.Key_End:
                stage.skip_to_end()
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                player.change_speed(1)
            case Qt.Key.Key_Minus:
                player.change_speed(-1)
            case Qt.Key.Key_Left:
                self._step(-1)
            case Qt.Key.Key_Right:
                self._step(1)
            case Qt.Key.Key_H:
                stage.show_ghosts(not stage.ghosts)
            case Qt.Key.Key_L:
                stage.show_page(stage.page + 1)
                if stage.live:
                    stage.advance_to(self._racing.time_s)
                else:
                    player.play()
            case Qt.Key.Key_P:
                self._open_line()
            case Qt.Key.Key_S:
                self._stop()
            case Qt.Key.Key_E:
                self._export()
            case Qt.Key.Key_O:
                self._open_report()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if stage.script is None:
                self.race(EXAMPLE_PROMPTS[0])
            case _:
                return False
        return True

    def _open_line(self) -> None:
        self.stage.player.pause()
        self.stage.open_line()

    def _close_line(self) -> None:
        self.stage.typed.hide()
        self.setFocus()

    def _race_typed(self) -> None:
        if prompt := self.stage.typed.text().strip():
            self._close_line()
            self.race(prompt)

    def _stop(self) -> None:
        if self._racing.live:
            self._store.cancel()
            self.stage.notice(self.tr("Stopping after this round"))

    def _export(self) -> None:
        """Write the report of what is on show."""
        place = self._programme.position(self._key)
        if place is not None:
            self.reports.export(self._programme.entries[place].origin)

    def _open_report(self) -> None:
        if (path := self.reports.written) is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    def race(self, prompt: str) -> None:
        """Let the lanes on show, or those of the loaded pair, race over a prompt."""
        if why_not := self._store.may_start():
            self.stage.notice(self.tr("Not now: {0}").format(why_not), good=False)
            return
        pair = self._store.commands.pair_to_come or Load()
        self._racing.begin(race_command(prompt, pair, self.stage.script, MOST_LANES, self.stage.page))

    def newly_opened(self) -> str:
        """Return the view of a race that was opened from a file."""
        return "presentation" if self._opened.is_new(self._racing.started, self._racing.source) else ""

    # Pictures

    def view(self, name: str) -> QWidget:
        """Return the window, with its stage."""
        if self._stage is None:
            self._choose()
        return self

    def holds(self, name: str) -> bool:
        """Return whether there is a race to show."""
        self._programme.refresh()
        return bool(self._programme.entries)

    def show_example(self, name: str) -> None:
        """Run the first example and its repeats: a single live race would have no interval, and may be disturbed."""
        setup = Setup(self.context.pair, "speculative", {})
        self._store.run(setup.pair, requests.run(setup, EXAMPLE_PROMPTS[0]))

    def settled(self, name: str) -> bool:
        """Show the end of the race."""
        self._choose()
        self.stage.jump_to_end()
        if (layout := self.stage.layout()) is not None:
            layout.activate()
        return True
