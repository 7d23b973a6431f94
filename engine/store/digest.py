"""Folds the trace of a run, comparison, training, evaluation or measurement into what the index keeps of it.

* imports neither Qt nor torch."""

import re
from collections.abc import Iterable
from functools import singledispatchmethod
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from engine import events
from engine.errors import EngineError
from engine.events import Event, LaneFigures, LaneSpec, WorkKind
from engine.events.scaling import SPECULATIVE
from engine.runs import summary, trace
from engine.runs.trace import FileJob
from engine.statistics import Interval, RatioEstimate
from engine.store import naming
from engine.store.text import count, finite, one_line

_MOST_PROMPT, _MOST_NAME, _MOST_WORDS = 240, 160, 4_000
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
End: TypeAlias = Literal["none", "finished", "stopped", "failed"]


class Digest(msgspec.Struct, frozen=True, gc=False):
    """What a trace says. end: how it ends, `none` if its last event is missing. words: what a search looks through."""

    kind: WorkKind = "run"
    method: str = ""
    target: str = ""
    drafter: str = ""
    started_utc: str = ""
    end: End = "none"
    prompt: str = ""
    n_tokens: int = 0
    alpha: float | None = None
    tau: float | None = None
    speedup: float | None = None
    tokens_per_s: float | None = None
    device: str = ""
    dtype: str = ""
    damage: str = ""
    words: str = ""
    name: str = ""
    speedup_ci: tuple[float, float] | None = None
    speedup_range: tuple[float, float] | None = None
    speedup_n: int = 0
    n_rated: int = 0

    def with_speedup(self, estimate: RatioEstimate | None) -> "Digest":
        """The digest with a speedup, and what it is over."""
        if estimate is None:
            return replace(self, speedup=None, speedup_ci=None, speedup_range=None, speedup_n=0)
        value, n = finite(estimate.value), count(estimate.n)
        return replace(
            self, speedup=value, speedup_ci=_ends(estimate.ci), speedup_range=_ends(estimate.range), speedup_n=n
        )


def digest(path: Path, job: FileJob | None = None) -> Digest:
    """Digest a trace; one that is no log of ours gives an empty digest that says so. Raises EngineError if stopped."""
    fold = Fold()
    steps = trace.follow(path, job)
    try:
        while True:
            fold.take(next(steps))
    except StopIteration as end:
        return fold.digest(end.value or "")
    except EngineError as err:
        if job is not None and job.cancelled.is_set():
            raise
        return fold.digest(err.message)


