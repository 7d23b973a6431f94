"""Answers one question by Speculative RAG and by the systems it is compared with.

The phases are partition, drafting and verification; results of earlier questions and settings are reused."""

import time
from collections.abc import Generator, Iterator, Sequence
from random import Random
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from engine.documents.partition import conditioned_text, partition
from engine.events import Event, PhaseFinished, Warned
from engine.events.answers import Partitioned, Passage, QuestionAnswered, System
from engine.methods.speculative_rag import conditioning, cost, verifying
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.drafting import batches_of, drafted, drafting_ms
from engine.methods.speculative_rag.verifying import Judgement, scored, verifications_of
from engine.methods.standard_rag.answering import standard
from engine.methods.standard_rag.asking import AnswerContext, retrieve
from engine.rag.library import Library
from engine.rag.memo import Vectors
from engine.rag.values import DraftBatch, RagDraft, Verification, VerifierScore

_INCOMPLETE_HINT = "allow more new tokens, or draft with a model that was trained to, such as builtin:rag"


class Outcome(NamedTuple):
    """The results for an answered question; drafts, scores and judged are in the order of the subsets."""

    passages: tuple[Passage, ...]
    partitioned: Partitioned
    drafts: tuple[RagDraft, ...]
    scores: tuple[VerifierScore | None, ...]
    judged: tuple[Judgement | None, ...]
    answers: tuple[QuestionAnswered, ...]


class _Work(NamedTuple):
    """The work for a question after retrieval, each step with the time it took when it was first done."""

    partition_ms: float
    batches: tuple[DraftBatch, ...]
    verifications: tuple[Verification, ...]


def answer(question: str, config: SpeculativeRagConfig, context: AnswerContext) -> Iterator[Event | Outcome]:
    """Yield everything that happens from retrieval to the last baseline, and last the outcome.

    Raises InputError if the question is empty or does not fit, ModelError if the target cannot write Yes."""
    question = question.strip()
    verifying.verdicts(context.rt.target.tokenizer)
    passages = yield from retrieve(question, config, context.rt, context.library, context.memo)
    partitioned = yield from divide(question, passages, config, context)
    drafts = yield from drafted(question, passages, partitioned.subsets, config, context)
    subsets = [[passages[place] for place in subset] for subset in partitioned.subsets]
    scores = yield from scored(question, drafts, subsets, config, context)
    judged = [None if s is None else verifying.judge(d, s, config) for d, s in zip(drafts, scores, strict=True)]
    if not any(judged):
        yield Warned(f"none of the {len(drafts)} drafts can be chosen: {drafts[0].why}", _INCOMPLETE_HINT)
    work = _Work(partitioned.ms, batches_of(drafts), verifications_of(scores))
    chosen = _chosen_answers(question, drafts, judged, work, config)
    answers = [msgspec.structs.replace(answered, at_s=context.rt.elapsed_s()) for answered in chosen]
    yield from answers
    answers += yield from _baselines(question, passages, answers[0], work, config, context)
    yield Outcome(passages, partitioned, tuple(drafts), tuple(scores), tuple(judged), tuple(answers))


def _chosen_answers(
    question: str,
    drafts: Sequence[RagDraft],
    judged: Sequence[Judgement | None],
    work: _Work,
    config: SpeculativeRagConfig,
) -> Iterator[QuestionAnswered]:
    """The answers of Speculative RAG, of the drafter alone, and of chance, which draws anew for every question;
    incomplete drafts are never chosen."""
    ranked = _ranked([None if judgement is None else judgement.log_score for judgement in judged])
    by_draft = _ranked([None if judgement is None else judgement.log_draft for judgement in judged])
    chance = sorted(ranked)
    Random(f"choice/{config.seed}/{question}").shuffle(chance)
    totals = {i: judgement.log_score for i, judgement in enumerate(judged) if judgement is not None}
    own = {i: judgement.log_draft for i, judgement in enumerate(judged) if judgement is not None}
    yield _answer_event("speculative_rag", drafts, ranked, _margin(ranked, totals), work)
    unverified = work._replace(verifications=())
    yield _answer_event("drafter_alone", drafts, by_draft, _margin(by_draft, own), unverified)
    yield _answer_event("random_choice", drafts, chance, None, unverified)


def _ranked(logs: Sequence[float | None]) -> list[int]:
    """Places of the drafts that have a score, best first; ties in the order of the drafts."""
    return [i for _, i in sorted((-log, i) for i, log in enumerate(logs) if log is not None)]


