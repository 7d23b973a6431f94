"""Every event that a run or the engine reports: the only vocabulary between engine and app, and of the trace file.

Ids are token ids of the target's vocabulary; times are seconds or milliseconds as their suffix says. Fields are only
ever added, with defaults; anything else raises `SCHEMA` and adds a migration to `trace`. Events of trainings, gates,
documents, answers, iterations, their evaluation, allocations, the scaling of a pair, lengths and models of a hub are
defined in the modules of those names, and all are re-exported here."""

from typing import Literal, TypeAlias

from engine.events.allocation import Allocation as Allocation
from engine.events.allocation import AllocationFitted as AllocationFitted
from engine.events.allocation import AllocationForm as AllocationForm
from engine.events.allocation import AllocationRouted as AllocationRouted
from engine.events.allocation import AnswerMetric as AnswerMetric
from engine.events.allocation import CellAnswered as CellAnswered
from engine.events.allocation import FittedTerm as FittedTerm
from engine.events.allocation import MeasuredCell as MeasuredCell
from engine.events.allocation import PredictedCell as PredictedCell
from engine.events.allocation import PresetName as PresetName
from engine.events.allocation import QualityJudged as QualityJudged
from engine.events.allocation import QualityScore as QualityScore
from engine.events.allocation import QueryPriced as QueryPriced
from engine.events.allocation import SweepEstimated as SweepEstimated
from engine.events.allocation import SweepMeasured as SweepMeasured
from engine.events.allocation import SweepStarted as SweepStarted
from engine.events.allocation import TaskTerms as TaskTerms
from engine.events.answers import CandidateScored as CandidateScored
from engine.events.answers import CostPredicted as CostPredicted
from engine.events.answers import DraftFinished as DraftFinished
from engine.events.answers import Mapped as Mapped
from engine.events.answers import Partitioned as Partitioned
from engine.events.answers import PromptRead as PromptRead
from engine.events.answers import QuestionAnswered as QuestionAnswered
from engine.events.answers import Retrieved as Retrieved
from engine.events.answers import VerifierTested as VerifierTested
from engine.events.base import SCHEMA as SCHEMA
from engine.events.base import Event as Event
from engine.events.base import Setting as Setting
from engine.events.base import Struct as Struct
from engine.events.comparison import PLAIN_LANE as PLAIN_LANE
from engine.events.comparison import CategoryFigures as CategoryFigures
from engine.events.comparison import ComparedPrompt as ComparedPrompt
from engine.events.comparison import ComparisonMeasured as ComparisonMeasured
from engine.events.comparison import ComparisonStarted as ComparisonStarted
from engine.events.comparison import GammaPrediction as GammaPrediction
from engine.events.comparison import GenerationMeasured as GenerationMeasured
from engine.events.comparison import LaneFigures as LaneFigures
from engine.events.comparison import LaneRefused as LaneRefused
from engine.events.comparison import LaneSpec as LaneSpec
from engine.events.comparison import RaceFinished as RaceFinished
from engine.events.comparison import RaceStarted as RaceStarted
from engine.events.comparison import Recommendation as Recommendation
from engine.events.comparison import Shape as Shape
from engine.events.conversion import ConversionStarted as ConversionStarted
from engine.events.decoding import BlockFinished as BlockFinished
from engine.events.decoding import Candidate as Candidate
from engine.events.decoding import Compared as Compared
from engine.events.decoding import DraftsThrough as DraftsThrough
from engine.events.decoding import Fate as Fate
from engine.events.decoding import Lane as Lane
from engine.events.decoding import LastKind as LastKind
from engine.events.decoding import LastToken as LastToken
from engine.events.decoding import Measured as Measured
from engine.events.decoding import Phase as Phase
from engine.events.decoding import PhaseFinished as PhaseFinished
from engine.events.decoding import ProposedToken as ProposedToken
from engine.events.decoding import RoundFinished as RoundFinished
from engine.events.decoding import RunFailed as RunFailed
from engine.events.decoding import RunFinished as RunFinished
from engine.events.decoding import RunStarted as RunStarted
from engine.events.decoding import RuntimeName as RuntimeName
from engine.events.decoding import StopReason as StopReason
from engine.events.decoding import TokensEmitted as TokensEmitted
from engine.events.documents import FileSkipped as FileSkipped
from engine.events.documents import Indexed as Indexed
from engine.events.evaluation import EvaluationMeasured as EvaluationMeasured
from engine.events.gates import GATE_ROWS as GATE_ROWS
from engine.events.gates import GATE_SWEEP as GATE_SWEEP
from engine.events.gates import GATE_TRAINING as GATE_TRAINING
from engine.events.gates import GateConfusion as GateConfusion
from engine.events.gates import GateFigures as GateFigures
from engine.events.gates import GateInput as GateInput
from engine.events.gates import GateLabel as GateLabel
from engine.events.gates import GateRowsCollected as GateRowsCollected
from engine.events.gates import GateScore as GateScore
from engine.events.gates import GateTrained as GateTrained
from engine.events.gates import GateTrainingStarted as GateTrainingStarted
from engine.events.gates import PredictedFigures as PredictedFigures
from engine.events.gates import QualityFigures as QualityFigures
from engine.events.gates import ReliabilityBin as ReliabilityBin
from engine.events.gates import RocPoint as RocPoint
from engine.events.gates import SettingMeasured as SettingMeasured
from engine.events.gates import SettingsMeasured as SettingsMeasured
from engine.events.gates import StepTimes as StepTimes
from engine.events.gates import WorkFigures as WorkFigures
from engine.events.iterations import ContextPart as ContextPart
from engine.events.iterations import DemonstrationsChosen as DemonstrationsChosen
from engine.events.iterations import IterationFinished as IterationFinished
from engine.events.iterations import ModelCalled as ModelCalled
from engine.events.iterations import ScalingAnswered as ScalingAnswered
from engine.events.iterations import ShownDemonstration as ShownDemonstration
from engine.events.iterations import StartScore as StartScore
from engine.events.lengths import AttentionChecked as AttentionChecked
from engine.events.lengths import AttentionName as AttentionName
from engine.events.lengths import KvPrediction as KvPrediction
from engine.events.lengths import LengthMeasured as LengthMeasured
from engine.events.lengths import LengthsMeasured as LengthsMeasured
from engine.events.lengths import LengthsStarted as LengthsStarted
from engine.events.lengths import PageStart as PageStart
from engine.events.lengths import PrefillMeasured as PrefillMeasured
from engine.events.lengths import TextPart as TextPart
from engine.events.lengths import TextRead as TextRead
from engine.events.lengths import TextStretch as TextStretch
from engine.events.models import CachedModel as CachedModel
from engine.events.models import FileDownloaded as FileDownloaded
from engine.events.models import HubFile as HubFile
from engine.events.models import ModelDescribed as ModelDescribed
from engine.events.models import ModelDownloaded as ModelDownloaded
from engine.events.models import ModelRemoved as ModelRemoved
from engine.events.models import ModelsListed as ModelsListed
from engine.events.models import OfferedModel as OfferedModel
from engine.events.models import OfferedPair as OfferedPair
from engine.events.models import PairsOffered as PairsOffered
from engine.events.policies import PolicyDecided as PolicyDecided
from engine.events.policies import PolicyReason as PolicyReason
from engine.events.previews import PromptPreviewed as PromptPreviewed
from engine.events.ratings import RatingVerdict as RatingVerdict
from engine.events.ratings import TextsRated as TextsRated
from engine.events.scaling import ScalingMeasured as ScalingMeasured
from engine.events.training import CheckpointSaved as CheckpointSaved
from engine.events.training import DrafterMeasured as DrafterMeasured
from engine.events.training import LayersTried as LayersTried
from engine.events.training import OwnLayers as OwnLayers
from engine.events.training import SizeOption as SizeOption
from engine.events.training import TrainingEnd as TrainingEnd
from engine.events.training import TrainingEstimated as TrainingEstimated
from engine.events.training import TrainingFinished as TrainingFinished
from engine.events.training import TrainingStarted as TrainingStarted
from engine.events.training import When as When
from engine.events.work import WorkEnded as WorkEnded
from engine.events.work import WorkKind as WorkKind
from engine.events.work import WorkStarted as WorkStarted

