"""Divides the passages of a question into the subsets that drafts are made from."""

import time
from collections.abc import Generator, Sequence

from msgspec.structs import replace

from engine.documents.partition import conditioned_text, partition
from engine.events import Event, PhaseFinished
from engine.events.answers import Partitioned, Passage
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.standard_rag.asking import AnswerContext
from engine.rag.library import Library
from engine.rag.memo import Vectors


def divide(
    question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, desk: AnswerContext
) -> Generator[Event, None, Partitioned]:
    """Yield the subsets that drafts are made from; returns the same."""
    rt, memo = desk.rt, desk.memo
    ids = tuple(passage.id for passage in passages)
    key = (desk.library.key, question, ids, config.conditioning, config.k, config.m, config.sampling, config.seed)
    kept = memo.partitions.get(key)
    made = kept or _divide(question, passages, config, desk)
    memo.partitions.put(key, made)
    yield replace(made, reused=kept is not None, at_s=rt.elapsed_s())
    yield PhaseFinished("partitioning", made.ms, 0, at_s=rt.elapsed_s())
    return made


def _divide(
    question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, desk: AnswerContext
) -> Partitioned:
    library = desk.library
    key = (library.key, question, tuple(passage.id for passage in passages), config.conditioning)
    vectors = desk.memo.vectors.get(key) or _vectors(question, passages, config, library)
    desk.memo.vectors.put(key, vectors)
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
