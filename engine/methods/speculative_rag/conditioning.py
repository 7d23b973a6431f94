"""Chooses by measurement whether passages are encoded anew with the question, as in the paper, or by stored vectors."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from engine.documents.partition import conditioned_text
from engine.events.answers import Conditioning, Passage
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.standard_rag.asking import AnswerContext
from engine.models.loading import LoadedModel
from engine.rag.memo import EncodingCost, model_key
from engine.rag.reading import Branch, read

# Encoding anew may take this share of the time in which the target reads the passages.
MOST_SHARE = 0.1
_REPEATS = 2


class ChosenConditioning(NamedTuple):
    """The way that is used, and why, in words; why: empty where the setting named it."""

    conditioning: Conditioning
    why: str = ""


def choose(
    question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, context: AnswerContext
) -> ChosenConditioning:
    """The way that the settings name, or for `auto` the one that this machine's times speak for.

    The times are measured once for an encoder and a target; measuring is in no latency."""
    if config.conditioning != "auto":
        return ChosenConditioning(config.conditioning)
    target = context.rt.target
    key = (context.library.description.fingerprint, model_key(target))
    cost = context.memo.encoding_costs.get(key) or _measured(question, passages[0], context)
    context.memo.encoding_costs.put(key, cost)
    encode_ms = len(passages) * cost.ms_per_passage
    read_ms = sum(max(1, passage.n_tokens) for passage in passages) * cost.read_ms_per_token
    times = f"encoding them anew takes about {encode_ms:.0f} ms on this machine, the target reads them in {read_ms:.0f}"
    return ChosenConditioning("encoded" if encode_ms <= MOST_SHARE * read_ms else "stored", times)


def _measured(question: str, passage: Passage, context: AnswerContext) -> EncodingCost:
    text, target = conditioned_text(question, passage.text), context.rt.target
    encode_ms = _least_ms(lambda: context.library.embed([text], "document"))
    ids = _ids(passage.text, target)
    read_ms = _least_ms(lambda: read(target, ids, [Branch(ids[:1])], context.rt.checkpoint))
    return EncodingCost(encode_ms, read_ms / len(ids))


def _ids(text: str, target: LoadedModel) -> tuple[int, ...]:
    """The passage's ids, as far as they fit the target; never none."""
    ids = tuple(target.tokenizer([text], add_special_tokens=False)["input_ids"][0])[: target.context - 2]
    return ids or (0,)


def _least_ms(work: Callable[[], object]) -> float:
    """The least time of a few calls, after one that is not timed."""
    work()
    times = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - started))
    return min(times)
