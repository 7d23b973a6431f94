"""Encodes prompts as ids with exact segment boundaries, and cuts passages so that a prompt fits."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from transformers import PreTrainedTokenizerBase

from engine import prompts
from engine.errors import InputError
from engine.events.answers import PromptPart
from engine.models.chat_template import ChatTemplate
from engine.models.loading import LoadedModel
from engine.models.prompt_encoding import begin_ids, encode_inside
from engine.prompts import Prompt, SegmentName
from engine.rag.chat_frame import chat_pieces, frame

Build: TypeAlias = Callable[[Sequence[str]], Prompt]
_ANCHOR = "a"


class Encoded(NamedTuple):
    """A prompt as a model reads it: ids, and its pieces with their token counts.

    n_special: ids before the text, such as a beginning-of-text token; they belong to no piece. chat: whether a chat
    template wrote what is around the pieces."""

    text: str
    ids: tuple[int, ...]
    parts: tuple[PromptPart, ...]
    n_special: int
    chat: bool = False

    def span(self, name: str) -> tuple[int, int]:
        """Find the ids of the first piece of that name: start and end (exclusive). Raises KeyError."""
        at = self.n_special
        for part in self.parts:
            if part.name == name:
                return at, at + part.n_tokens
            at += part.n_tokens
        raise KeyError(name)


class Fitted(NamedTuple):
    """A prompt that fits. note: how its passages were cut, empty if they were not."""

    encoded: Encoded
    note: str


def encode(
    prompt: Prompt,
    tokenizer: PreTrainedTokenizerBase,
    piece_ids: Mapping[str, tuple[int, ...]] | None = None,
    *,
    template: ChatTemplate | None = None,
) -> Encoded:
    """Tokenize a prompt piece by piece, so that no token spans two segments.

    piece_ids: ids of pieces by name, for pieces whose text would not be tokenized to the same ids. template: that of a
    model which is asked as chat; what it writes belongs to no segment."""
    writer = _PieceWriter(tokenizer, piece_ids or {})
    if template is None:
        ids = begin_ids(tokenizer)
        writer.add_all(prompts.cut(prompt))
        return Encoded(writer.text, (*ids, *writer.ids), tuple(writer.parts), len(ids))
    pieces = chat_pieces(prompt)
    around = frame(template, pieces.earlier)
    writer.add(None, around.before, around.before_ids)
    writer.add_all(pieces.body)
    writer.add(None, around.after, around.after_ids)
    writer.add_all([(None, pieces.opening), *pieces.written])
    return Encoded(writer.text, tuple(writer.ids), tuple(writer.parts), 0, chat=True)


class _PieceWriter:
    """Text, ids and pieces as they grow."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, piece_ids: Mapping[str, tuple[int, ...]]) -> None:
        self._tokenizer, self._piece_ids = tokenizer, piece_ids
        self.text = ""
        self.ids: list[int] = []
        self.parts: list[PromptPart] = []

    def add_all(self, pieces: Iterable[tuple[SegmentName | None, str]]) -> None:
        """Append pieces of a prompt, in which nothing is a control token."""
        for name, text in pieces:
            preset = None if name is None else self._piece_ids.get(name)
            self.add(name, text, encode_piece(text, self._tokenizer) if preset is None else preset)

    def add(self, name: SegmentName | None, text: str, ids: tuple[int, ...]) -> None:
        """Append a piece with its ids; an empty one without a name is left out."""
        if not text and not ids and name is None:
            return
        self.parts.append(PromptPart(name or "", len(self.text), len(self.text) + len(text), len(ids)))
        self.text += text
        self.ids += ids


def encode_piece(text: str, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """Tokenize a piece as it stands inside a text: without what some tokenizers put before a text's first word.

    What looks like a control token of the model is text."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    before = encode_inside(tokenizer, _ANCHOR)
    both = encode_inside(tokenizer, _ANCHOR + clean) if clean[:1] in (" ", "\n") else ()
    if both and both[: len(before)] == before:
        return both[len(before) :]
    return encode_inside(tokenizer, clean)


def fit(build: Build, passages: Sequence[str], model: LoadedModel, *, n_new: int, what: str) -> Fitted:
    """Build the prompt over the passages with room for n_new ids after it; cut the longest passages if necessary.

    Raises InputError if it does not fit even without passages; `what` says whose prompt it is."""
    room, template = model.context - n_new, model.asked_template
    full = encode(build(passages), model.tokenizer, template=template)
    if len(full.ids) <= room:
        return Fitted(full, "")
    bare = encode(build([""] * len(passages)), model.tokenizer, template=template)
    if len(bare.ids) > room:
        reason = f"{what} has {len(bare.ids)} tokens without its passages, {model.spec} has room for {max(0, room)}"
        raise InputError(reason, "shorten the question or the answers, or use a model with a longer context")
    longest = _longest(build, passages, model, room)
    cut = encode(build([_first(text, longest, model) for text in passages]), model.tokenizer, template=template)
    return Fitted(cut, f"passages cut to {longest} tokens each: {model.spec} reads {model.context}")


def _longest(build: Build, passages: Sequence[str], model: LoadedModel, room: int) -> int:
    """The most tokens a passage may have so that the prompt fits."""
    low, high = 0, max(len(encode_piece(text, model.tokenizer)) for text in passages)
    while low < high:
        middle = (low + high + 1) // 2
        encoded = encode(
            build([_first(text, middle, model) for text in passages]), model.tokenizer, template=model.asked_template
        )
        low, high = (middle, high) if len(encoded.ids) <= room else (low, middle - 1)
    return low


def _first(text: str, n: int, model: LoadedModel) -> str:
    """The first n tokens of a text, as text."""
    ids = encode_piece(text, model.tokenizer)
    return text if len(ids) <= n else model.texts.text(ids[:n])
