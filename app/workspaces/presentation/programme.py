"""The races that can be shown, in order: the live one, the prompts of the comparison, the run of the Decode tab."""

from collections.abc import Callable
from typing import NamedTuple

from app.state.store import RunStore
from app.workspaces.presentation.racing import RacingProgress
from app.workspaces.presentation.run_script import of_run
from app.workspaces.presentation.script import RaceOrigin, RaceScript


class ProgrammeEntry(NamedTuple):
    """A race that can be shown. key: what tells it from every other; make: builds it once it is chosen."""

    origin: RaceOrigin
    key: tuple[object, ...]
    make: Callable[[], RaceScript | None]


class Programme:
    """Follows the store; `newest` is the origin whose content changed last."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._racing = store.tab(RacingProgress)
        self._versions: dict[RaceOrigin, object] = {}
        self.entries: tuple[ProgrammeEntry, ...] = ()
        self.newest: RaceOrigin | None = None

    def refresh(self) -> bool:
        """Look for new content. Returns whether there is any."""
        versions = self._current_versions()
        changed = [origin for origin, version in versions.items() if self._versions.get(origin) != version]
        if not changed:
            return False
        self._versions = versions
        self.entries = (*self._live(), *self._run())
        present = {entry.origin for entry in self.entries}
        self.newest = next((origin for origin in changed if origin in present), self.newest)
        return True

    def position(self, key: tuple[object, ...] | None) -> int | None:
        """The place of a race; None if it is no longer there."""
        return next((place for place, entry in enumerate(self.entries) if entry.key == key), None)

    def first(self, origin: RaceOrigin | None) -> int | None:
        """The place of the first race of an origin, else of the first of all; None if there is none."""
        places = [place for place, entry in enumerate(self.entries) if entry.origin == origin]
        return places[0] if places else 0 if self.entries else None

    def _current_versions(self) -> dict[RaceOrigin, object]:
        record = self._store.history.shown
        run = None if record is None or not record.ended else (record.number, len(record.events))
        return {"live": (self._racing.number, self._racing.finished is not None), "run": run}

    def _live(self) -> tuple[ProgrammeEntry, ...]:
        if self._racing.started is None:
            return ()
        return (ProgrammeEntry("live", ("live", self._racing.number), self._racing.script),)

    def _run(self) -> tuple[ProgrammeEntry, ...]:
        record = self._store.history.shown
        script = of_run(record)
        return () if script is None else (ProgrammeEntry("run", script.key, lambda: script),)