Role: TypeAlias = Literal["target", "drafter"]
HostKind: TypeAlias = Literal["thread", "process"]


class Progressed(Event, frozen=True):
    """Long work advanced: `done` of `total` units; a total of 0 is not known yet.

    left_s: seconds left for all stages of the work together; None while nothing tells."""

    phase: Phase
    done: float
    total: float
    unit: str
    elapsed_s: float = 0.0
    left_s: float | None = None


class Estimated(Event, frozen=True):
    """What loading would take, before it is done; the KV cache at a full context of `context` tokens.

    work_bytes: what computing takes besides models and caches. packed_bytes: copies of the matrices that several
    tokens are multiplied by faster on a CPU; made only where a quarter of the free memory holds them.
    fitting_context: the longest text, in tokens, that certainly fits into free memory; `context` if all fits.
    why_not: why loading these models would be refused, empty if it would not; sizes that cannot be known are 0.
    conversions: the GGUF files that loading converts first."""

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
    conversions: tuple[ConversionStarted, ...] = ()
    packed_bytes: int = 0


class ModelLoaded(Event, frozen=True):
    """A target and drafter are ready.

    runtime: what computes the forward pass, our own or transformers' modules; why_modules: why not our own. Those of
    the drafter are empty if it is not a model. graphs: whether rounds run as CUDA graphs. n_threads: processor threads
    that torch uses, 0 if not reported. quantize: the type that the target's weights were quantised to, "none" if they
    were left in dtype. why_dtype: what was measured for this type or would speak for another, empty if nothing.
    drafts_through: "text" where the drafter is a model with another tokenizer; shared_tokens of its drafter_tokens are
    then the target's too. chat_template: whether the target has one; chat: whether it is asked through it unless told
    otherwise; why_chat: the reason of that. rules: what the target's generation config changes in its logits, in words;
    ignored: what it asks for besides and does not get; sampling: the sampling it recommends, empty if none. note: what
    has to be said about how its checkpoint was read, empty for most. why_no_tree: why its drafts cannot branch, empty
    if they can."""

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
    drafts_through: DraftsThrough = "ids"
    shared_tokens: int = 0
    drafter_tokens: int = 0
    chat_template: bool = False
    chat: bool = False
    why_chat: str = ""
    rules: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    sampling: str = ""
    note: str = ""
    why_no_tree: str = ""


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
    """A model that can be chosen. n_bytes: its weight files. why_not: why it cannot serve, empty if it can.

    drafts_through: "text" for a drafter of another tokenizer than the target's."""

    spec: str
    title: str
    n_bytes: int
    role: Role
    why_not: str = ""
    drafts_through: DraftsThrough = "ids"


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
    | PolicyDecided
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
    | LayersTried
    | TrainingStarted
    | Warned
    | DrafterMeasured
    | CheckpointSaved
    | TrainingFinished
    | ScalingMeasured
    | LengthsStarted
    | PrefillMeasured
    | LengthMeasured
    | LengthsMeasured
    | EvaluationMeasured
    | ComparisonStarted
    | LaneRefused
    | GenerationMeasured
    | ComparisonMeasured
    | RaceStarted
    | RaceFinished
    | WorkStarted
    | WorkEnded
    | Retrieved
    | Mapped
    | Partitioned
    | PromptRead
    | DraftFinished
    | CandidateScored
    | VerifierTested
    | CostPredicted
    | QuestionAnswered
    | FileSkipped
    | Indexed
    | ConversionStarted
    | ModelDescribed
    | FileDownloaded
    | ModelDownloaded
    | PairsOffered
    | ModelsListed
    | ModelRemoved
    | PromptPreviewed
    | TextRead
    | SweepStarted
    | SweepEstimated
    | CellAnswered
    | SweepMeasured
    | AllocationFitted
    | AllocationRouted
    | QualityJudged
    | QueryPriced
    | GateRowsCollected
    | GateTrainingStarted
    | GateTrained
    | SettingMeasured
    | SettingsMeasured
    | DemonstrationsChosen
    | ModelCalled
    | IterationFinished
    | ScalingAnswered
    | TextsRated
)
