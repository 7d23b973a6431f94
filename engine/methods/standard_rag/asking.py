"""Retrieves the passages for a question, and bundles what it is answered with."""

from collections.abc import Generator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from engine.errors import InputError
from engine.events import Event, PhaseFinished
from engine.events.answers import Passage, PromptRead, Reader, Retrieved
from engine.methods.standard_rag.config import StandardRagConfig
from engine.models.loading import LoadedModel
from engine.rag.encoding import Encoded
from engine.rag.library import Library, RetrievedPassages
from engine.rag.memo import Memo
from engine.rag.values import Lengths
from engine.runtime import RunContext


class AnswerContext(NamedTuple):
    """Everything a question is answered with. drafter: the model that writes drafts; rt also drafts tokens with it.

    lengths: the fixed lengths of answers that are timed; None: answers end by themselves."""

    rt: RunContext
    drafter: LoadedModel
    library: Library
    memo: Memo
    lengths: Lengths | None = None


def retrieve(
    question: str, config: StandardRagConfig, rt: RunContext, library: Library, memo: Memo
) -> Generator[Event, None, tuple[Passage, ...]]:
    """Yield the passages for a question, and return them. Raises InputError: an empty question, nothing found."""
    if not question.strip():
        raise InputError("the question is empty", "ask something")
    key = (library.key, question, config.n, config.retrieval)
    cached = memo.found.get(key)
    retrieved: RetrievedPassages = cached or library.retrieve(question, config.n, config.retrieval)
    memo.found.put(key, retrieved)
    if not retrieved.passages:
        raise InputError("no passage of the index fits the question", "ask in other words, or retrieve by vectors")
    passages = with_token_counts(retrieved.passages, rt.target)
    yield Retrieved(
        question, passages, config.retrieval, library.uri, library.n_chunks, retrieved.ms, retrieved.note,
        reused=cached is not None, at_s=rt.elapsed_s(),
    )  # fmt: skip
    yield PhaseFinished("retrieving", retrieved.ms, 0, at_s=rt.elapsed_s())
    return passages


def with_token_counts(passages: Sequence[Passage], target: LoadedModel) -> tuple[Passage, ...]:
    """Passages with their counts of the target's tokens; not cached, as another target may be loaded next time."""
    if not passages:
        return ()
    counts = map(len, target.tokenizer([passage.text for passage in passages], add_special_tokens=False)["input_ids"])
    return tuple(replace(passage, n_tokens=count) for passage, count in zip(passages, counts, strict=True))


def prompt_read(
    encoded: Encoded, reader: Reader, purpose: str, draft: int | None, note: str, rt: RunContext
) -> PromptRead:
    """Build the event that states exactly what a model read."""
    return PromptRead(
        reader,
        purpose,
        draft,
        encoded.text,
        encoded.parts,
        len(encoded.ids),
        note=note,
        chat=encoded.chat,
        at_s=rt.elapsed_s(),
    )
