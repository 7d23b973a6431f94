"""Settings of Speculative RAG; imports neither Qt nor torch."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from engine.events.answers import Conditioning, Projection, Sampling
from engine.methods.standard_rag.config import StandardRagConfig

Deciding: TypeAlias = Literal[
    "all", "draft", "self_contain", "self_reflect", "draft+self_contain", "draft+self_reflect",
    "self_contain+self_reflect",
]  # fmt: skip
Option: TypeAlias = Literal["paper", "per_token", "with_documents", "documents_for_rationale", "weighted"]
Baselines: TypeAlias = Literal["all", "standard", "none"]
_WEIGHT = "of the logarithm of this score, where the option is weighted"


class SpeculativeRagConfig(StandardRagConfig, frozen=True):
    """Settings of making and choosing drafts; the defaults are the paper's."""

    k: Annotated[int, Meta(ge=1, le=100, title="Clusters k", description="passages that each draft is made from")] = 2
    m: Annotated[int, Meta(ge=1, le=100, title="Drafts m", description="each from a subset of its own")] = 5
    sampling: Annotated[
        Sampling,
        Meta(
            title="Subset sampling",
            description="one_per_cluster: a passage of each cluster, as in the paper; in_turn: the same, but none "
            "twice before all of its cluster were read, which is not from the paper; random: any; same_cluster: all of "
            "one cluster",
        ),
    ] = "one_per_cluster"
    conditioning: Annotated[
        Conditioning,
        Meta(
            title="Cluster by",
            description="encoded: passages encoded anew together with the question, as in the paper; stored: the "
            "vectors of the index, which cost nothing; auto: as in the paper where that takes less than a tenth of the "
            "time in which the target reads the passages, measured on this machine, else the vectors of the index",
        ),
    ] = "encoded"
    scores: Annotated[
        Deciding,
        Meta(title="Scores used", description="all is the paper's product of draft, self_contain, self_reflect"),
    ] = "all"
    option: Annotated[
        Option,
        Meta(
            title="Score variant",
            description="paper; the rest is not from the paper's method: per_token (length-normalised), with_documents "
            "(mean log-probability given the documents), documents_for_rationale (the verifier reads these instead), "
            "weighted (learned weights)",
        ),
    ] = "paper"
    verdict_temperature: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            title="Verdict temperature",
            description="0: P(Yes) as in the paper; else Yes against No, their logits divided by this: fit it on "
            "questions with known answers",
            extra_json_schema={"zero": "as in the paper"},
        ),
    ] = 0.0
    weight_draft: Annotated[float, Meta(ge=-100, le=100, title="Weight: draft", description=_WEIGHT)] = 1.0
    weight_self_contain: Annotated[float, Meta(ge=-100, le=100, title="Weight: self-contain", description=_WEIGHT)] = (
        1.0
    )
    weight_self_reflect: Annotated[float, Meta(ge=-100, le=100, title="Weight: self-reflect", description=_WEIGHT)] = (
        1.0
    )
    projection: Annotated[
        Projection,
        Meta(
            title="Map projection",
            description="pca: principal components; umap: neighbourhoods, needs umap-learn",
        ),
    ] = "pca"
    baselines: Annotated[
        Baselines,
        Meta(
            title="Compare with",
            description="standard: the target over all passages; all: also with token-level speculation by the same "
            "drafter; none",
        ),
    ] = "all"
