"""Asks one question of every system, in an order that rotates from turn to turn.

If passages are clustered as in the paper, by vectors computed for each question, Speculative RAG also answers from
clusters of the index's vectors, which cost nothing: the comparison shows what the encoding gains and what it costs."""

from collections.abc import Generator
from typing import Literal, NamedTuple, TypeAlias, TypeVar, get_args

from msgspec.structs import replace

from engine.events import Event, ScalingAnswered, Setting
from engine.events.answers import Passage, QuestionAnswered, System
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.config import DragConfig
from engine.methods.iterdrag.answering import answered
from engine.methods.iterdrag.config import IterDragConfig
from engine.methods.speculative_rag.answering import Outcome, answer
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.drafting import batches_of, drafting_ms
from engine.methods.speculative_rag.verifying import verifications_of
from engine.methods.standard_rag.answering import standard
from engine.methods.standard_rag.asking import AnswerContext, retrieve
from engine.rag.memo import Memo
from engine.rag.values import Standard
from engine.settings import TemplateConfig, make_config

_Way: TypeAlias = Literal[
    "speculative",
    "stored",
    "standard",
    "standard_speculative",
    "zero_shot",
    "many_shot",
    "drag",
    "iterdrag",
    "iterdrag_popular",
]
_SCALING: dict[_Way, System] = {
    "zero_shot": "zero_shot", "many_shot": "many_shot", "drag": "drag", "iterdrag": "iterdrag",
    "iterdrag_popular": "iterdrag_popular",
}  # fmt: skip
_WAYS: tuple[_Way, ...] = get_args(_Way)
Result = TypeVar("Result")


class QuestionOutcome(NamedTuple):
    """All results for one question; standards: standard RAG's answers in detail, scaled: those of DRAG and its like."""

    passages: tuple[Passage, ...]
    found_ms: float
    outcome: Outcome
    answers: dict[System, QuestionAnswered]
    standards: dict[System, Standard]
    scaled: dict[System, ScalingAnswered]


class ScalingSystems(NamedTuple):
    """How DRAG and its like are asked besides, over as many documents as standard RAG: m demonstrations, n iterations.

    documents, pool: the indexes or files that documents and demonstrations come from. popular: whether the popular
    variant is asked beside IterDRAG."""

    m: int
    n: int
    documents: str
    pool: str = "builtin"
    popular: bool = True


def ask_all(
    question: str, config: SpeculativeRagConfig, context: AnswerContext, turn: int, *,
    scaling: ScalingSystems | None = None,
) -> QuestionOutcome:  # fmt: skip
    """Ask every system; turn: which of them begins; scaling: None leaves DRAG and its like out.

    The context's memo must be new: reused results would count with the time they took when they were computed."""
    passages = _return_value(retrieve(question, config, context.rt, context.library, context.memo))
    answers: dict[System, QuestionAnswered] = {}
    standards: dict[System, Standard] = {}
    scaled: dict[System, ScalingAnswered] = {}
    outcome: Outcome | None = None
    ways = [way for way in _WAYS if _is_asked(way, config, scaling)]
    for way in (ways[(turn + place) % len(ways)] for place in range(len(ways))):
        if way == "speculative":
            outcome = speculated(question, config, context)
            answers |= {answered.system: answered for answered in outcome.answers}
        elif way == "stored":
            answers["speculative_rag_stored"] = _stored(question, config, context)
        elif scaling is not None and (system := _SCALING.get(way)) is not None:
            told = _return_value(answered(question, _scaled_config(way, scaling, config), _scaling_context(context)))
            scaled[system], answers[system] = told, _as_answer(system, told)
        else:
            gamma = config.gamma if way == "standard_speculative" else 0
            steps = standard(
                question, passages, config, context.rt, context.library, context.memo, gamma=gamma,
                to_length=context.lengths is not None,
            )  # fmt: skip
            plain = _return_value(steps)
            answers[plain.told.system], standards[plain.told.system] = plain
    assert outcome is not None
    retrieved = context.memo.found.get((context.library.key, question, config.n, config.retrieval))
    found_ms = retrieved.ms if retrieved is not None else 0.0
    return QuestionOutcome(passages, found_ms, outcome, answers, standards, scaled)


def _is_asked(way: _Way, config: SpeculativeRagConfig, scaling: ScalingSystems | None) -> bool:
    if way == "stored":
        return config.conditioning == "encoded"
    if scaling is None:
        return way not in _SCALING
    return scaling.popular or way != "iterdrag_popular"


def _scaled_config(way: _Way, scaling: ScalingSystems, config: SpeculativeRagConfig) -> DragConfig:
    """The settings of a way, with as many documents as standard RAG has, or none; nothing is drafted."""
    shared: dict[str, Setting] = {name: getattr(config, name) for name in TemplateConfig.__struct_fields__}
    k = config.n if way in ("drag", "iterdrag", "iterdrag_popular") else 0
    m = 0 if way == "zero_shot" else scaling.m
    shared |= {
        "k": k,
        "m": m,
        "gamma": 0,
        "retrieval": config.retrieval,
        "index": scaling.documents,
        "pool": scaling.pool,
    }
    shared["stop_at_end"] = True
    if way not in ("iterdrag", "iterdrag_popular"):
        return make_config(DragConfig, shared)
    variant = "popular" if way == "iterdrag_popular" else "paper"
    return make_config(IterDragConfig, {**shared, "n": scaling.n, "variant": variant})


def _scaling_context(context: AnswerContext) -> ScalingContext:
    """With a new memo, so that retrieving counts with the time it takes."""
    return ScalingContext(context.rt, context.library, Memo())


def _as_answer(system: System, told: ScalingAnswered) -> QuestionAnswered:
    return QuestionAnswered(
        system, told.answer, None, None, None, told.ttft_ms, told.prefill_ms, told.decode_ms, told.latency_ms,
        target_tokens=told.effective_context - told.cached_tokens + told.output_tokens, drafter_tokens=0,
    )  # fmt: skip


def speculated(question: str, config: SpeculativeRagConfig, context: AnswerContext) -> Outcome:
    """Answer a question by Speculative RAG, without its baselines."""
    *_, last = answer(question, replace(config, baselines="none"), context)
    assert isinstance(last, Outcome)
    return last


def _stored(question: str, config: SpeculativeRagConfig, context: AnswerContext) -> QuestionAnswered:
    """Its answer from clusters of stored vectors; with a new memo, because shared drafts would count twice."""
    outcome = speculated(question, replace(config, conditioning="stored"), context._replace(memo=Memo()))
    return replace(outcome.answers[0], system="speculative_rag_stored")


def _return_value(steps: Generator[Event, None, Result]) -> Result:
    """Run a generator to its end, and return its value."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result


def phases_ms(results: QuestionOutcome) -> dict[str, float]:
    """Time each phase of Speculative RAG."""
    batches, verifications = batches_of(results.outcome.drafts), verifications_of(results.outcome.scores)
    return {
        "retrieving": results.found_ms,
        "partitioning": results.outcome.partitioned.ms,
        "drafting": drafting_ms(batches),
        "verifying": sum(verification.ms for verification in verifications),
    }
