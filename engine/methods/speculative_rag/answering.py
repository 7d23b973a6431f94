"""Answers one question by Speculative RAG and by what it is compared with; knows nothing of runs and their records.

The phases are partition, drafting and verification; what an earlier question or setting worked out is used again."""

import time
from collections.abc import Generator, Iterator, Sequence
from random import Random
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from engine.documents.partition import conditioned_text, partition
from engine.events import Event, PhaseFinished, Warned
from engine.events.answers import Partitioned, Passage, QuestionAnswered, System
from engine.methods.speculative_rag import cost, verifying
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.drafting import batches_of, drafted, drafting_ms
from engine.methods.speculative_rag.verifying import Judged, scored, verifications_of
from engine.methods.standard_rag.answering import standard
from engine.methods.standard_rag.asking import AnswerContext, retrieve
from engine.rag.library import Library
from engine.rag.memo import Vectors
from engine.rag.values import DraftBatch, RagDraft, Verification, VerifierScore

_ANOTHER = "allow more new tokens, or draft with a model that was trained to, such as builtin:rag"


class Outcome(NamedTuple):
    """All that is known of an answered question; drafts, scores and judged in the order of the subsets."""

    passages: tuple[Passage, ...]
    partitioned: Partitioned
    drafts: tuple[RagDraft, ...]
    scores: tuple[VerifierScore | None, ...]
    judged: tuple[Judged | None, ...]
    answers: tuple[QuestionAnswered, ...]


class _Work(NamedTuple):
    """What was done for a question after retrieval, each part with the time it took when it was first done."""

    partition_ms: float
    batches: tuple[DraftBatch, ...]
    verifications: tuple[Verification, ...]


def answer(question: str, config: SpeculativeRagConfig, context: AnswerContext) -> Iterator[Event | Outcome]:
    """Yield everything that happens from retrieval to the last baseline, and last the outcome.

    Raises InputError where the question is empty or does not fit, ModelError where the target cannot write Yes."""
    question = question.strip()
    verifying.verdicts(context.rt.target.tokenizer)
    passages = yield from retrieve(question, config, context.rt, context.library, context.memo)
    divided = yield from divide(question, passages, config, context)
    made = yield from drafted(question, passages, divided.subsets, config, context)
    subsets = [[passages[place] for place in subset] for subset in divided.subsets]
    found = yield from scored(question, made, subsets, config, context)
    judged = [None if s is None else verifying.judge(d, s, config) for d, s in zip(made, found, strict=True)]
    if not any(judged):
        yield Warned(f"none of the {len(made)} drafts can be chosen: {made[0].why}", _ANOTHER)
    work = _Work(divided.ms, batches_of(made), verifications_of(found))
    answers = [msgspec.structs.replace(one, at_s=context.rt.elapsed_s()) for one in _chosen(made, judged, work, config)]
    yield from answers
    answers += yield from _compared(question, passages, answers[0], work, config, context)
    yield Outcome(passages, divided, tuple(made), tuple(found), tuple(judged), tuple(answers))


def _chosen(
    made: Sequence[RagDraft], judged: Sequence[Judged | None], work: _Work, config: SpeculativeRagConfig
) -> Iterator[QuestionAnswered]:
    """The answer of Speculative RAG, of the drafter alone, and of chance; incomplete drafts are never chosen."""
    ranked = _ranked([None if one is None else one.log_score for one in judged])
    alone = _ranked([None if one is None else one.log_draft for one in judged])
    chance = list(ranked)
    Random(f"choice/{config.seed}").shuffle(chance)
    totals = {i: one.log_score for i, one in enumerate(judged) if one is not None}
    own = {i: one.log_draft for i, one in enumerate(judged) if one is not None}
    yield _answered("speculative_rag", made, ranked, _margin(ranked, totals), work)
    unverified = work._replace(verifications=())
    yield _answered("drafter_alone", made, alone, _margin(alone, own), unverified)
    yield _answered("random_choice", made, chance, None, unverified)


def _ranked(logs: Sequence[float | None]) -> list[int]:
    """Places of drafts that have a score, the best first; of equal ones the first."""
    return [i for _, i in sorted((-log, i) for i, log in enumerate(logs) if log is not None)]


