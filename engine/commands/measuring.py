"""Commands that measure and compare.

* imports neither Qt nor torch."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from engine.commands.order import Order, OwnModels
from engine.events import (
    AttentionName,
    ComparisonMeasured,
    Event,
    LaneSpec,
    LengthsMeasured,
    RaceFinished,
    ScalingMeasured,
    Setting,
    SettingsMeasured,
    TextPart,
    WorkKind,
)

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
