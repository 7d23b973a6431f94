"""Builds the index of documents, or updates it."""

from collections.abc import Iterator
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.commands import Index
from engine.documents import indexing, jobs
from engine.documents.target_tokens import StricterTokens, tokens_of
from engine.events import Event
from engine.machine.out_of_memory import memory_errors

if TYPE_CHECKING:
    from engine.session.session import Session


def index(session: "Session", command: Index, cancelled: Flag) -> Iterator[Event]:
    """Build or update an index; see `indexing` for its events."""
    target = tokens_of(command.target)
    fitting = 0 if command.chunk_tokens else target.fitting(command.n)
    embedder = yield from session.embedder(command.embedder, device=command.device, dtype=command.dtype)
    length = (
        jobs.PassageLength(command.chunk_tokens, False)
        if command.chunk_tokens
        else jobs.default_length(command.index, fitting, embedder.most_tokens, rebuild=command.rebuild)
    )
    job = jobs.IndexJob(
        command.sources, command.index, length.chunk_tokens, command.target, target.fingerprint, command.rebuild,
        length.fits_embedder,
    )  # fmt: skip
    tokens = StricterTokens(target, embedder.tokens) if length.fits_embedder else target
    with memory_errors("the indexing", "use a smaller embedder, or free memory"):
        yield from indexing.index(job, embedder, tokens)


HANDLERS = {Index: index}
