"""Answers one question by standard RAG, plain or with token-level speculation."""

from collections.abc import Generator, Sequence
from typing import NamedTuple

import msgspec

from engine.events import Event, TokensEmitted
from engine.events.answers import Passage, QuestionAnswered, System
from engine.methods.standard_rag import baselines
from engine.methods.standard_rag.asking import prompt_read
from engine.methods.standard_rag.baselines import Said
from engine.methods.standard_rag.config import StandardRagConfig
from engine.rag.encoding import Fitted
from engine.rag.library import Library
from engine.rag.memo import Memo, model_key
from engine.rag.values import Standard
from engine.runtime import RunContext


class StandardAnswer(NamedTuple):
    """Standard RAG's answer, and its cost in detail."""

    told: QuestionAnswered
    made: Standard


def standard(
    question: str,
    passages: Sequence[Passage],
    config: StandardRagConfig,
    rt: RunContext,
    library: Library,
    memo: Memo,
    *,
    gamma: int = 0,
    to_length: bool = False,
) -> Generator[Event, None, StandardAnswer]:
    """Yield the target's answer over all passages as it is written, in a lane named after the system; gamma 0: plain.

    to_length: only its length ends it; otherwise it ends as drafts do, whatever the configuration says."""
    config = msgspec.structs.replace(config, stop_at_end=not to_length)
    system: System = "standard_rag_speculative" if gamma else "standard_rag"
    key = (
        library.key, question, tuple(passage.id for passage in passages), model_key(rt.target), system, gamma and
        rt.drafter_spec, gamma, config.temperature, config.top_k, config.top_p, config.min_p, config.seed,
        config.max_new_tokens, config.stop_at_end, config.demonstrations, config.generation_rules,
        config.repetition_penalty,
    )  # fmt: skip
    result = memo.standard.get(key)
    if result is None:
        result = yield from _new_answer(question, passages, config, rt, system, gamma)
        memo.standard.put(key, result)
    else:
        yield prompt_read(result.prompt.encoded, "target", system, None, result.prompt.note, rt)
        yield TokensEmitted(system, result.ids, result.answer, at_s=rt.elapsed_s())
    answered = QuestionAnswered(
        system, result.answer if result.answer or to_length else None, None, None, None,
        result.prefill_ms + result.first_ms, result.prefill_ms, result.decode_ms,
        result.prefill_ms + result.decode_ms, result.target_tokens, result.drafter_tokens, at_s=rt.elapsed_s(),
    )  # fmt: skip
    yield answered
    return StandardAnswer(answered, result)


def _new_answer(
    question: str, passages: Sequence[Passage], config: StandardRagConfig, rt: RunContext, system: System, gamma: int
) -> Generator[Event, None, Standard]:
    for step in baselines.standard(question, [passage.text for passage in passages], config, rt, gamma=gamma):
        if isinstance(step, Fitted):
            yield prompt_read(step.encoded, "target", system, None, step.note, rt)
        elif isinstance(step, Said):
            yield TokensEmitted(system, step.ids, step.text, at_s=rt.elapsed_s())
        else:
            return step
    raise AssertionError("standard RAG ends with its answer")
