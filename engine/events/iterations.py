"""Events of answering with more documents, demonstrations and iterations; others import them from `engine.events`.

* imports neither Qt nor torch.

The effective context length of an answer is the sum of `ModelCalled.input_tokens` over its calls. Calls and iterations
are numbered from 0. Probabilities are of what was written, tokens multiplied.
Source: arXiv:2410.04343, section 3 (k documents, m demonstrations, n iterations)."""

from typing import Literal, TypeAlias

from engine.events.answers import Passage
from engine.events.base import Event, Struct

# What a context window is filled with; the last one is what the call may still write to, and more.
ContextRole: TypeAlias = Literal["task", "demonstrations", "documents", "question", "steps", "free"]
CallPurpose: TypeAlias = Literal["answer", "step", "intermediate", "final", "decompose"]
IterationEnd: TypeAlias = Literal["follow_up", "final"]
ScalingSystem: TypeAlias = Literal["zero_shot", "many_shot", "drag", "iterdrag", "iterdrag_popular"]
DemonstrationPick: TypeAlias = Literal["similar", "random", "fixed"]
ScalingVariant: TypeAlias = Literal["paper", "popular"]


class ContextPart(Struct, frozen=True):
    """How many tokens of a window are taken by one thing; the parts of a call add up to its window."""

    role: ContextRole
    n_tokens: int


class StartScore(Struct, frozen=True):
    """One way in which the next line could begin, and the logarithm of the probability of that beginning."""

    start: str
    log_p: float


class ShownDemonstration(Struct, frozen=True):
    """An answered question that is shown before the question. similarity: to the question, None unless that decided."""

    question: str
    answer: str
    n_documents: int
    n_steps: int
    similarity: float | None = None


class DemonstrationsChosen(Event, frozen=True):
    """The demonstrations for a question, in the order they are shown in, and the pool that they were chosen from.

    wanted: how many were asked for. n_pool: usable ones in the pool; n_tried: training questions answered for it, of
    which n_reused were answered by an earlier run. note: why there are fewer than wanted, empty if there are not."""

    pick: DemonstrationPick
    wanted: int
    shown: tuple[ShownDemonstration, ...]
    n_pool: int
    n_tried: int
    n_reused: int
    ms: float
    note: str = ""
    at_s: float = 0.0


class ModelCalled(Event, frozen=True):
    """One call of the target: what its window held, what it read, what it wrote.

    input_tokens: the prompt, and what was scored beside it, each id once; cached_tokens of them were not computed
    again, because their keys and values were still there. probability: of the text. note: what was left out to make it
    fit, empty if nothing was. The prompt itself comes before as PromptRead with the purpose."""

    call: int
    iteration: int
    purpose: CallPurpose
    context: tuple[ContextPart, ...]
    window: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    text: str
    probability: float
    prefill_ms: float
    decode_ms: float
    n_rounds: int
    n_proposed: int
    n_accepted: int
    note: str = ""
    at_s: float = 0.0


class IterationFinished(Event, frozen=True):
    """One iteration: a follow-up question with what was retrieved for it and its answer, or the final answer.

    documents: those that are new in the context, worst first; n_known: retrieved ones that were there before.
    intermediate: the answer to the follow-up, or the final answer; probability: of it. starts: how the three beginnings
    of the line scored, empty where the line was forced. input_tokens, cached_tokens, output_tokens: of its calls. note:
    what was out of the ordinary, empty if nothing was."""

    iteration: int
    end: IterationEnd
    follow_up: str
    documents: tuple[Passage, ...]
    n_known: int
    intermediate: str
    probability: float
    starts: tuple[StartScore, ...]
    forced: bool
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    retrieving_ms: float
    ms: float
    note: str = ""
    at_s: float = 0.0


class ScalingAnswered(Event, frozen=True):
    """The answer of one system, and all that it took.

    answer: None if the model wrote none. k, m, n: as they were asked for; n_documents, n_demonstrations, n_iterations:
    as they came to be (follow-up questions, at most n). effective_context: input tokens over all calls; cached_tokens
    of them were not computed again. longest_context: the longest prompt. gamma: 0 if nothing was drafted. latency_ms:
    all but retrieval. plain_decode_ms: decoding the same tokens one by one, None if that was not measured;
    same_as_plain: whether they are the same. gold: the known answer, empty if there is none."""

    system: ScalingSystem
    question: str
    answer: str | None
    probability: float
    k: int
    m: int
    n: int
    n_documents: int
    n_demonstrations: int
    n_iterations: int
    n_calls: int
    effective_context: int
    cached_tokens: int
    longest_context: int
    output_tokens: int
    retrieving_ms: float
    prefill_ms: float
    decode_ms: float
    ttft_ms: float
    latency_ms: float
    gamma: int
    n_rounds: int
    n_proposed: int
    n_accepted: int
    plain_decode_ms: float | None = None
    same_as_plain: bool | None = None
    gold: tuple[str, ...] = ()
    at_s: float = 0.0
