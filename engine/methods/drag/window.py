"""Fits a prompt into the target's window, and says what fills it: demonstrations go first, then the worst documents."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from engine import prompts
from engine.errors import InputError
from engine.events import ContextPart
from engine.events.iterations import ContextRole
from engine.models.loading import LoadedModel
from engine.prompts import Demonstration, FollowUp, Prompt
from engine.rag.encoding import Encoded, encode

_ROLES: dict[str, ContextRole] = {
    "task": "task", "demonstration": "demonstrations", "documents": "documents", "question": "question",
    "follow_up": "steps", "intermediate": "steps", "answer": "steps",
}  # fmt: skip
# The paper cuts documents to this many words.
_MOST_WORDS = 1024
_WAY_OUT = "shorten the question, allow fewer new tokens, or use a model with a longer context"


class PromptContent(NamedTuple):
    """What a prompt says. documents: worst first; steps, begun: of IterDRAG, whose prompts they make."""

    question: str
    documents: tuple[str, ...]
    demonstrations: tuple[Demonstration, ...]
    iterates: bool
    steps: tuple[FollowUp, ...] = ()
    begun: str = ""

    def prompt(self) -> Prompt:
        """The prompt that says so."""
        texts = [" ".join(text.split()[:_MOST_WORDS]) for text in self.documents]
        if not self.iterates:
            return prompts.drag(texts, self.question, demonstrations=self.demonstrations)
        return prompts.iterdrag(texts, self.question, self.steps, demonstrations=self.demonstrations, begun=self.begun)


class FittedPrompt(NamedTuple):
    """A prompt that fits, what fills the window, and what was left out for it, in words; empty if nothing was."""

    content: PromptContent
    encoded: Encoded
    context: tuple[ContextPart, ...]
    note: str


def fitted(content: PromptContent, target: LoadedModel, n_new: int) -> FittedPrompt:
    """The prompt with room for n_new ids after it: without demonstrations that do not fit, the farthest first, then
    without documents, the worst first.

    Raises InputError if it does not fit even without any."""
    room = target.context - n_new
    kept = content
    encoded = _encoded(kept, target)
    if len(encoded.ids) > room:
        kept, encoded = _longest(content, _with_demonstrations, len(content.demonstrations), target, room)
    if len(encoded.ids) > room:
        bare = content._replace(demonstrations=())
        kept, encoded = _longest(bare, _with_documents, len(content.documents), target, room)
    if len(encoded.ids) > room:
        reason = f"the question has {len(encoded.ids)} tokens by itself, {target.spec} has room for {max(0, room)}"
        raise InputError(reason, _WAY_OUT)
    context = _parts(kept, encoded, target)
    return FittedPrompt(kept, encoded, context, _left_out(content, kept, target))


_Cut: TypeAlias = Callable[[PromptContent, int], PromptContent]


def _with_demonstrations(content: PromptContent, n: int) -> PromptContent:
    return content._replace(demonstrations=content.demonstrations[len(content.demonstrations) - n :])


def _with_documents(content: PromptContent, n: int) -> PromptContent:
    return content._replace(documents=content.documents[len(content.documents) - n :])


def _longest(
    content: PromptContent, cut: _Cut, n_most: int, target: LoadedModel, room: int
) -> tuple[PromptContent, Encoded]:
    """The content with as many of its last items as fit, none where not even one does."""
    low, high = 0, n_most
    while low < high:
        middle = (low + high + 1) // 2
        fits = len(_encoded(cut(content, middle), target).ids) <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    kept = cut(content, low)
    return kept, _encoded(kept, target)


def _encoded(content: PromptContent, target: LoadedModel) -> Encoded:
    return encode(content.prompt(), target.tokenizer, template=target.asked_template)


def _left_out(content: PromptContent, kept: PromptContent, target: LoadedModel) -> str:
    """What was left out, in words."""
    counts = (
        (len(content.demonstrations) - len(kept.demonstrations), len(content.demonstrations), "demonstrations"),
        (len(content.documents) - len(kept.documents), len(content.documents), "documents"),
    )
    parts = [f"{n} of {total} {what}" for n, total, what in counts if n]
    return f"{' and '.join(parts)} left out: {target.spec} reads {target.context:,} tokens" if parts else ""


def _parts(content: PromptContent, encoded: Encoded, target: LoadedModel) -> tuple[ContextPart, ...]:
    """The window by what fills it; what the layout writes counts with what follows it."""
    counts: dict[ContextRole, int] = dict.fromkeys(("task", "demonstrations", "documents", "question", "steps"), 0)
    pending = encoded.n_special
    role: ContextRole = "task"
    for part in encoded.parts:
        pending += part.n_tokens
        if part.name:
            role = _ROLES[part.name]
            counts[role] += pending
            pending = 0
    counts["steps" if role != "task" else "task"] += pending
    if encoded.chat and content.demonstrations:
        # The template writes them as turns, which are one piece with the task.
        bare = len(_encoded(content._replace(demonstrations=()), target).ids)
        n_shown = len(encoded.ids) - bare
        counts["documents"] -= n_shown
        counts["demonstrations"] += n_shown
    return _with_free(counts, target.context - len(encoded.ids))


def _with_free(counts: dict[ContextRole, int], n_free: int) -> tuple[ContextPart, ...]:
    return (*(ContextPart(role, n) for role, n in counts.items()), ContextPart("free", n_free))


def context_length(context: Sequence[ContextPart]) -> int:
    """The tokens of a prompt by what fills the window."""
    return sum(part.n_tokens for part in context if part.role != "free")
