"""Settings of DRAG; imports neither Qt nor torch."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from engine.events.answers import RetrievalKind
from engine.events.iterations import DemonstrationPick
from engine.settings import TemplateConfig

ScalingBaselines: TypeAlias = Literal["all", "standard", "none"]


class ReadingConfig(TemplateConfig, frozen=True):
    """Settings of every answer over documents and demonstrations, however many of them it reads."""

    index: Annotated[
        str,
        Meta(
            title="Index",
            description="folder or address of an index of documents; builtin, builtin:pages: what is shipped",
        ),
    ] = "builtin"
    demonstration_k: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            title="Documents of each demonstration",
            description="the best of its k; in the paper it has all of them, as with 1000 here, which small models do "
            "not read well",
        ),
    ] = 1
    retrieval: Annotated[
        RetrievalKind,
        Meta(title="Retrieval", description="dense: by vectors, text: by words, hybrid: both, fused by rank"),
    ] = "hybrid"
    gamma: Annotated[
        int,
        Meta(
            ge=0,
            le=64,
            title="Draft length γ",
            description="where a drafter is loaded; the text stays the same; 0: none",
        ),
    ] = 4
    pool: Annotated[
        str,
        Meta(
            title="Demonstrations from",
            description="builtin: a world of its own, no question is about; or a .jsonl file of answered ones",
        ),
    ] = "builtin"
    pick: Annotated[
        DemonstrationPick,
        Meta(
            title="Choose demonstrations",
            description="similar: nearest to the question, by vectors; random: by the seed, for each question anew; "
            "fixed: by the seed, the same for all",
        ),
    ] = "similar"
    baselines: Annotated[
        ScalingBaselines,
        Meta(
            title="Compare with",
            description="standard: standard RAG over k documents; all: also the same method without a drafter; none",
        ),
    ] = "standard"


class DragConfig(ReadingConfig, frozen=True):
    """Settings of an answer over k documents and m demonstrations; k = 0 asks without documents."""

    k: Annotated[int, Meta(ge=0, le=1000, title="Documents k", description="to find for a question; 0: none")] = 5
    m: Annotated[
        int,
        Meta(
            ge=0, le=256, title="Demonstrations m", description="answered questions shown before, each with k documents"
        ),
    ] = 2

    @property
    def iterations(self) -> int:
        """How many iterations there may be."""
        return 1
