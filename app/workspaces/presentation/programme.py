"""The races that can be shown, in order: the live one, the prompts of the comparison, the run of the Decode tab."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.state.store import RunStore
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.record import AskedTurn, ComparisonRecord
from app.workspaces.presentation.racing import RacingProgress
from app.workspaces.presentation.run_script import of_run
from app.workspaces.presentation.script import RaceOrigin, RaceScript, of_turn
from engine.events import PLAIN_LANE


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
        self._comparing = store.tab(ComparingProgress)
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
        self.entries = (*self._live(), *_turns(self._comparing.record), *self._run())
        present = {entry.origin for entry in self.entries}
        self.newest = next((origin for origin in changed if origin in present), self.newest)
        return True

    def position(self, key: tuple[object, ...] | None) -> int | None:
        """The place of a race; None if it is no longer there."""
        return next((place for place, entry in enumerate(self.entries) if entry.key == key), None)

    def first(self, origin: RaceOrigin | None) -> int | None:
        """The place of a race of an origin, best of the prompt chosen in Compare; else of any. None: there is none."""
        places = [place for place, entry in enumerate(self.entries) if entry.origin == origin]
        chosen = None if self._comparing.turn is None else _key(self._comparing.record, self._comparing.turn)
        on_show = (place for place in places if self.entries[place].key == chosen)
        return next(on_show, places[0] if places else 0 if self.entries else None)

    def _current_versions(self) -> dict[RaceOrigin, object]:
        record = self._store.history.shown
        run = None if record is None or not record.ended else (record.number, len(record.events))
        comparison = self._comparing.record
        return {
            "comparison": (comparison.number, comparison.changes),
            "live": (self._racing.number, self._racing.finished is not None),
            "run": run,
        }

    def _live(self) -> tuple[ProgrammeEntry, ...]:
        if self._racing.started is None:
            return ()
        return (ProgrammeEntry("live", ("live", self._racing.number), self._racing.script),)

    def _run(self) -> tuple[ProgrammeEntry, ...]:
        record = self._store.history.shown
        script = of_run(record)
        return () if script is None else (ProgrammeEntry("run", script.key, lambda: script),)


def _turns(record: ComparisonRecord) -> Sequence[ProgrammeEntry]:
    """The prompts that plain decoding and another lane have continued; those with the same turn of a prompt race."""
    turns = [turn for turn, texts in record.texts.items() if PLAIN_LANE in texts and len(texts) > 1]
    return [_entry(record, turn, number, len(turns)) for number, turn in enumerate(turns, 1)]


def _entry(record: ComparisonRecord, turn: AskedTurn, number: int, n_races: int) -> ProgrammeEntry:
    def make() -> RaceScript | None:
        if record.started is None or turn not in record.texts:
            return None
        return of_turn(record.started, record.texts[turn], record.measured, number=number, n_races=n_races)

    return ProgrammeEntry("comparison", _key(record, turn), make)


def _key(record: ComparisonRecord, turn: AskedTurn) -> tuple[object, ...]:
    return ("comparison", record.number, *turn)
