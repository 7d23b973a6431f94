"""The commands that an engine accepts, as values that travel through a queue or a pipe.

* imports neither Qt nor torch."""

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

import msgspec

from engine.events import (
    AllocationFitted,
    AllocationForm,
    AnswerMetric,
    AttentionName,
    ComparisonMeasured,
    Estimated,
    EvaluationMeasured,
    Event,
    GateRowsCollected,
    GateTrained,
    Indexed,
    LaneSpec,
    LengthsMeasured,
    ModelDescribed,
    ModelDownloaded,
    ModelLoaded,
    ModelRemoved,
    ModelsListed,
    ModelUnloaded,
    PairsOffered,
    PromptPreviewed,
    QualityScore,
    RaceFinished,
    Refused,
    RunFailed,
    RunFinished,
    ScalingMeasured,
    Setting,
    SettingsMeasured,
    Surveyed,
    SweepMeasured,
    TextPart,
    TextRead,
    TrainingEstimated,
    TrainingFinished,
    WorkKind,
)
from engine.settings import Request


class Order(msgspec.Struct, frozen=True):
    """The base of all commands: traits that a host reads, so that it need not distinguish commands by type.

    needs_pair: a pair must be loaded first. can_be_held: Pause, Step and Resume act on it. is_run: its events are those
    of a run and are logged. is_question: it is answered when nothing else is waiting. last: the events that end it,
    besides a refusal; an event with a field `complete` ends it only if that is true. ends_itself: it checks the cancel
    flag itself, because it reports something at its end. patience_s: how long a stop may take before the engine's
    process is killed. after_stop: the hint shown after a stop. doing: one word for what the engine does meanwhile.
    under_way: why nothing else can start meanwhile, also shown as status. kept_as: as what its events are kept in the
    store of runs, empty if they are not."""

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
    kept_as: ClassVar[WorkKind | Literal[""]] = ""

    @property
    def name(self) -> str:
        """The command's name in refusals."""
        return type(self).__name__.lower()

    def ends_with(self, event: Event) -> bool:
        """Whether this event is the command's last."""
        if isinstance(event, Refused):  # a run continues if only its file could not be written
            return event.what == self.name
        return isinstance(event, self.last) and getattr(event, "complete", True)


class _RunOrder(Order, frozen=True):
    """The traits of a run on the loaded pair."""

    needs_pair: ClassVar[bool] = True
    can_be_held: ClassVar[bool] = True
    is_run: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (RunFinished, RunFailed)
    after_stop: ClassVar[str] = "start it again"
    doing: ClassVar[str] = "running"
    under_way: ClassVar[str] = "a run is under way"
    kept_as: ClassVar[WorkKind | Literal[""]] = "run"


class OwnModels(Order, frozen=True, kw_only=True):
    """The models of work that loads its target itself, which all its drafters share."""

    target: str = "builtin"
    device: str = "auto"
    drafter_device: str = "auto"
    dtype: str = "auto"
    runtime: str = "auto"
    quantize: str = "none"


class _QuestionOrder(Order, frozen=True):
    """The traits of a question."""

    is_question: ClassVar[bool] = True


class Load(Order, frozen=True, tag=True):
    """Load a pair; `target` and `drafter` are SPECs as on the command line."""

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
    """Run a method on the loaded pair; paused: pause it after its first `n_free` rounds."""

    method: str
    settings: Mapping[str, Setting]
    request: Request
    paused: bool = False
    n_free: int = 0


class Fork(_RunOrder, frozen=True, tag=True):
    """Continue from a token of an earlier run with other settings; `ids` are its prompt and tokens up to there."""

    method: str
    settings: Mapping[str, Setting]
    ids: tuple[int, ...]
    forked_from: str
    forked_at: int


class Train(Order, frozen=True, tag=True):
    """Train a drafter for a target on the text in `data` (empty: none) into the folder `out`; `settings` are the
    fields of DrafterConfig."""

    can_be_held: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (TrainingFinished,)
    ends_itself: ClassVar[bool] = True
    patience_s: ClassVar[float] = 30.0  # it writes a checkpoint first
    after_stop: ClassVar[str] = "resume it; if it had not begun, start it again"
    doing: ClassVar[str] = "training"
    under_way: ClassVar[str] = "a drafter is being trained"
    kept_as: ClassVar[WorkKind | Literal[""]] = "training"

    target: str
    data: str
    out: str
    settings: Mapping[str, Setting]
    device: str = "auto"
    dtype: str = "auto"
    resume: bool = False