class Fold:
    """Takes the events of one trace."""

    def __init__(self) -> None:
        self._digest = Digest()
        self._run = summary.Summary()
        self._words: list[str] = []

    def digest(self, damage: str = "") -> Digest:
        """What the events so far say. damage: why no more could be read."""
        words = "\n".join(one_line(part, _MOST_WORDS) for part in self._words)[:_MOST_WORDS].casefold()
        return replace(self._with_run(), damage=one_line(damage, _MOST_PROMPT), words=words)

    def take(self, event: Event) -> None:
        """Take one event."""
        self._run = summary.fold(self._run, event)
        self._take(event)

    def _with_run(self) -> Digest:
        """The digest with the figures of a run, where it is one."""
        run = self._run
        if self._digest.kind != "run" or not run.n_rounds:
            return self._digest
        return replace(
            self._digest,
            n_tokens=count(max(self._digest.n_tokens, run.n_emitted)),
            alpha=finite(run.alpha),
            tau=finite(run.tau),
            tokens_per_s=_per_s(run.ms_per_token),
        ).with_speedup(run.measured_speedup)

    def _begin(self, start: Digest, *words: str) -> None:
        """Begin with what the first event says; words: further texts that a search finds it by."""
        self._words = [start.prompt, start.method, start.target, start.drafter, *words]
        self._digest = replace(
            start,
            started_utc=start.started_utc if _UTC.fullmatch(start.started_utc) else "",
            prompt=one_line(start.prompt, _MOST_PROMPT),
            method=one_line(start.method, _MOST_NAME),
            target=one_line(start.target, _MOST_NAME),
            drafter=one_line(start.drafter, _MOST_NAME),
            device=one_line(start.device, _MOST_NAME),
            dtype=one_line(start.dtype, _MOST_NAME),
            name=one_line(start.name, _MOST_PROMPT),
        )

    @singledispatchmethod
    def _take(self, event: Event) -> None:
        """Other events say nothing that is kept."""

    @_take.register
    def _(self, event: events.RunStarted) -> None:
        names = event.method, event.target, event.drafter
        start = Digest("run", *names, event.started_utc, prompt=event.question, device=event.device, dtype=event.dtype)
        drafter = "plain" if event.method == "plain" else event.drafter
        self._begin(replace(start, name=naming.run(drafter, event.settings, event.question)), event.note)

    @_take.register
    def _(self, event: events.RunFinished) -> None:
        end: End = "stopped" if event.reason == "cancelled" else "finished"
        self._digest = replace(self._digest, end=end, n_tokens=count(event.n_tokens))

    @_take.register
    def _(self, event: events.RunFailed) -> None:
        self._digest = replace(self._digest, end="failed")

    @_take.register
    def _(self, event: events.WorkStarted) -> None:
        names = event.method, event.target, event.drafter
        prompt, device, dtype = event.subject, event.device, event.dtype
        name = naming.run(event.drafter or event.target, event.settings, naming.model(event.subject))
        name = naming.measured(event.method, name) if event.kind == "measurement" else name
        self._begin(Digest(event.kind, *names, event.started_utc, prompt=prompt, device=device, dtype=dtype, name=name))

    @_take.register
    def _(self, event: events.WorkEnded) -> None:
        self._digest = replace(self._digest, end=event.state)

    @_take.register
    def _(self, event: events.ComparisonStarted) -> None:
        n = len(event.prompts)
        prompt = f"{event.prompt_set}: {n} {'prompt' if n == 1 else 'prompts'}"
        names = "compare", event.target, _drafters(event.lanes)
        start = Digest("comparison", *names, event.started_utc, prompt=prompt, device=event.device, dtype=event.dtype)
        start = replace(start, name=naming.lanes(event.lanes, event.prompt_set, n))
        first_turns = (turn for prompt in event.prompts for turn in prompt.turns[:1])
        self._begin(start, event.note, *(lane.name for lane in event.lanes), *first_turns)

    @_take.register
    def _(self, event: events.GenerationMeasured) -> None:
        self._digest = replace(self._digest, n_tokens=count(self._digest.n_tokens + len(event.ids)))

    @_take.register
    def _(self, event: events.ComparisonMeasured) -> None:
        if event.complete:
            self._digest = replace(self._digest, end="finished")
        lane = _shown_lane(event)
        if lane is not None:
            self._digest = replace(
                self._digest,
                alpha=finite(lane.alpha),
                tau=finite(lane.tau),
                tokens_per_s=finite(lane.tokens_per_s),
            ).with_speedup(lane.speedup)

    @_take.register
    def _(self, event: events.RaceStarted) -> None:
        names = "race", event.target, _drafters(event.lanes)
        utc, device, dtype = event.started_utc, event.device, event.dtype
        start = Digest("comparison", *names, utc, prompt=event.prompt, device=device, dtype=dtype)
        self._begin(replace(start, name=naming.race(event.lanes, event.prompt)))

    @_take.register
    def _(self, event: events.RaceFinished) -> None:
        self._digest = replace(self._digest, end="stopped" if event.reason == "cancelled" else "finished")

    @_take.register
    def _(self, event: events.TrainingEstimated) -> None:
        if not self._words:  # a log from before there was a store
            self._begin(Digest("training", target=event.target, device=event.device))

    @_take.register
    def _(self, event: events.TrainingStarted) -> None:
        names = event.objective, event.target, event.folder
        utc = self._digest.started_utc or event.started_utc
        start = Digest("training", *names, utc, prompt=event.data, device=event.device, dtype=event.dtype)
        self._begin(replace(start, name=naming.training(event.objective, event.target, event.folder)))

    @_take.register
    def _(self, event: events.DrafterMeasured) -> None:
        ci, ends = (None if pair is None else Interval(*pair) for pair in (event.speedup_ci, event.speedup_range))
        speedup = None if event.speedup is None else RatioEstimate(event.speedup, ci, ends, event.n)
        self._digest = replace(self._digest, alpha=finite(event.alpha)).with_speedup(speedup)

    @_take.register
    def _(self, event: events.TrainingFinished) -> None:
        ends: dict[str, End] = {"user": "stopped", "nan": "failed"}
        end = ends.get(event.stopped, "finished")
        alpha = self._digest.alpha if event.alpha is None else finite(event.alpha)
        self._digest = replace(self._digest, end=end, n_tokens=count(event.n_tokens), alpha=alpha)

    @_take.register
    def _(self, event: events.Measured) -> None:
        if self._digest.kind != "measurement":  # of a benchmark, whose figures have no event of their own
            return
        match event.name:
            case "alpha":
                self._digest = replace(self._digest, alpha=finite(event.value))
            case "tau":
                self._digest = replace(self._digest, tau=finite(event.value))
            case "speedup":
                self._digest = replace(self._digest, speedup=finite(event.value))

    @_take.register
    def _(self, event: events.EvaluationMeasured) -> None:
        if event.complete:
            self._digest = replace(self._digest, end="finished")

    @_take.register
    def _(self, event: events.ScalingMeasured) -> None:
        if event.complete:
            self._digest = replace(self._digest, end="finished")
        if event.contexts:  # the first one, which is also where draft lengths are measured
            point = event.contexts[0]
            drafted = point.ms_per_token.get(SPECULATIVE)
            self._digest = replace(
                self._digest,
                alpha=finite(point.alpha),
                tau=finite(point.tau),
                tokens_per_s=None if drafted is None else _per_s(drafted.value),
            ).with_speedup(point.speedup)

    @_take.register
    def _(self, event: events.LengthMeasured) -> None:
        if not event.why_not and event.drafter != "none":  # the last one: the longest text
            estimate = (
                None
                if event.speedup is None
                else RatioEstimate(event.speedup, event.speedup_ci, event.speedup_range, max(1, event.n))
            )
            per_s = _per_s(event.ms_per_token)
            self._digest = replace(
                self._digest, alpha=finite(event.alpha), tau=finite(event.tau), tokens_per_s=per_s
            ).with_speedup(estimate)

    @_take.register
    def _(self, event: events.LengthsMeasured) -> None:
        if event.complete:
            self._digest = replace(self._digest, end="finished")

    @_take.register
    def _(self, event: events.SweepMeasured | events.SettingsMeasured) -> None:
        if event.complete:
            self._digest = replace(self._digest, end="finished")

    @_take.register
    def _(self, event: events.GateRowsCollected) -> None:
        end: End = "finished" if event.complete else "stopped"
        self._digest = replace(self._digest, end=end, n_tokens=count(event.n_rows))

    @_take.register
    def _(self, event: events.GateTrained) -> None:
        self._digest = replace(self._digest, end="finished", n_tokens=count(event.n_held_out))

    @_take.register
    def _(self, event: events.TextsRated) -> None:
        self._digest = replace(self._digest, n_rated=count(self._digest.n_rated + 1))

    @_take.register
    def _(self, event: events.Refused) -> None:
        if event.what != "save":
            self._digest = replace(self._digest, end="failed")


def _drafters(lanes: Iterable[LaneSpec]) -> str:
    """The drafters of a comparison, each once."""
    return ", ".join(dict.fromkeys(lane.drafter for lane in lanes if lane.drafter != "none"))


def _shown_lane(event: events.ComparisonMeasured) -> LaneFigures | None:
    """The recommended lane, or the fastest one where nothing is recommended yet."""
    named = event.recommendation.lane if event.recommendation is not None else ""
    lane = next((lane for lane in event.lanes if lane.lane == named), None)
    return lane or max(event.lanes, key=lambda lane: lane.tokens_per_s or 0.0, default=None)


def _ends(interval: Interval | None) -> tuple[float, float] | None:
    """The ends of an interval, None if one of them cannot be stored."""
    low, high = (None, None) if interval is None else (finite(interval.low), finite(interval.high))
    return None if low is None or high is None else (low, high)


def _per_s(ms_per_token: float | None) -> float | None:
    return finite(1e3 / ms_per_token) if ms_per_token else None
