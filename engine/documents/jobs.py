"""What is to be indexed and how, and whether the index that is there may be continued; reads and embeds nothing.

* imports neither Qt nor torch."""

from typing import TYPE_CHECKING, NamedTuple

from engine.documents import sources
from engine.documents.building import discard
from engine.documents.index import Damaged, NoIndex, OpenIndex, Recipe, open_index
from engine.errors import InputError

if TYPE_CHECKING:
    from engine.documents.embedding import Description


class IndexJob(NamedTuple):
    """What is to be indexed, where to, how. tokenizer: its SPEC; its fingerprint tells whether counts are the same."""

    specs: tuple[str, ...]
    uri: str
    chunk_tokens: int
    tokenizer: str
    tokenizer_fingerprint: str
    rebuild: bool = False


def recipe(job: IndexJob, known: "Description") -> Recipe:
    """What an encoder makes of a job. Raises InputError where its passages would have no tokens."""
    if job.chunk_tokens < 1:
        raise InputError(f"chunk_tokens = {job.chunk_tokens}: must be >= 1", "200 fit most embedders")
    return Recipe(
        sources.roots_of(job.specs), known.spec, known.fingerprint, known.dimension, job.tokenizer,
        job.tokenizer_fingerprint, job.chunk_tokens,
    )  # fmt: skip


def before(job: IndexJob, wanted: Recipe) -> OpenIndex | None:
    """The index that is there. Raises InputError where it is not one to go on with."""
    try:
        found = open_index(job.uri)
    except Damaged:
        if not job.rebuild:
            raise
        discard(job.uri)
        return None
    except NoIndex:
        return None
    if not job.rebuild:
        _refuse_other(found, wanted)
    return found


def _refuse_other(found: OpenIndex, wanted: Recipe) -> None:
    """Raise InputError naming what differs: no index is silently replaced by one of something else."""
    had, hint = found.head.recipe, "make it anew (--rebuild), or name another folder for the index"
    found.refuse_other(wanted.embedder_fingerprint, wanted.embedder)
    if had.roots != wanted.roots:
        raise InputError(f"the index at {found.uri} is of {', '.join(had.roots)}", hint)
    if had.tokenizer_fingerprint != wanted.tokenizer_fingerprint:
        raise InputError(f"the index at {found.uri} counts the tokens of {had.tokenizer}", hint)
    if had.chunk_tokens != wanted.chunk_tokens:
        reason = f"the index at {found.uri} has passages of {had.chunk_tokens} tokens, not {wanted.chunk_tokens}"
        raise InputError(reason, hint)
