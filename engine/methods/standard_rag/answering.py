"""Answers one question by standard RAG, plainly or with token-level speculation."""

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
    """Standard RAG's answer, and what it took in detail."""

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
    """Yield the target's answer over all passages as it comes, in a lane named as the system; gamma 0: plain.

    to_length: its length alone ends it; else it ends as drafts do, whatever the configuration says."""
    config = msgspec.structs.replace(config, stop_at_end=not to_length)
    system: System = "standard_rag_speculative" if gamma else "standard_rag"
    key = (
        library.key, question, tuple(passage.id for passage in passages), model_key(rt.target), system, gamma and
        rt.drafter_spec, gamma, config.temperature, config.top_k, config.top_p, config.min_p, config.seed,
        config.max_new_tokens, config.stop_at_end,
    )  # fmt: skip
    made = memo.standard.get(key)
    if made is None:
        made = yield from _standard_anew(question, passages, config, rt, system, gamma)
        memo.standard.put(key, made)
    else:
        yield prompt_read(made.prompt.encoded, "target", system, None, made.prompt.note, rt)
        yield TokensEmitted(system, made.ids, made.answer, at_s=rt.elapsed_s())
    told = QuestionAnswered(
        system, made.answer, "", None, None, made.prefill_ms + made.first_ms, made.prefill_ms, made.decode_ms,
        made.prefill_ms + made.decode_ms, made.target_tokens, made.drafter_tokens, at_s=rt.elapsed_s(),
    )  # fmt: skip
    yield told
    return StandardAnswer(told, made)


def _standard_anew(
    question: str, passages: Sequence[Passage], config: StandardRagConfig, rt: RunContext, system: System, gamma: int
) -> Generator[Event, None, Standard]:
    for item in baselines.standard(question, [passage.text for passage in passages], config, rt, gamma=gamma):
        if isinstance(item, Fitted):
            yield prompt_read(item.encoded, "target", system, None, item.note, rt)
        elif isinstance(item, Said):
            yield TokensEmitted(system, item.ids, item.text, at_s=rt.elapsed_s())
        else:
            return item
    raise AssertionError("standard RAG ends with its answer")
