"""Asks one question of every system, in an order that rotates from turn to turn.

If passages are clustered as in the paper, by vectors computed for each question, Speculative RAG also answers from
clusters of the index's vectors, which cost nothing: the comparison shows what the encoding gains and what it costs."""

from collections.abc import Generator
from typing import Literal, NamedTuple, TypeAlias, TypeVar, get_args

from msgspec.structs import replace

from engine.events import Event
from engine.events.answers import Passage, QuestionAnswered, System
from engine.methods.speculative_rag.answering import Outcome, answer
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.drafting import batches_of, drafting_ms
from engine.methods.speculative_rag.verifying import verifications_of
from engine.methods.standard_rag.answering import standard
from engine.methods.standard_rag.asking import AnswerContext, retrieve
from engine.rag.memo import Memo
from engine.rag.values import Standard

_Way: TypeAlias = Literal["speculative", "stored", "standard", "standard_speculative"]
_WAYS: tuple[_Way, ...] = get_args(_Way)
Result = TypeVar("Result")


class QuestionOutcome(NamedTuple):
    """All results for one question; standards: standard RAG's answers in detail."""

    passages: tuple[Passage, ...]
    found_ms: float
    outcome: Outcome
    answers: dict[System, QuestionAnswered]
    standards: dict[System, Standard]


def ask_all(question: str, config: SpeculativeRagConfig, context: AnswerContext, turn: int) -> QuestionOutcome:
    """Ask every system; turn: which of them begins.

    The context's memo must be new: reused results would count with the time they took when they were computed."""
    passages = _return_value(retrieve(question, config, context.rt, context.library, context.memo))
    answers: dict[System, QuestionAnswered] = {}
    standards: dict[System, Standard] = {}
    outcome: Outcome | None = None
    ways = [way for way in _WAYS if way != "stored" or config.conditioning == "encoded"]
    for way in (ways[(turn + place) % len(ways)] for place in range(len(ways))):
        if way == "speculative":
            outcome = speculated(question, config, context)
            answers |= {answered.system: answered for answered in outcome.answers}
        elif way == "stored":
            answers["speculative_rag_stored"] = _stored(question, config, context)
        else:
            gamma = config.gamma if way == "standard_speculative" else 0
            steps = standard(
                question, passages, config, context.rt, context.library, context.memo, gamma=gamma,
                to_length=context.lengths is not None,
            )  # fmt: skip
            answered, detail = _return_value(steps)
            answers[answered.system], standards[answered.system] = answered, detail
    assert outcome is not None
    retrieved = context.memo.found.get((context.library.key, question, config.n, config.retrieval))
    return QuestionOutcome(passages, retrieved.ms if retrieved is not None else 0.0, outcome, answers, standards)


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
