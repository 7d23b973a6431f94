"""What a question is answered with, and the passages found for it in clusters and subsets; drafts nothing."""

import time
from collections.abc import Generator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from engine.documents.partition import conditioned_text, partition
from engine.errors import InputError
from engine.events import Event, PhaseFinished
from engine.events.answers import Partitioned, Passage, PromptRead, Reader, Retrieved
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.drafts import Lengths
from engine.methods.standard_rag.config import StandardRagConfig
from engine.models.loading import LoadedModel
from engine.rag.encoding import Encoded
from engine.rag.library import Found, Library
from engine.rag.memo import Memo, Vectors
from engine.runtime import Runtime


class Desk(NamedTuple):
    """All that a question is answered with. drafter: the model that drafts; rt drafts tokens with it, too.

    lengths: what answers are held to where they are to be timed; None: they end by themselves."""

    rt: Runtime
    drafter: LoadedModel
    library: Library
    memo: Memo
    lengths: Lengths | None = None


def retrieve(
    question: str, config: StandardRagConfig, rt: Runtime, library: Library, memo: Memo
) -> Generator[Event, None, tuple[Passage, ...]]:
    """Yield what is found for a question; returns the passages. Raises InputError: an empty question, nothing found."""
    if not question.strip():
        raise InputError("the question is empty", "ask something")
    key = (library.key, question, config.n, config.retrieval)
    kept = memo.found.get(key)
    found: Found = kept or library.retrieve(question, config.n, config.retrieval)
    memo.found.put(key, found)
    if not found.passages:
        raise InputError("no passage of the index fits the question", "ask in other words, or retrieve by vectors")
    passages = _counted(found.passages, rt.target)
    yield Retrieved(
        question, passages, config.retrieval, library.uri, library.n_chunks, found.ms, found.note,
        reused=kept is not None, at_s=rt.elapsed_s(),
    )  # fmt: skip
    yield PhaseFinished("retrieving", found.ms, 0, at_s=rt.elapsed_s())
    return passages


def _counted(passages: Sequence[Passage], target: LoadedModel) -> tuple[Passage, ...]:
    """Passages with how many of the target's tokens each has; another target may be loaded next time."""
    counts = map(len, target.tokenizer([one.text for one in passages], add_special_tokens=False)["input_ids"])
    return tuple(replace(one, n_tokens=count) for one, count in zip(passages, counts, strict=True))


def divide(
    question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, desk: Desk
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


def _divide(question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, desk: Desk) -> Partitioned:
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


def prompt_read(made: Encoded, reader: Reader, purpose: str, draft: int | None, note: str, rt: Runtime) -> PromptRead:
    """State exactly what a model read."""
    return PromptRead(reader, purpose, draft, made.text, made.parts, len(made.ids), note=note, at_s=rt.elapsed_s())
