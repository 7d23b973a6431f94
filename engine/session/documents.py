"""Builds the index of documents, or updates it."""

from collections.abc import Iterator
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.commands import Index
from engine.documents import indexing, jobs
from engine.documents.target_tokens import tokens_of
from engine.events import Event
from engine.machine.out_of_memory import memory_errors

if TYPE_CHECKING:
    from engine.session.session import Session


def index(session: "Session", command: Index, cancelled: Flag) -> Iterator[Event]:
    """Build or update an index; see `indexing` for its events."""
    tokens = tokens_of(command.target)
    chunk_tokens = command.chunk_tokens or tokens.fitting(command.n)
    job = jobs.IndexJob(
        command.sources, command.index, chunk_tokens, command.target, tokens.fingerprint, command.rebuild
    )
    embedder = yield from session.embedder(command.embedder, device=command.device, dtype=command.dtype)
    with memory_errors("the indexing", "use a smaller embedder, or free memory"):
        yield from indexing.index(job, embedder, tokens)


HANDLERS = {Index: index}
