"""Describes an indexing job, and checks whether the existing index can be continued.

* imports neither Qt nor torch."""

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from engine.documents import sources
from engine.documents.building import discard
from engine.documents.index import Damaged, NoIndex, OpenIndex, Recipe, open_index, rebuilding
from engine.errors import EngineError, InputError

if TYPE_CHECKING:
    from engine.documents.embedding import Description


class IndexJob(NamedTuple):
    """What to index, where and how. tokenizer: its SPEC; token counts are the same if its fingerprint is.

    fits_embedder: whether chunk_tokens holds for the embedder's own tokens, too."""

    specs: tuple[str, ...]
    uri: str
    chunk_tokens: int
    tokenizer: str
    tokenizer_fingerprint: str
    rebuild: bool = False
    fits_embedder: bool = False


class PassageLength(NamedTuple):
    """The most tokens of a passage; fits_embedder: of the target and of the embedder."""

    chunk_tokens: int
    fits_embedder: bool


def default_length(uri: str, target_tokens: int, embedder_tokens: int, *, rebuild: bool) -> PassageLength:
    """The passage length for an index where none is given, at which target and embedder read all of it.

    An index made before the embedder counted goes on with its own length, until it is made anew."""
    if not rebuild:
        with suppress(EngineError):
            old_recipe = open_index(uri).head.recipe
            if not old_recipe.fits_embedder and old_recipe.chunk_tokens == target_tokens:
                return PassageLength(target_tokens, False)
    return PassageLength(max(1, min(target_tokens, embedder_tokens)), True)


def recipe(job: IndexJob, description: "Description") -> Recipe:
    """Combine a job and its encoder into a recipe. Raises InputError if passages would have no tokens."""
    if job.chunk_tokens < 1:
        raise InputError(f"chunk_tokens = {job.chunk_tokens}: must be >= 1", "200 fit most embedders")
    return Recipe(
        sources.roots_of(job.specs), description.spec, description.fingerprint, description.dimension, job.tokenizer,
        job.tokenizer_fingerprint, job.chunk_tokens, job.fits_embedder,
    )  # fmt: skip


def before(job: IndexJob, new_recipe: Recipe) -> OpenIndex | None:
    """Open the existing index, if there is one. Raises InputError if it cannot be continued."""
    try:
        index = open_index(job.uri)
    except Damaged as err:
        if not job.rebuild:
            raise err.of(job.specs) from err
        discard(job.uri)
        return None
    except NoIndex:
        return None
    if not job.rebuild:
        _refuse_other(index, new_recipe)
    return index


def _refuse_other(index: OpenIndex, new_recipe: Recipe) -> None:
    """Raise InputError naming what differs, so that no index is silently replaced by a different one."""
    old_recipe = index.head.recipe
    hint = f"name another folder for the index, or {rebuilding(index.uri, new_recipe.roots)}"
    index.refuse_other(new_recipe.embedder_fingerprint, new_recipe.embedder)
    if old_recipe.roots != new_recipe.roots:
        raise InputError(f"the index at {index.uri} is of {', '.join(old_recipe.roots)}", hint)
    if old_recipe.tokenizer_fingerprint != new_recipe.tokenizer_fingerprint:
        raise InputError(f"the index at {index.uri} counts the tokens of {old_recipe.tokenizer}", hint)
    if old_recipe.chunk_tokens != new_recipe.chunk_tokens:
        reason = (
            f"the index at {index.uri} has passages of {old_recipe.chunk_tokens} tokens, not {new_recipe.chunk_tokens}"
        )
        raise InputError(reason, hint)
    if old_recipe.fits_embedder != new_recipe.fits_embedder:
        readers = "target and embedder" if old_recipe.fits_embedder else "the target alone"
        raise InputError(f"the passages of the index at {index.uri} are measured in the tokens of {readers}", hint)
