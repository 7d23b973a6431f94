"""Events of trainings; others import them from `engine.events`.

* imports neither Qt nor torch."""

from typing import Literal, TypeAlias

from engine.events.base import SCHEMA, Event, Setting, Struct

TrainingEnd: TypeAlias = Literal["steps", "minutes", "early", "user", "nan"]
When: TypeAlias = Literal["before", "after"]
# Less is shown as 0.00.
_LEAST_ALPHA = 0.005


class SizeOption(Struct, frozen=True):
    """A drafter of some of the target's own layers. c: predicted time of its step over that of the target;
    break_even_alpha: the acceptance rate above which it pays, None where even 1 is too low."""

    layers: int
    n_parameters: int
    c: float
    break_even_alpha: float | None


class TrainingEstimated(Event, frozen=True):
    """What training a drafter would take, before it is done; bytes are memory unless named otherwise.

    tokens_per_s: a guess from a short measurement of the machine. why_not: why it would be refused, else empty.
    start: own-layers, new or folder; n_trained: the weights that training changes. c, break_even_alpha: of this
    drafter, at the draft length `gamma`. timed: whether c comes from a timing of the target, not from numbers of
    weights. sizes: other numbers of the target's own layers. too_short: why the time cannot buy a useful drafter, else
    empty; instead: what could. too_costly: why this drafter would hardly pay whatever it learns, else empty."""

    target: str
    device: str
    target_bytes: int
    drafter_bytes: int
    batch_bytes: int
    free_bytes: int
    disk_bytes: int
    layers: int
    width: int
    n_parameters: int
    tokens_per_s: float
    why_not: str = ""
    start: str = "new"
    n_trained: int = 0
    c: float | None = None
    break_even_alpha: float | None = None
    gamma: int = 0
    timed: bool = False
    sizes: tuple[SizeOption, ...] = ()
    too_short: str = ""
    instead: str = ""
    too_costly: str = ""


class OwnLayers(Struct, frozen=True):
    """A choice of the target's own layers, and the held-out greedy alpha of them untrained."""

    name: str
    layers: tuple[int, ...]
    alpha: float


class LayersTried(Event, frozen=True):
    """The target's own layers were tried as a drafter, untrained, on n_tokens that the target wrote.

    taken: the layers that the training starts from, the best of the choices."""

    choices: tuple[OwnLayers, ...]
    taken: tuple[int, ...]
    n_tokens: int


class TrainingStarted(Event, frozen=True):
    """A drafter's training began, or continued at `step`. texts: documents to learn from; held_out: to measure on.

    data: the text it was given, empty if the target wrote all of it."""

    target: str
    folder: str
    objective: str
    layers: int
    width: int
    n_parameters: int
    n_texts: int
    n_held_out: int
    n_tokens: int
    steps: int
    step: int
    device: str
    dtype: str
    data: str = ""
    settings: tuple[tuple[str, Setting], ...] = ()
    started_utc: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    schema: int = SCHEMA


class DrafterMeasured(Event, frozen=True):
    """How good a drafter is on held-out texts, before or after its training; what was not measured is None.

    alpha: share of the target's greedy tokens that the drafter would have proposed. alpha_overlap: mean sum(min(p, q))
    at temperature 1 over the same positions. speedup_ci, speedup_range: over n held-out texts, or repeats of one.
    tau: in the rounds that the speedup was measured on."""

    when: When
    alpha: float
    alpha_ci: tuple[float, float] | None
    alpha_overlap: float
    gamma: int
    c: float | None = None
    predicted_speedup: float | None = None
    speedup: float | None = None
    speedup_ci: tuple[float, float] | None = None
    speedup_range: tuple[float, float] | None = None
    n: int = 0
    c_ci: tuple[float, float] | None = None
    c_range: tuple[float, float] | None = None
    tau: float | None = None


class CheckpointSaved(Event, frozen=True):
    """A training can be resumed at this step."""

    step: int


class TrainingFinished(Event, frozen=True):
    """A training ended; the drafter in `folder` is the best one, of step `best_step`.

    matrix_rate_fraction: operations per second of the training over those of a matrix product of its shape; not
    measured if it was stopped. alpha: held-out, greedy, when that step was looked at; None in older logs."""

    stopped: TrainingEnd
    folder: str
    step: int
    best_step: int
    n_tokens: int
    tokens_per_s: float
    matrix_rate_fraction: float | None
    seconds: float
    alpha: float | None = None

    @property
    def usable(self) -> bool:
        """Whether there is a drafter worth choosing: one that was trained, and of which something is accepted."""
        return self.step > 0 and (self.alpha is None or self.alpha >= _LEAST_ALPHA)
