"""The values that the store of runs hands out: rows, filters, and what a deletion did.

* imports neither Qt nor torch. Texts of a row come from files of anyone: they are cut to a length and have no control
characters, but may hold markup and must be shown as plain text."""

from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from engine.events import WorkKind
from engine.statistics import Interval, RatioEstimate

RunState: TypeAlias = Literal["running", "finished", "stopped", "failed"]
SortKey: TypeAlias = Literal[
    "started", "title", "kind", "method", "target", "drafter", "state", "prompt", "device", "tokens", "alpha", "tau",
    "speedup", "tokens_per_s", "bytes", "title_or_prompt", "n_rated",
]  # fmt: skip


class RunRow(NamedTuple):
    """A run, comparison, training, evaluation or measurement. id: the name of its folder. title: given by the user,
    empty at first. method: for what is no run, the objective or the name of the measurement. prompt: the beginning of
    it, or the set of prompts, the text or the questions that were worked on. alpha, tau, speedup, tokens_per_s: of a
    comparison those of the recommended lane; None where nothing was measured. n_bytes: of its trace. path: of its
    trace. damage: what is wrong with its trace, else empty. deleted_utc: when it was deleted, empty if it is not.
    name: what tells it from others: drafters, draft lengths, prompts. speedup_ci, speedup_range: its 95 % interval, or
    below ten units its smallest and largest value, over speedup_n prompts or repeats. n_rated: how often texts of it
    were rated blind."""

    id: str
    kind: WorkKind
    title: str
    method: str
    target: str
    drafter: str
    started_utc: str
    state: RunState
    prompt: str
    n_tokens: int
    alpha: float | None
    tau: float | None
    speedup: float | None
    tokens_per_s: float | None
    device: str
    dtype: str
    tags: tuple[str, ...]
    note: str
    n_bytes: int
    path: Path
    damage: str = ""
    deleted_utc: str = ""
    name: str = ""
    speedup_ci: Interval | None = None
    speedup_range: Interval | None = None
    speedup_n: int = 0
    n_rated: int = 0

    @property
    def speedup_estimate(self) -> RatioEstimate | None:
        """The speedup with its interval or range."""
        if self.speedup is None:
            return None
        return RatioEstimate(self.speedup, self.speedup_ci, self.speedup_range, max(1, self.speedup_n))


class RunFilter(NamedTuple):
    """Which runs, in which order. text: words that all occur in prompt, models, method, title, tags or note, whatever
    their case. kinds, states: any of these, or any at all if empty. tags: all of these. deleted: those that were
    deleted and not purged yet, instead of the others. What is not known comes last in either direction."""

    text: str = ""
    kinds: tuple[WorkKind, ...] = ()
    states: tuple[RunState, ...] = ()
    tags: tuple[str, ...] = ()
    order: SortKey = "started"
    descending: bool = True
    deleted: bool = False


class NotDeleted(NamedTuple):
    """A run that could not be deleted or restored, and why, with the way out."""

    id: str
    why: str


class Deleted(NamedTuple):
    """What a deletion did. ids: deleted now; missing: gone before, for instance deleted in another window."""

    ids: tuple[str, ...]
    missing: tuple[str, ...] = ()
    refused: tuple[NotDeleted, ...] = ()


class TakenIn(NamedTuple):
    """How far the folders have been compared with the index: of `total` new, changed or vanished ones, `done`."""

    done: int
    total: int