def _margin(ranked: Sequence[int], logs: dict[int, float]) -> float | None:
    return logs[ranked[0]] - logs[ranked[1]] if len(ranked) > 1 else None


def _answered(
    system: System, made: Sequence[RagDraft], ranked: Sequence[int], margin: float | None, work: _Work
) -> QuestionAnswered:
    """An answer that is a draft: it can be read once all is done; prefill is what both models read."""
    winner = ranked[0] if ranked else None
    verify_ms = sum(one.ms for one in work.verifications)
    latency_ms = work.partition_ms + drafting_ms(work.batches) + verify_ms
    return QuestionAnswered(
        system,
        made[winner].response if winner is not None else "",
        made[winner].rationale if winner is not None else "",
        winner,
        margin,
        ttft_ms=latency_ms,
        prefill_ms=sum(one.prefill_ms for one in work.batches) + verify_ms,
        decode_ms=sum(one.decode_ms for one in work.batches),
        latency_ms=latency_ms,
        target_tokens=sum(one.n_read for one in work.verifications),
        drafter_tokens=sum(one.n_read + one.n_written for one in work.batches),
    )


def _compared(
    question: str,
    passages: Sequence[Passage],
    ours: QuestionAnswered,
    work: _Work,
    config: SpeculativeRagConfig,
    context: AnswerContext,
) -> Generator[Event, None, list[QuestionAnswered]]:
    """Yield standard RAG beside it and what the cost formula says of both; returns its answers."""
    if config.baselines == "none":
        return []
    timed = context.lengths is not None
    plain = yield from standard(question, passages, config, context.rt, context.library, context.memo, to_length=timed)
    told = [plain.told]
    if config.baselines == "all" and context.rt.drafter is not None:
        fast = yield from standard(
            question, passages, config, context.rt, context.library, context.memo, gamma=config.gamma, to_length=timed
        )
        told.append(fast.told)
    measured: dict[System, float] = {"speculative_rag": ours.latency_ms, "standard_rag": plain.told.latency_ms}
    for predicted in cost.costs(work.batches, work.verifications, plain.made, measured):
        yield msgspec.structs.replace(predicted, at_s=context.rt.elapsed_s())
    return told


def divide(
    question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, context: AnswerContext
) -> Generator[Event, None, Partitioned]:
    """Yield the subsets that drafts are made from; returns the same."""
    rt, memo = context.rt, context.memo
    ids = tuple(passage.id for passage in passages)
    key = (context.library.key, question, ids, config.conditioning, config.k, config.m, config.sampling, config.seed)
    kept = memo.partitions.get(key)
    made = kept or _divide(question, passages, config, context)
    memo.partitions.put(key, made)
    yield replace(made, reused=kept is not None, at_s=rt.elapsed_s())
    yield PhaseFinished("partitioning", made.ms, 0, at_s=rt.elapsed_s())
    return made


def _divide(
    question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, context: AnswerContext
) -> Partitioned:
    library = context.library
    key = (library.key, question, tuple(passage.id for passage in passages), config.conditioning)
    vectors = context.memo.vectors.get(key) or _vectors(question, passages, config, library)
    context.memo.vectors.put(key, vectors)
    started = time.perf_counter()
    found = partition(vectors.vectors, k=config.k, m=config.m, sampling=config.sampling, seed=config.seed)
    ms = vectors.ms + 1e3 * (time.perf_counter() - started)
    return Partitioned(
        config.sampling, found.clusters, found.subsets, config.k, config.m, config.seed, found.n_distinct,
        _conditioned(config, library), ms, found.note,
    )  # fmt: skip


def _vectors(question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, library: Library) -> Vectors:
    started = time.perf_counter()
    if config.conditioning == "stored":
        vectors = library.vectors([passage.id for passage in passages])
    else:
        vectors = library.embed([conditioned_text(question, passage.text) for passage in passages], "document")
    return Vectors(vectors, 1e3 * (time.perf_counter() - started))


def _conditioned(config: SpeculativeRagConfig, library: Library) -> str:
    """How the passages were embedded on the question, in words."""
    if config.conditioning == "stored":
        return "not on the question: the vectors of the index"
    if library.description.document_prompt:
        return f"question before the passage, after the encoder's own prompt {library.description.document_prompt!r}"
    return "question before the passage"