def _margin(ranked: Sequence[int], logs: dict[int, float]) -> float | None:
    return logs[ranked[0]] - logs[ranked[1]] if len(ranked) > 1 else None


def _answer_event(
    system: System, drafts: Sequence[RagDraft], ranked: Sequence[int], margin: float | None, work: _Work
) -> QuestionAnswered:
    """The event of an answer that is a draft: all of it appears at the end; prefill is what both models read."""
    winner = ranked[0] if ranked else None
    verify_ms = sum(verification.ms for verification in work.verifications)
    latency_ms = work.partition_ms + drafting_ms(work.batches) + verify_ms
    return QuestionAnswered(
        system,
        drafts[winner].response if winner is not None else None,
        drafts[winner].rationale if winner is not None else None,
        winner,
        margin,
        ttft_ms=latency_ms,
        prefill_ms=sum(batch.prefill_ms for batch in work.batches) + verify_ms,
        decode_ms=sum(batch.decode_ms for batch in work.batches),
        latency_ms=latency_ms,
        target_tokens=sum(verification.n_read for verification in work.verifications),
        drafter_tokens=sum(batch.n_read + batch.n_written for batch in work.batches),
    )


def _baselines(
    question: str,
    passages: Sequence[Passage],
    chosen: QuestionAnswered,
    work: _Work,
    config: SpeculativeRagConfig,
    context: AnswerContext,
) -> Generator[Event, None, list[QuestionAnswered]]:
    """Yield standard RAG's answers and the predictions of the cost formula for both; returns the answers."""
    if config.baselines == "none":
        return []
    timed = context.lengths is not None
    plain = yield from standard(question, passages, config, context.rt, context.library, context.memo, to_length=timed)
    answers = [plain.told]
    if config.baselines == "all" and context.rt.drafter is not None:
        fast = yield from standard(
            question, passages, config, context.rt, context.library, context.memo, gamma=config.gamma, to_length=timed
        )
        answers.append(fast.told)
    measured: dict[System, float] = {"speculative_rag": chosen.latency_ms, "standard_rag": plain.told.latency_ms}
    for predicted in cost.costs(work.batches, work.verifications, plain.made, measured):
        yield msgspec.structs.replace(predicted, at_s=context.rt.elapsed_s())
    return answers


def divide(
    question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, context: AnswerContext
) -> Generator[Event, None, Partitioned]:
    """Yield the subsets that drafts are made from, and return them."""
    rt, memo = context.rt, context.memo
    chosen = conditioning.choose(question, passages, config, context)
    config = replace(config, conditioning=chosen.conditioning)
    ids = tuple(passage.id for passage in passages)
    key = (context.library.key, question, ids, config.conditioning, config.k, config.m, config.sampling, config.seed)
    cached = memo.partitions.get(key)
    partitioned = cached or _divide(question, passages, config, context, why=chosen.why)
    memo.partitions.put(key, partitioned)
    yield replace(partitioned, reused=cached is not None, at_s=rt.elapsed_s())
    yield PhaseFinished("partitioning", partitioned.ms, 0, at_s=rt.elapsed_s())
    return partitioned


def _divide(
    question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, context: AnswerContext, *, why: str
) -> Partitioned:
    library = context.library
    key = (library.key, question, tuple(passage.id for passage in passages), config.conditioning)
    vectors = context.memo.vectors.get(key) or _vectors(question, passages, config, library)
    context.memo.vectors.put(key, vectors)
    started = time.perf_counter()
    division = partition(vectors.vectors, k=config.k, m=config.m, sampling=config.sampling, seed=config.seed)
    ms = vectors.ms + 1e3 * (time.perf_counter() - started)
    return Partitioned(
        config.sampling, division.clusters, division.subsets, config.k, config.m, config.seed, division.n_distinct,
        "; ".join(filter(None, (_conditioning(config, library), why))), ms, division.note,
    )  # fmt: skip


def _vectors(question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, library: Library) -> Vectors:
    started = time.perf_counter()
    if config.conditioning == "stored":
        vectors = library.vectors([passage.id for passage in passages])
    else:
        vectors = library.embed([conditioned_text(question, passage.text) for passage in passages], "document")
    return Vectors(vectors, 1e3 * (time.perf_counter() - started))


def _conditioning(config: SpeculativeRagConfig, library: Library) -> str:
    """Describe how the passages were embedded with the question."""
    if config.conditioning == "stored":
        return "not on the question: the vectors of the index"
    if library.description.document_prompt:
        return f"question before the passage, after the encoder's own prompt {library.description.document_prompt!r}"
    return "question before the passage"