class Index(Order, frozen=True, tag=True):
    """Build the index of documents at `index`, or update it. sources: folders, files or `builtin`; chunk_tokens: of
    the target, 0 for the size at which `n` passages fit into its context and the embedder reads all of each."""

    last: ClassVar[tuple[type[Event], ...]] = (Indexed,)
    after_stop: ClassVar[str] = "start it again: it continues from what was embedded; an earlier index is unchanged"
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
    """Measure what the loaded pair costs: prompt lengths (those that fit) and batch sizes at one draft length, and
    draft lengths at the first prompt length; n_new: new tokens in every block."""

    needs_pair: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (ScalingMeasured,)
    doing: ClassVar[str] = "scaling"
    under_way: ClassVar[str] = "a pair is being measured"
    kept_as: ClassVar[WorkKind | Literal[""]] = "measurement"

    gamma: int
    contexts: tuple[int, ...] = CONTEXTS
    gammas: tuple[int, ...] = tuple(range(1, 9))
    batches: tuple[int, ...] = (1, 2, 4, 8)
    n_new: int = 64
    n_blocks: int = 5


LENGTHS = 512, 2048, 8192


class MeasureLengths(OwnModels, frozen=True, tag=True):
    """Measure what the length of the text does to a target with several drafters; plain decoding is always among them.

    lengths: tokens before the first new one, which the target's context must hold. drafters: SPECs; `window:MODEL` is a
    model that reads only `sinks` first and `window` last tokens. text: a built-in one or a file; pages: of a file with
    pages, for instance 3-7, empty for all; part: where a text is cut that is longer than a length; n_texts: texts a
    length, each from another place. settings: those of GenerationConfig. repeats: of plain decoding and of each
    drafter, in turn. prefill_chunk: tokens of the prompt that are read at once; attention: the kernel for that. tree:
    what drafters that can branch draft in place of a chain, as in decode; empty for chains."""

    last: ClassVar[tuple[type[Event], ...]] = (LengthsMeasured,)
    ends_itself: ClassVar[bool] = True
    after_stop: ClassVar[str] = "the lengths measured so far are kept"
    doing: ClassVar[str] = "measuring lengths"
    under_way: ClassVar[str] = "lengths are being measured"
    kept_as: ClassVar[WorkKind | Literal[""]] = "measurement"

    drafters: tuple[str, ...] = ("builtin", "lookup")
    lengths: tuple[int, ...] = LENGTHS
    text: str = "builtin"
    pages: str = ""
    part: TextPart = "start"
    n_texts: int = 1
    gamma: int = 4
    settings: Mapping[str, Setting] = {}
    repeats: int = 3
    window: int = 512
    sinks: int = 4
    prefill_chunk: int = 512
    attention: AttentionName = "auto"
    tree: str = ""


class Evaluate(Order, frozen=True, tag=True):
    """Ask the loaded pair questions with known answers. dataset: `builtin` (a newly generated world) or a file of
    questions; index: of the documents, if the dataset brings none. settings are those of SpeculativeRagConfig except
    the seed, options those of EvaluationConfig."""

    needs_pair: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (EvaluationMeasured,)
    ends_itself: ClassVar[bool] = True
    patience_s: ClassVar[float] = 30.0  # it computes its figures first
    doing: ClassVar[str] = "evaluating"
    under_way: ClassVar[str] = "an evaluation is under way"
    kept_as: ClassVar[WorkKind | Literal[""]] = "evaluation"

    dataset: str
    settings: Mapping[str, Setting]
    options: Mapping[str, Setting]
    index: str = ""
    embedder: str = "builtin"


class SweepAllocations(Order, frozen=True, tag=True):
    """Ask the loaded pair every question with every combination of ks documents, ms demonstrations and ns iterations.

    dataset, index, embedder, options: as in Evaluate. settings: those of IterDragConfig that the sweep does not vary.
    minutes: stop after that time; None: never. quality: also score how good each answer looks. The same command
    continues after a stop, and repeats nothing."""

    needs_pair: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (SweepMeasured,)
    ends_itself: ClassVar[bool] = True
    patience_s: ClassVar[float] = 30.0  # an answer of several iterations over many documents
    after_stop: ClassVar[str] = "start it again: it continues from the answers it has"
    doing: ClassVar[str] = "sweeping"
    under_way: ClassVar[str] = "a sweep is under way"
    kept_as: ClassVar[WorkKind | Literal[""]] = "measurement"

    dataset: str = "builtin"
    ks: tuple[int, ...] = (0, 1, 2, 5)
    ms: tuple[int, ...] = (0, 1, 2)
    ns: tuple[int, ...] = (1, 3)
    settings: Mapping[str, Setting] = {}
    options: Mapping[str, Setting] = {}
    index: str = ""
    embedder: str = "builtin"
    minutes: float | None = None
    quality: QualityScore = "none"


