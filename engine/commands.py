"""What can be asked of an engine, as values that go through a queue or a pipe; knows neither who asks nor who answers.

* imports neither Qt nor torch."""

from collections.abc import Mapping
from typing import ClassVar, TypeAlias

import msgspec

from engine.events import (
    Estimated,
    EvaluationMeasured,
    Event,
    Indexed,
    ModelLoaded,
    ModelUnloaded,
    Refused,
    RunFailed,
    RunFinished,
    ScalingMeasured,
    Setting,
    Surveyed,
    TrainingEstimated,
    TrainingFinished,
)
from engine.settings import Request


class Order(msgspec.Struct, frozen=True):
    """What a command declares of itself, once, for everyone who hands it on.

    needs_pair: a pair must be in memory before it. can_be_held: Pause, Step and Resume act on it. is_run: its events
    are a run's, kept in a log. is_question: it is answered when nothing else is to be done. last: the events it ends
    with, besides a refusal; one that has a field `complete` ends it only where that is true. ends_itself: it looks at
    the flag that stops it, having something to say at its end. patience_s: how long a stop may take before the process
    of the engine is ended. after_stop: what to do after a stop. doing: one word for what the engine is at meanwhile.
    under_way: why nothing else may start meanwhile, and what a status line says."""

    needs_pair: ClassVar[bool] = False
    can_be_held: ClassVar[bool] = False
    is_run: ClassVar[bool] = False
    is_question: ClassVar[bool] = False
    last: ClassVar[tuple[type[Event], ...]] = ()
    ends_itself: ClassVar[bool] = False
    patience_s: ClassVar[float] = 5.0
    after_stop: ClassVar[str] = "nothing was changed; start it again"
    doing: ClassVar[str] = ""
    under_way: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """As refusals give it."""
        return type(self).__name__.lower()

    def ends_with(self, event: Event) -> bool:
        """Whether nothing more comes of it after this event."""
        if isinstance(event, Refused):  # a run goes on where only its file could not be written
            return event.what == self.name
        return isinstance(event, self.last) and getattr(event, "complete", True)


class _RunOrder(Order, frozen=True):
    """What a run on the loaded pair declares."""

    needs_pair: ClassVar[bool] = True
    can_be_held: ClassVar[bool] = True
    is_run: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (RunFinished, RunFailed)
    after_stop: ClassVar[str] = "start it again"
    doing: ClassVar[str] = "running"
    under_way: ClassVar[str] = "a run is under way"


class _QuestionOrder(Order, frozen=True):
    """What a question declares."""

    is_question: ClassVar[bool] = True


class Load(Order, frozen=True, tag=True):
    """Load a pair; SPECs as in the commands."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelLoaded,)
    doing: ClassVar[str] = "loading"

    target: str = "builtin"
    drafter: str = "builtin"
    device: str = "auto"
    drafter_device: str = "auto"
    dtype: str = "auto"
    runtime: str = "auto"
    quantize: str = "none"


class Unload(Order, frozen=True, tag=True):
    """Release the models."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelUnloaded,)


class Run(_RunOrder, frozen=True, tag=True):
    """Run a method on the loaded pair; paused: hold it after its first `n_free` rounds."""

    method: str
    settings: Mapping[str, Setting]
    request: Request
    paused: bool = False
    n_free: int = 0


class Fork(_RunOrder, frozen=True, tag=True):
    """Go on from a token of an earlier run with other settings: `ids` are its prompt and tokens up to there."""

    method: str
    settings: Mapping[str, Setting]
    ids: tuple[int, ...]
    forked_from: str
    forked_at: int


