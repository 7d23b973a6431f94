"""Makes the index of documents, or brings it up to date."""

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


def index(session: "Session", asked: Index, cancelled: Flag) -> Iterator[Event]:
    """Make or update an index; see `indexing` for its events."""
    tokens = tokens_of(asked.target)
    most = asked.chunk_tokens or tokens.fitting(asked.n)
    job = jobs.IndexJob(asked.sources, asked.index, most, asked.target, tokens.fingerprint, asked.rebuild)
    embedder = yield from session.embedder(asked.embedder, device=asked.device, dtype=asked.dtype)
    with memory_errors("the indexing", "use a smaller embedder, or free memory"):
        yield from indexing.index(job, embedder, tokens)


HANDLERS = {Index: index}
