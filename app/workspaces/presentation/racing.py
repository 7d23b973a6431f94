"""State of the race that the engine runs, or ran last: its lanes grow round by round."""

from pathlib import Path
from typing import cast

from PySide6.QtCore import QCoreApplication

from app.state.store import RunStore
from app.state.tab_state import TabState
from app.text.plain_text import one_line
from app.words import quantities
from app.words.hints import hint_line
from app.workspaces.presentation.race import RecordedRounds, shared_time
from app.workspaces.presentation.script import RaceFacts, RaceLane, RaceScript, TextCheck
from engine.commands import Race
from engine.events import (
    PLAIN_LANE,
    Event,
    LaneRefused,
    Progressed,
    RaceFinished,
    RaceStarted,
    Refused,
    RoundFinished,
    RunFailed,
    Setting,
    Warned,
)
from engine.runs.trace import Trace


def tr(text: str) -> str:
    """Translate a state of the race."""
    return QCoreApplication.translate("presentation", text)


class LiveLane(RecordedRounds):
    """A lane whose rounds still arrive; its clock starts with the race, and what comes before its first round is its
    prefill."""

    def __init__(self, n_expected: int) -> None:
        self.arrived: list[RoundFinished] = []
        self.n_tokens = 0
        super().__init__(self.arrived, 0.0, n_expected=n_expected, stamped_from_s=0.0, complete=False)

    def add(self, event: RoundFinished) -> None:
        """Append a round."""
        if not self.arrived:
            self.prefill_s = max(0.0, event.at_s - (event.draft_ms + event.verify_ms + event.other_ms) / 1e3)
        self.arrived.append(event)
        self.n_tokens += len(event.emitted)
        self.complete = 0 < self.n_expected <= self.n_tokens


class RacingProgress(TabState):
    """At most one race: under way or ended. number: rises with each; failure: why there is none.

    racing: whether rounds may still arrive."""

    work = Race

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.number = 0
        self.started: RaceStarted | None = None
        self.finished: RaceFinished | None = None
        self.failure: Refused | RunFailed | None = None
        self.lanes: dict[str, LiveLane] = {}
        self.racing = False
        self.source: Path | None = None
        self._settings: dict[str, Setting] = {}
        self._store = store

    def begin(self, command: Race) -> None:
        """Start a race; runs are refused until it has ended."""
        self._store.make_way()
        self._store.told = ""
        self._settings, self.failure, self.source = dict(command.settings), None, None
        self.commands.ask(command)
        self._store.watch()

    def status(self, at: Progressed | None) -> str:
        """How far the race is, in words."""
        if self._store.stopping:
            return self._store.stopping
        if not self.racing:
            return tr("loading the models of the race")
        n = min((lane.n_tokens for lane in self.lanes.values()), default=0)
        return quantities.counted(
            n, tr("racing: a token in each lane"), tr("racing: {0:,} tokens in each lane")
        ).format(n)

    @property
    def time_s(self) -> float:
        """How far every lane is, on its own clock."""
        return shared_time(tuple(self.lanes.values()))

    @property
    def settings(self) -> dict[str, Setting]:
        """What the lanes decode with."""
        return self._settings

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a race."""
        if isinstance(event, RaceStarted):
            self._begin(event)
            return True
        if isinstance(event, LaneRefused) and self.live:
            self._store.told = f"{one_line(event.lane)}: {one_line(event.why)}; {hint_line(event.hint)}"
            return True
        if isinstance(event, Warned) and self.live:
            self._store.told = f"{one_line(event.message)}; {hint_line(event.hint)}"
            return True
        if not self.racing:
            return False
        if isinstance(event, RoundFinished) and event.lane in self.lanes:
            self.lanes[event.lane].add(event)
            self._end_silent_lanes(len(self.lanes[event.lane].arrived))
            return True
        if isinstance(event, RaceFinished):
            self._end(event)
            return True
        return False

    def read_log(self, log: Trace, path: Path) -> object | None:
        """A race that was kept."""
        return log.events if isinstance(log.events[0], RaceStarted) else None

    def show(self, content: object, path: Path) -> str:
        """Show a race that was kept, as at its end. Returns what is under way, if a race is."""
        if self.live:
            return self.under_way()
        started, *events = cast(tuple[Event, ...], content)
        assert isinstance(started, RaceStarted)
        self._settings, self.source = dict(started.settings), path
        for event in (started, *events):
            self.take(event)
        self.racing = False
        self._close_lanes()
        return ""

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the race was refused or failed; its rounds so far are kept."""
        if self.live and (isinstance(event, RunFailed) or event.what == "race"):
            self.failure, self.racing = event, False
            self._close_lanes()

    def script(self) -> RaceScript | None:
        """The race as it is to be shown; None where there is none."""
        if self.started is None:
            return None
        started, same = self.started, dict(() if self.finished is None else self.finished.same_text)
        specs = sorted(started.lanes, key=lambda lane: lane.name != PLAIN_LANE)
        lanes = tuple(
            RaceLane(spec, self.lanes[spec.name], self._speedup(spec.name), check=TextCheck(same.get(spec.name)))
            for spec in specs
        )
        facts = RaceFacts(
            origin="live",
            target=started.target,
            prompt=started.prompt,
            all_lanes=tuple(lane.name for lane in started.lanes),
            settings=self.settings,
            device=started.device,
            dtype=started.dtype,
        )
        return RaceScript(("live", self.number), facts, lanes)

    def _begin(self, event: RaceStarted) -> None:
        self.number += 1
        self.racing = True
        self.started, self.finished, self.failure = event, None, None
        n_expected = self.settings.get("max_new_tokens")
        n = n_expected if isinstance(n_expected, int) else 0
        self.lanes = {lane.name: LiveLane(n) for lane in event.lanes}

    def _end_silent_lanes(self, n_rounds: int) -> None:
        """End lanes that had no round in the last turns: their text has ended, and no clock waits for them."""
        for lane in self.lanes.values():
            lane.complete = lane.complete or len(lane.arrived) < n_rounds - 1

    def _end(self, event: RaceFinished) -> None:
        self.finished, self.racing = event, False
        self._store.told = tr("race stopped") if event.reason == "cancelled" else tr("race finished")
        self._close_lanes()

    def _close_lanes(self) -> None:
        for lane in self.lanes.values():
            lane.complete, lane.expected_s = True, lane.reached_s

    def _speedup(self, name: str) -> float | None:
        """Plain time per token over that of a lane, once both are at their end."""
        plain, lane = self.lanes.get(PLAIN_LANE), self.lanes[name]
        if plain is None or lane is plain or not (plain.complete and lane.complete):
            return None
        plain_s, own_s = _s_per_token(plain), _s_per_token(lane)
        return plain_s / own_s if plain_s and own_s else None


def _s_per_token(lane: LiveLane) -> float | None:
    decode_s = lane.reached_s - lane.prefill_s
    return decode_s / lane.n_tokens if lane.n_tokens and decode_s > 0 else None