class Compare(OwnModels, frozen=True, tag=True):
    """Compare lanes over a set of prompts, each measured in turn; plain decoding is always among them.

    prompts: `builtin`, `builtin:TASK` or a file; n_prompts: at most that many, 0 for all. settings: those of
    GenerationConfig, for all lanes. tune: choose the draft lengths of each drafter by prediction, and confirm the best
    by measurement; the lanes' own are then only hints."""

    last: ClassVar[tuple[type[Event], ...]] = (ComparisonMeasured,)
    ends_itself: ClassVar[bool] = True
    patience_s: ClassVar[float] = 30.0  # it computes its figures first
    after_stop: ClassVar[str] = "the prompts measured so far are kept"
    doing: ClassVar[str] = "comparing"
    under_way: ClassVar[str] = "a comparison is under way"
    kept_as: ClassVar[WorkKind | Literal[""]] = "comparison"

    lanes: tuple[LaneSpec, ...]
    prompts: str = "builtin"
    n_prompts: int = 20
    repeats: int = 1
    settings: Mapping[str, Setting] = {}
    tune: bool = False


class Race(OwnModels, frozen=True, tag=True):
    """Let lanes continue one prompt in front of the viewer, a round of each in turn; nothing is measured but the lanes'
    own rounds. settings: those of GenerationConfig, for all lanes."""

    last: ClassVar[tuple[type[Event], ...]] = (RaceFinished,)
    ends_itself: ClassVar[bool] = True
    after_stop: ClassVar[str] = "start it again"
    doing: ClassVar[str] = "racing"
    under_way: ClassVar[str] = "a race is under way"
    kept_as: ClassVar[WorkKind | Literal[""]] = "comparison"

    lanes: tuple[LaneSpec, ...]
    prompt: str
    settings: Mapping[str, Setting] = {}


class CollectGateRows(Order, frozen=True, tag=True):
    """Label drafted tokens of the loaded pair, for a gate to learn from. prompts: a set as in Compare; n_prompts: how
    many documents; n_new: tokens drafted along each; out: the folder of the rows. settings: those of
    GenerationConfig."""

    needs_pair: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (GateRowsCollected,)
    ends_itself: ClassVar[bool] = True
    after_stop: ClassVar[str] = "start it again: it goes on with the next document"
    doing: ClassVar[str] = "collecting"
    under_way: ClassVar[str] = "drafted tokens are being labelled"

    out: str
    prompts: str = "builtin"
    n_prompts: int = 400
    n_new: int = 40
    settings: Mapping[str, Setting] = {}


class TrainGate(Order, frozen=True, tag=True):
    """Train a gate on the rows in a folder. out: the gate's own folder; settings: those of GateTrainingConfig."""

    last: ClassVar[tuple[type[Event], ...]] = (GateTrained,)
    after_stop: ClassVar[str] = "nothing was written; start it again"
    doing: ClassVar[str] = "training"
    under_way: ClassVar[str] = "a gate is being trained"

    rows: str
    out: str
    settings: Mapping[str, Setting] = {}


class MeasureThresholds(Order, frozen=True, tag=True):
    """Measure what thresholds of a gate cost in quality and gain in time, on the loaded pair; plain decoding and exact
    speculation at its best draft length are always measured too.

    weights: of the target in ensembles; leniences: of lenient rules; gammas: draft lengths of exact speculation that
    are tried. prompts, n_prompts: as in Compare; n_questions: of the built-in world, 0 for none. settings: those of
    SprinterConfig, for all."""

    needs_pair: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (SettingsMeasured,)
    ends_itself: ClassVar[bool] = True
    patience_s: ClassVar[float] = 30.0  # it computes its figures first
    after_stop: ClassVar[str] = "what was measured so far is kept"
    doing: ClassVar[str] = "measuring thresholds"
    under_way: ClassVar[str] = "thresholds are being measured"
    kept_as: ClassVar[WorkKind | Literal[""]] = "measurement"

    thresholds: tuple[float, ...] = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
    weights: tuple[float, ...] = ()
    leniences: tuple[float, ...] = ()
    gammas: tuple[int, ...] = (1, 2, 3, 4, 6, 8)
    prompts: str = "builtin"
    n_prompts: int = 16
    n_questions: int = 24
    settings: Mapping[str, Setting] = {}