class Train(Order, frozen=True, tag=True):
    """Train a drafter for a target on the text in `data` (empty: none) into the folder `out`; `settings` are those of
    DrafterConfig."""

    can_be_held: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (TrainingFinished,)
    ends_itself: ClassVar[bool] = True
    patience_s: ClassVar[float] = 30.0  # it has a checkpoint to write
    after_stop: ClassVar[str] = "resume it; if it had not begun, start it again"
    doing: ClassVar[str] = "training"
    under_way: ClassVar[str] = "a drafter is being trained"

    target: str
    data: str
    out: str
    settings: Mapping[str, Setting]
    device: str = "auto"
    dtype: str = "auto"
    resume: bool = False


class Index(Order, frozen=True, tag=True):
    """Make the index of documents at `index`, or bring it up to date. sources: folders, files or `builtin`;
    chunk_tokens: of the target, 0 for as many as let `n` passages fit into its context."""

    last: ClassVar[tuple[type[Event], ...]] = (Indexed,)
    after_stop: ClassVar[str] = "start it again: it goes on with what was embedded; an index before it is as it was"
    doing: ClassVar[str] = "indexing"
    under_way: ClassVar[str] = "an index is being made"

    sources: tuple[str, ...]
    index: str
    embedder: str = "builtin"
    target: str = "builtin"
    chunk_tokens: int = 0
    n: int = 10
    device: str = "auto"
    dtype: str = "auto"
    rebuild: bool = False


CONTEXTS = 64, 128, 256, 512


class Measure(Order, frozen=True, tag=True):
    """Measure what the loaded pair costs: prompt lengths (those there is room for) and batch sizes at one draft length,
    draft lengths at the first prompt length; n_new: new tokens of every block."""

    needs_pair: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (ScalingMeasured,)
    doing: ClassVar[str] = "scaling"
    under_way: ClassVar[str] = "a pair is being measured"

    gamma: int
    contexts: tuple[int, ...] = CONTEXTS
    gammas: tuple[int, ...] = tuple(range(1, 9))
    batches: tuple[int, ...] = (1, 2, 4, 8)
    n_new: int = 64
    n_blocks: int = 5


class Evaluate(Order, frozen=True, tag=True):
    """Ask the loaded pair questions with known answers. dataset: `builtin`, a fresh world, or a file of questions;
    index: of the documents, where these do not come with the questions. settings are those of SpeculativeRagConfig but
    for the seed, options those of EvaluationConfig."""

    needs_pair: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (EvaluationMeasured,)
    ends_itself: ClassVar[bool] = True
    patience_s: ClassVar[float] = 30.0  # it has figures to sum up
    doing: ClassVar[str] = "evaluating"
    under_way: ClassVar[str] = "an evaluation is under way"

    dataset: str
    settings: Mapping[str, Setting]
    options: Mapping[str, Setting]
    index: str = ""
    embedder: str = "builtin"


class Pause(Order, frozen=True, tag=True):
    """Hold the run after the round under way, the training after its step."""


class Step(Order, frozen=True, tag=True):
    """Let a held run make one round."""


class Resume(Order, frozen=True, tag=True):
    """Let a held run or training go on."""


class Estimate(_QuestionOrder, frozen=True, tag=True):
    """Say what loading a pair would take; loads nothing."""

    last: ClassVar[tuple[type[Event], ...]] = (Estimated,)

    pair: Load


class Survey(_QuestionOrder, frozen=True, tag=True):
    """Say which models there are and which can serve beside a target; `known` are folders to look at as well."""

    last: ClassVar[tuple[type[Event], ...]] = (Surveyed,)

    target: str
    known: tuple[str, ...] = ()
    device: str = "auto"
    dtype: str = "auto"


class EstimateTraining(_QuestionOrder, frozen=True, tag=True):
    """Say what training a drafter would take; loads nothing."""

    last: ClassVar[tuple[type[Event], ...]] = (TrainingEstimated,)

    training: Train


Question: TypeAlias = Estimate | Survey | EstimateTraining
Command: TypeAlias = Load | Unload | Run | Fork | Train | Index | Measure | Evaluate | Pause | Step | Resume | Question
