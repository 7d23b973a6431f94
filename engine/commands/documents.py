"""Commands about documents and questions with known answers.

* imports neither Qt nor torch."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from engine.commands.order import Order
from engine.events import EvaluationMeasured, Event, Indexed, QualityScore, Setting, SweepMeasured, WorkKind


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
