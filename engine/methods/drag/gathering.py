"""Gathers what a prompt of DRAG and IterDRAG shows: documents for a question, and demonstrations."""

from collections.abc import Generator
from typing import NamedTuple

from msgspec.structs import replace

from engine.errors import InputError
from engine.events import Event, PhaseFinished, Retrieved
from engine.events.answers import Passage
from engine.events.iterations import ScalingSystem
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.config import DragConfig
from engine.methods.standard_rag.asking import with_token_counts
from engine.prompts import Demonstration
from engine.rag.demonstration_pool import PoolRequest, choose
from engine.rag.document_order import worst_first


class GatheredDocuments(NamedTuple):
    """What was retrieved, worst first, so that the best stands next to the question; note: why it is less than k."""

    passages: tuple[Passage, ...]
    ms: float
    note: str


_NONE = GatheredDocuments((), 0.0, "")


def documents_for(query: str, config: DragConfig, context: ScalingContext) -> Generator[Event, None, GatheredDocuments]:
    """Yield the k documents for a query, and return them; finding none is no error: the note says so."""
    if not config.k:
        return _NONE
    library, memo = context.library, context.memo
    key = (library.key, query, config.k, config.retrieval)
    cached = memo.found.get(key)
    retrieved = cached or library.retrieve(query, config.k, config.retrieval)
    memo.found.put(key, retrieved)
    passages = with_token_counts(retrieved.passages, context.rt.target)
    note = retrieved.note if passages else f"nothing was retrieved for {query[:80]!r}"
    yield Retrieved(
        query, passages, config.retrieval, library.uri, library.n_chunks, retrieved.ms, note,
        reused=cached is not None, at_s=context.rt.elapsed_s(),
    )  # fmt: skip
    yield PhaseFinished("retrieving", retrieved.ms, 0, at_s=context.rt.elapsed_s())
    return GatheredDocuments(worst_first(passages), retrieved.ms, note)


def demonstrations_for(
    question: str, config: DragConfig, context: ScalingContext, *, steps: bool
) -> Generator[Event, None, tuple[Demonstration, ...]]:
    """Yield which demonstrations are shown before a question, and return them. Raises InputError: there is no pool."""
    if not config.m:
        return ()
    documents = context.rt.documents
    if documents is None or documents.pool is None:
        raise InputError("there is nothing to make demonstrations from", "ask with m = 0")
    request = PoolRequest(
        config.pool, config.index, config.k, config.retrieval, steps, config.iterations, config.m, config.seed
    )
    pool = yield from documents.pool(request, context.rt)
    chosen = choose(
        pool, question, config.m, most_documents=config.demonstration_k, pick=config.pick, seed=config.seed,
        embed=lambda texts: context.library.embed(texts, "query"),
    )  # fmt: skip
    yield replace(chosen.event, at_s=context.rt.elapsed_s())
    return tuple(member.shown(config.demonstration_k) for member in chosen.shown)


def system_of(config: DragConfig) -> ScalingSystem:
    """What DRAG is called with these settings: without documents it is zero-shot, or many-shot."""
    if config.k:
        return "drag"
    return "many_shot" if config.m else "zero_shot"
