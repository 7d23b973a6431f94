"""Turns one entry of a prompt file into a prompt, or says why it cannot be used.

* imports neither Qt nor torch."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from engine.events.comparison import ComparedPrompt

Fields: TypeAlias = Mapping[str, object]
FIELDS = frozenset(("id", "question_id", "category", "prompt", "turns", "messages"))
LONGEST_PROMPT = 1 << 20
# SPEED-Bench is published with this in place of texts that others own; its own script fetches them.
_PLACEHOLDER = "FULL BENCHMARK DATA SHOULD BE FETCHED FROM THE SOURCE"
_LONGEST_LABEL = 200
_NO_FIELDS: Fields = MappingProxyType({})


class Entry(NamedTuple):
    """What stands at one place of a file: an object's fields, or the problem that keeps it from being one."""

    place: str
    fields: Fields = _NO_FIELDS
    problem: str = ""


class Unusable(Exception):
    """An entry holds no usable prompt; the message says why."""


def prompt_of(entry: Entry) -> ComparedPrompt:
    """The prompt of an entry; its id is its place where it has none. Raises Unusable."""
    if entry.problem:
        raise Unusable(entry.problem)
    turns = _turns(entry.fields)
    _check(turns)
    return ComparedPrompt(_id(entry.fields) or entry.place, turns, _label(entry.fields.get("category")))


def _turns(fields: Fields) -> tuple[str, ...]:
    """The texts in whichever field has them."""
    if (prompt := fields.get("prompt")) is not None:
        return (_text(prompt, "prompt"),)
    if (turns := fields.get("turns")) is not None:
        return tuple(_text(turn, "turns") for turn in ([turns] if isinstance(turns, str) else _list(turns, "turns")))
    if (messages := fields.get("messages")) is not None:
        return tuple(map(_content, _list(messages, "messages")))
    raise Unusable("has no field prompt, turns or messages")


def _content(message: object) -> str:
    if not isinstance(message, Mapping):
        raise Unusable("a message is not an object with role and content")
    if message.get("role") != "user":
        raise Unusable("has messages that are not the user's")
    return _text(message.get("content"), "content")


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise Unusable(f"the field {field} holds something that is not text")
    return value


def _list(value: object, field: str) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise Unusable(f"the field {field} is not a list of texts")
    return value


def _check(turns: tuple[str, ...]) -> None:
    """Raise Unusable for what no model can continue, or what is no prompt."""
    if not turns or not all(turn.strip() for turn in turns):
        raise Unusable("the prompt is empty" if len(turns) < 2 else "one of its turns is empty")
    if any(turn.startswith(_PLACEHOLDER) for turn in turns):
        raise Unusable("is a placeholder: fetch its text first with the script that comes with SPEED-Bench")
    text = "".join(turns)
    if len(text) > LONGEST_PROMPT:
        raise Unusable(f"is longer than {LONGEST_PROMPT:,} characters")
    if "\0" in text:
        raise Unusable("holds a NUL character")
    if not _encodes(text):
        raise Unusable("holds half a character (a lone surrogate)")


def _id(fields: Fields) -> str:
    """The id as text; empty where there is none that can be one."""
    ids = (fields.get(name) for name in ("id", "question_id"))
    return next((label for value in ids if (label := _label(value))), "")


def _label(value: object) -> str:
    """A text or a whole number as one line of limited length; empty for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    label = " ".join(str(value).split()) if isinstance(value, str) or abs(value) < 10**18 else ""
    return label[:_LONGEST_LABEL] if "\0" not in label and _encodes(label) else ""


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
