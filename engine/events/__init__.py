"""Every event that a run or the engine reports: the only vocabulary between engine and app, and of the trace file.

Ids are token ids of the target's vocabulary; times are seconds or milliseconds as their suffix says. Fields are only
ever added, with defaults; anything else raises `SCHEMA` and adds a migration to `trace`. Events of trainings,
documents, answers, their evaluation and the scaling of a pair are defined in the modules of those names, and all are
re-exported here."""

from typing import Literal, TypeAlias

from engine.events.answers import CandidateScored as CandidateScored
from engine.events.answers import CostPredicted as CostPredicted
from engine.events.answers import DraftFinished as DraftFinished
from engine.events.answers import Mapped as Mapped
from engine.events.answers import Partitioned as Partitioned
from engine.events.answers import PromptRead as PromptRead
from engine.events.answers import QuestionAnswered as QuestionAnswered
from engine.events.answers import Retrieved as Retrieved
from engine.events.base import SCHEMA as SCHEMA
from engine.events.base import Event as Event
from engine.events.base import Setting as Setting
from engine.events.base import Struct as Struct
from engine.events.documents import FileSkipped as FileSkipped
from engine.events.documents import Indexed as Indexed
from engine.events.evaluation import EvaluationMeasured as EvaluationMeasured
from engine.events.scaling import ScalingMeasured as ScalingMeasured
from engine.events.training import CheckpointSaved as CheckpointSaved
from engine.events.training import DrafterMeasured as DrafterMeasured
from engine.events.training import TrainingEnd as TrainingEnd
from engine.events.training import TrainingEstimated as TrainingEstimated
from engine.events.training import TrainingFinished as TrainingFinished
from engine.events.training import TrainingStarted as TrainingStarted
from engine.events.training import When as When

Fate: TypeAlias = Literal["accepted", "rejected", "untested"]
LastKind: TypeAlias = Literal["correction", "bonus"]
StopReason: TypeAlias = Literal["length", "end_of_text", "context", "cancelled"]
Lane: TypeAlias = Literal["speculative", "plain"]
Phase: TypeAlias = Literal[
    "prefill", "loading", "training", "measuring", "tokenizing", "checking", "sampling", "embedding", "retrieving",
    "partitioning", "drafting", "verifying", "reading", "writing", "indexing",
]  # fmt: skip
Role: TypeAlias = Literal["target", "drafter"]
RuntimeName: TypeAlias = Literal["fused", "modules"]
HostKind: TypeAlias = Literal["thread", "process"]


class Candidate(Struct, frozen=True):
    """One entry of a model's list of most probable next tokens."""

    id: int
    text: str
    prob: float


class ProposedToken(Struct, frozen=True):
    """A drafted token and its fate.

    p, q: probability under the target and the drafter (at temperature 0: softmax at temperature 1, for information).
    accept_prob: min(1, p/q) of the decision, 0 or 1 when greedy; u: the uniform draw, None when nothing was drawn.
    overlap: sum(min(p, q)) over the vocabulary at this position. rank: its place in the drafter's list, 0 first."""

    id: int
    text: str
    p: float
    q: float
    accept_prob: float
    u: float | None
    fate: Fate
    overlap: float
    rank: int
    top_p: tuple[Candidate, ...] = ()
    top_q: tuple[Candidate, ...] = ()


class LastToken(Struct, frozen=True):
    """The token a round ends with: from the residual after a rejection, or from the target after full acceptance.

    rank: its place in the drafter's list at that position; None for a bonus, where the drafter proposed nothing."""

    id: int
    text: str
    kind: LastKind
    p: float
    rank: int | None = None
    top_p: tuple[Candidate, ...] = ()
    top_q: tuple[Candidate, ...] = ()


class RunStarted(Event, frozen=True):
    """A run began, with everything needed to repeat it. graphs: whether its rounds run as CUDA graphs."""

    run_id: str
    method: str
    started_utc: str
    prompt: str
    prompt_ids: tuple[int, ...]
    prompt_pieces: tuple[str, ...]
    target: str
    drafter: str
    settings: tuple[tuple[str, Setting], ...]
    device: str
    dtype: str
    versions: tuple[tuple[str, str], ...] = ()
    forked_from: str | None = None
    forked_at: int | None = None
    note: str = ""
    schema: int = SCHEMA
    runtime: RuntimeName | None = None
    graphs: bool = False
    quantize: str = "none"


class PhaseFinished(Event, frozen=True):
    """A phase of a run ended: the time it took and the number of tokens it covered."""

    phase: Phase
    ms: float
    n_tokens: int
    at_s: float = 0.0


class RoundFinished(Event, frozen=True):
    """One draft phase and one verification.

    emitted: ids of the accepted tokens and the last one, cut at a stop token or the length limit.
    last is None if an accepted stop token or the limit ended the round before it.
    text: what the round added to the text; an incomplete character comes with the round that completes it.
    lane: which of several sequences decoded together, empty if there is only one; its times are then those of all
    together."""

    round: int
    proposed: tuple[ProposedToken, ...]
    last: LastToken | None
    emitted: tuple[int, ...]
    draft_ms: float
    verify_ms: float
    other_ms: float
    at_s: float = 0.0
    text: str = ""
    lane: str = ""


