"""Events of answering a question from documents; others import them from `engine.events`.

* imports neither Qt nor torch.

Passages are numbered in the order of `Retrieved.passages`, drafts in the order of `Partitioned.subsets`, both from 0.
Probabilities are natural logarithms. Source: arXiv:2407.08223, section 3."""

from typing import Literal, TypeAlias

from engine.events.base import Event, Struct

RetrievalKind: TypeAlias = Literal["dense", "text", "hybrid"]
Sampling: TypeAlias = Literal["one_per_cluster", "in_turn", "random", "same_cluster"]
Conditioning: TypeAlias = Literal["encoded", "stored", "auto"]
Projection: TypeAlias = Literal["pca", "umap"]
System: TypeAlias = Literal[
    "speculative_rag",
    "speculative_rag_stored",
    "standard_rag",
    "standard_rag_speculative",
    "drafter_alone",
    "random_choice",
    "zero_shot",
    "many_shot",
    "drag",
    "iterdrag",
    "iterdrag_popular",
]
# What ended a rationale after which the response was forced; empty where the drafter wrote both by itself.
ForcedBy: TypeAlias = Literal["", "end", "line", "length"]
DemonstrationChoice: TypeAlias = Literal["auto", "none", "one", "two"]
Reader: TypeAlias = Literal["target", "drafter"]


class Passage(Struct, frozen=True):
    """A retrieved chunk of a document. start, end: its characters in the text of `source`; score: higher is nearer,
    comparable within one retrieval only; name: what `source` calls the document, if it holds several; n_tokens: of the
    target, 0 if they were not counted."""

    id: str
    source: str
    title: str
    start: int
    end: int
    text: str
    score: float
    name: str = ""
    n_tokens: int = 0


class Point(Struct, frozen=True):
    """A position on the map; the axes have no unit."""

    x: float
    y: float


class PromptPart(Struct, frozen=True):
    """Characters [start, end) of a prompt, what they are (empty: the layout), and as how many tokens they were read."""

    name: str
    start: int
    end: int
    n_tokens: int


class Retrieved(Event, frozen=True):
    """The passages retrieved for a question, best first. note: why there are fewer than requested, empty otherwise."""

    question: str
    passages: tuple[Passage, ...]
    how: RetrievalKind
    index: str
    n_chunks: int
    ms: float
    note: str = ""
    reused: bool = False
    at_s: float = 0.0


class Mapped(Event, frozen=True):
    """Passages, question and some other chunks of the index in two dimensions.

    explained: share of the passages' variance that the two axes show; None if the projection has no such share."""

    passages: tuple[Point, ...]
    question: Point
    background: tuple[Point, ...]
    projection: Projection
    explained: float | None = None
    at_s: float = 0.0


class Partitioned(Event, frozen=True):
    """Passages in clusters, and the subsets from which drafts are made.

    clusters: one number per passage, 0 to k - 1. subsets: indices of passages. n_distinct: how many distinct subsets
    the sampling allows, at most 1,000,000. conditioned: how the passages were embedded on the question. note: what
    could not be done as asked, empty otherwise."""

    sampling: Sampling
    clusters: tuple[int, ...]
    subsets: tuple[tuple[int, ...], ...]
    k: int
    m: int
    seed: int
    n_distinct: int
    conditioned: str
    ms: float
    note: str = ""
    reused: bool = False
    at_s: float = 0.0


class PromptRead(Event, frozen=True):
    """Exactly what a model read: for a draft or its scores (`draft` is its number), or for a baseline (None).

    note: what was cut to make it fit, empty if nothing was. chat: whether it went through the reader's template."""

    reader: Reader
    purpose: str
    draft: int | None
    text: str
    parts: tuple[PromptPart, ...]
    n_tokens: int
    at_s: float = 0.0
    note: str = ""
    chat: bool = False


class DraftFinished(Event, frozen=True):
    """A draft from one subset: its rationale and response, and the drafter's own probabilities of them.

    cited: indices of the passages the rationale rests on, by shared words. why: what is wrong with an incomplete draft,
    which is never chosen. forced_by: why the words before the response were written for the
    drafter; they are not scored. Live text comes before as TokensEmitted with the lane `draft N`."""

    draft: int
    rationale: str
    response: str
    log_p_rationale: float
    log_p_response: float
    n_prompt_tokens: int
    n_tokens: int
    cited: tuple[int, ...]
    complete: bool
    why: str = ""
    forced_by: ForcedBy = ""
    reused: bool = False
    at_s: float = 0.0


class OtherScore(Struct, frozen=True):
    """A named score that the paper does not have."""

    name: str
    value: float


class CandidateScored(Event, frozen=True):
    """The verifier's scores of a draft; log_score, the sum of the chosen scores, decides.

    log_draft: of P(rationale) + P(response) under the drafter; log_self_contain: of P(response, rationale | question),
    log_self_reflect: of P(Yes | question, response, rationale, reflection), both under the target.
    others: scores that the paper does not have."""

    draft: int
    log_draft: float
    log_self_contain: float
    log_self_reflect: float
    log_score: float
    n_target_tokens: int
    others: tuple[OtherScore, ...] = ()
    reused: bool = False
    at_s: float = 0.0


class VerifierTested(Event, frozen=True):
    """Whether the target can verify: n_right: cases with a known response of which it gave the right one the likelier
    Yes; mass: how much of its probability Yes and No have together, on average. can_judge: whether that is enough."""

    target: str
    n_right: int
    n_cases: int
    mass: float
    can_judge: bool
    reused: bool = False
    at_s: float = 0.0


class CostTerm(Struct, frozen=True):
    """One term of a predicted latency: a number of tokens and a measured time per token."""

    name: str
    n_tokens: int
    ms_per_token: float


class CostPredicted(Event, frozen=True):
    """The latency that the cost formula predicts from the token counts, with the measured one."""

    system: System
    terms: tuple[CostTerm, ...]
    predicted_ms: float
    measured_ms: float
    at_s: float = 0.0


class QuestionAnswered(Event, frozen=True):
    """One system's answer, and what it took from the question to its end, without retrieval.

    answer, rationale: None if there is none; logs of earlier versions have an empty text there. winner: the chosen
    draft; margin: how far its log_score is above the next; both None if nothing was chosen. ttft_ms: to the first token
    a reader could see. latency_ms holds all work after retrieval; a reused part counts with the time it took when it
    was computed."""

    system: System
    answer: str | None
    rationale: str | None
    winner: int | None
    margin: float | None
    ttft_ms: float
    prefill_ms: float
    decode_ms: float
    latency_ms: float
    target_tokens: int
    drafter_tokens: int
    at_s: float = 0.0

    @property
    def answered(self) -> bool:
        """Whether there is an answer; without one, its time is no time that was saved."""
        return bool(self.answer)
