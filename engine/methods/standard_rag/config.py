"""Settings of standard RAG; imports neither Qt nor torch."""

from typing import Annotated

from msgspec import Meta

from engine.events.answers import DemonstrationChoice, RetrievalKind
from engine.settings import TemplateConfig


class StandardRagConfig(TemplateConfig, frozen=True):
    """Settings of an answer over all retrieved passages."""

    index: Annotated[
        str,
        Meta(
            title="Index",
            description="folder or address of an index of documents; builtin, builtin:pages: what is shipped",
        ),
    ] = "builtin"
    n: Annotated[int, Meta(ge=1, le=200, title="Passages n", description="to find for the question")] = 10
    retrieval: Annotated[
        RetrievalKind,
        Meta(title="Retrieval", description="dense: by vectors, text: by words, hybrid: both, fused by rank"),
    ] = "hybrid"
    gamma: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            title="Draft length γ",
            description="where the target's answer is speculated token by token",
        ),
    ] = 4
    demonstrations: Annotated[
        DemonstrationChoice,
        Meta(
            title="Worked examples",
            description="answered questions that a model reads first, to see how an answer is written; auto: two, but "
            "none for the built-in models, which were trained to; none; one; two",
        ),
    ] = "auto"