class Measured(Event, frozen=True):
    """A value of a declared series, at a round or a training step."""

    name: str
    value: float
    round: int
    at_s: float = 0.0


class TokensEmitted(Event, frozen=True):
    """Tokens of a lane that is not drafted and verified round by round."""

    lane: str
    ids: tuple[int, ...]
    text: str
    at_s: float = 0.0


class BlockFinished(Event, frozen=True):
    """One timed generation: a block of the interleaved comparison with plain decoding.

    paired: whether it counts in that comparison; the recorded generation, which comes before it, does not. decode_ms
    covers everything after prefill; first_ms is the first round alone. target_step_ms: mean time of a target forward
    over gamma + 1 tokens, None if no round had a full draft; draft_step_ms: one drafter step, or None."""

    lane: Lane
    pair: int
    ids: tuple[int, ...]
    prefill_ms: float
    decode_ms: float
    first_ms: float
    target_step_ms: float | None
    draft_step_ms: float | None = None
    at_s: float = 0.0
    paired: bool = True


class Compared(Event, frozen=True):
    """The comparison of the speculative text with plain decoding.

    first_divergence: index of the first differing new token; margin: the target's top-2 logit margin there."""

    same: bool
    first_divergence: int | None
    margin: float | None
    at_s: float = 0.0


class RunFinished(Event, frozen=True):
    """The run ended; the last event of a run that did not fail."""

    reason: StopReason
    n_tokens: int
    at_s: float = 0.0


class RunFailed(Event, frozen=True):
    """The run, or a command to the engine, failed. `traceback` is filled if the cause is a defect."""

    message: str
    hint: str
    traceback: str = ""
    at_s: float = 0.0


class Progressed(Event, frozen=True):
    """Long work advanced: `done` of `total` units."""

    phase: Phase
    done: float
    total: float
    unit: str
    elapsed_s: float = 0.0


class Estimated(Event, frozen=True):
    """What loading would take, before it is done; the KV cache at a full context of `context` tokens.

    work_bytes: what computing takes besides models and caches. fitting_context: the longest text, in tokens, that
    certainly fits into free memory; `context` if all fits.
    why_not: why loading these models would be refused, empty if it would not; sizes that cannot be known are 0."""

    weights_bytes: int
    kv_bytes: int
    drafter_bytes: int
    free_bytes: int
    device: str
    target: str = ""
    drafter: str = ""
    context: int = 0
    why_not: str = ""
    work_bytes: int = 0
    fitting_context: int = 0


class ModelLoaded(Event, frozen=True):
    """A target and drafter are ready.

    runtime: what computes the forward pass, our own or transformers' modules; why_modules: why not our own. Those of
    the drafter are empty if it is not a model. graphs: whether rounds run as CUDA graphs. n_threads: processor threads
    that torch uses, 0 if not reported. quantize: the type that the target's weights were quantised to, "none" if they
    were left in dtype. why_dtype: why this type, empty if it was not chosen by measuring."""

    target: str
    drafter: str
    device: str
    dtype: str
    context: int
    weights_bytes: int
    drafter_bytes: int
    seconds: float
    runtime: RuntimeName = "modules"
    why_modules: str = ""
    drafter_runtime: RuntimeName | None = None
    why_drafter_modules: str = ""
    graphs: bool = False
    n_threads: int = 0
    quantize: str = "none"
    why_dtype: str = ""


class ModelUnloaded(Event, frozen=True):
    """The models were released."""


class EngineStarted(Event, frozen=True):
    """An engine is ready for commands: on a thread of the window's process, or in its own process."""

    host: HostKind
    pid: int


class EngineEnded(Event, frozen=True):
    """The engine's process ended without a request; the next command starts a new one."""

    why: str
    hint: str


class Refused(Event, frozen=True):
    """A command could not be executed as asked; nothing was started and nothing lost."""

    what: str
    reason: str
    hint: str
    traceback: str = ""


class ModelOption(Struct, frozen=True):
    """A model that can be chosen. n_bytes: its weight files. why_not: why it cannot serve, empty if it can."""

    spec: str
    title: str
    n_bytes: int
    role: Role
    why_not: str = ""


class Surveyed(Event, frozen=True):
    """The targets there are, and the drafters for one of them. problem: why the hub cache could not be read."""

    target: str
    options: tuple[ModelOption, ...]
    problem: str = ""


class Warned(Event, frozen=True):
    """A command is executed as asked, but may not have the desired result."""

    message: str
    hint: str


AnyEvent: TypeAlias = (
    RunStarted
    | PhaseFinished
    | RoundFinished
    | Measured
    | TokensEmitted
    | BlockFinished
    | Compared
    | RunFinished
    | RunFailed
    | Progressed
    | Estimated
    | ModelLoaded
    | ModelUnloaded
    | EngineStarted
    | EngineEnded
    | Refused
    | Surveyed
    | TrainingEstimated
    | TrainingStarted
    | Warned
    | DrafterMeasured
    | CheckpointSaved
    | TrainingFinished
    | ScalingMeasured
    | EvaluationMeasured
    | Retrieved
    | Mapped
    | Partitioned
    | PromptRead
    | DraftFinished
    | CandidateScored
    | CostPredicted
    | QuestionAnswered
    | FileSkipped
    | Indexed
)