class GetModel(Order, frozen=True, tag=True):
    """Download a model of a hub into its cache. spec: OWNER/NAME, or OWNER/NAME/FILE.gguf; revision: a branch, a tag or
    a commit."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelDownloaded,)
    after_stop: ClassVar[str] = "get it again: it continues from what is there"
    doing: ClassVar[str] = "downloading"
    under_way: ClassVar[str] = "a model is being downloaded"

    spec: str
    revision: str = "main"


class RemoveModel(Order, frozen=True, tag=True):
    """Remove a model from the hub's cache, with all its revisions, or what a GGUF file was converted into."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelRemoved,)
    doing: ClassVar[str] = "removing"
    under_way: ClassVar[str] = "a model is being removed"

    spec: str


class Pause(Order, frozen=True, tag=True):
    """Pause the run after its current round, the training after its current step."""


class Step(Order, frozen=True, tag=True):
    """Let a paused run make one round."""


class Resume(Order, frozen=True, tag=True):
    """Let a paused run or training continue."""


class Estimate(_QuestionOrder, frozen=True, tag=True):
    """Estimate what loading a pair would take, without loading it."""

    last: ClassVar[tuple[type[Event], ...]] = (Estimated,)

    pair: Load


class Survey(_QuestionOrder, frozen=True, tag=True):
    """List the models there are and which can serve with a target; `known` are further folders to look at."""

    last: ClassVar[tuple[type[Event], ...]] = (Surveyed,)

    target: str
    known: tuple[str, ...] = ()
    device: str = "auto"
    dtype: str = "auto"


class EstimateTraining(_QuestionOrder, frozen=True, tag=True):
    """Estimate what training a drafter would take, without loading anything."""

    last: ClassVar[tuple[type[Event], ...]] = (TrainingEstimated,)

    training: Train


class LookUpModel(_QuestionOrder, frozen=True, tag=True):
    """Ask a hub what downloading a model would bring; the only question that uses the network."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelDescribed,)

    spec: str
    revision: str = "main"


class OfferPairs(_QuestionOrder, frozen=True, tag=True):
    """List pairs whose models fit each other, and whether they fit this machine."""

    last: ClassVar[tuple[type[Event], ...]] = (PairsOffered,)

    device: str = "auto"
    dtype: str = "auto"


class ListModels(_QuestionOrder, frozen=True, tag=True):
    """List the models in the hub's cache, as what each can be loaded, and what GGUF files were converted into."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelsListed,)


class PreviewPrompt(_QuestionOrder, frozen=True, tag=True):
    """Write a prompt as the loaded target would read it, without running anything. settings: those of ChatConfig;
    serial: told apart by it, since the prompt may be long."""

    last: ClassVar[tuple[type[Event], ...]] = (PromptPreviewed,)

    request: Request
    settings: Mapping[str, Setting]
    serial: int = 0


class ReadText(_QuestionOrder, frozen=True, tag=True):
    """Read a file, or some of its pages, as a prompt of the loaded target. text, pages, part: as in MeasureLengths;
    length: tokens at most, 0 for as many as leave room for `n_new`. serial: told apart by it."""

    last: ClassVar[tuple[type[Event], ...]] = (TextRead,)

    text: str
    pages: str = ""
    part: TextPart = "start"
    length: int = 0
    n_new: int = 128
    serial: int = 0


class FitAllocation(_QuestionOrder, frozen=True, tag=True):
    """Fit the allocation model to a sweep. sweep: its file; empty: the newest of the loaded target, or of all."""

    last: ClassVar[tuple[type[Event], ...]] = (AllocationFitted,)

    sweep: str = ""
    form: AllocationForm = "paper"
    metric: AnswerMetric = "accuracy"


Question: TypeAlias = (
    Estimate
    | Survey
    | EstimateTraining
    | LookUpModel
    | OfferPairs
    | ListModels
    | PreviewPrompt
    | ReadText
    | FitAllocation
)
Command: TypeAlias = (
    Load
    | Unload
    | Run
    | Fork
    | Train
    | Index
    | Measure
    | MeasureLengths
    | Evaluate
    | SweepAllocations
    | Compare
    | Race
    | CollectGateRows
    | TrainGate
    | MeasureThresholds
    | GetModel
    | RemoveModel
    | Pause
    | Step
    | Resume
    | Question
)
