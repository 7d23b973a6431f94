"""What a question is answered with, and the passages found for it in clusters and subsets; drafts nothing."""

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
    """All that a question is answered with. drafter: the model that drafts; rt drafts tokens with it, too.

    lengths: what answers are held to where they are to be timed; None: they end by themselves."""

    rt: RunContext
    drafter: LoadedModel
    library: Library
    memo: Memo
    lengths: Lengths | None = None


def retrieve(
    question: str, config: StandardRagConfig, rt: RunContext, library: Library, memo: Memo
) -> Generator[Event, None, tuple[Passage, ...]]:
    """Yield what is found for a question; returns the passages. Raises InputError: an empty question, nothing found."""
    if not question.strip():
        raise InputError("the question is empty", "ask something")
    key = (library.key, question, config.n, config.retrieval)
    kept = memo.found.get(key)
    found: RetrievedPassages = kept or library.retrieve(question, config.n, config.retrieval)
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


def prompt_read(
    made: Encoded, reader: Reader, purpose: str, draft: int | None, note: str, rt: RunContext
) -> PromptRead:
    """State exactly what a model read."""
    return PromptRead(reader, purpose, draft, made.text, made.parts, len(made.ids), note=note, at_s=rt.elapsed_s())
