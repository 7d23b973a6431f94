"""Conversations: turns that alternate, and the file that holds one.

* imports neither Qt nor torch."""

import json
from collections.abc import Mapping, Sequence
from typing import cast, get_args

from engine.errors import InputError
from engine.prompts import Message, Role

_ROLES: tuple[Role, ...] = get_args(Role)
_SHAPE = 'write a list of {"role": …, "content": …}, or an object with it as "messages"'


def alternating(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The turns of a conversation, without an empty system prompt. Raises InputError where they do not alternate."""
    turns = tuple(message for message in messages if message.role != "system" or message.content.strip())
    n_system = 1 if turns and turns[0].role == "system" else 0
    way_out = "write a system prompt first if any, then user and assistant in turn, and end with the user"
    for i, turn in enumerate(turns[n_system:]):
        wanted = "assistant" if i % 2 else "user"
        if turn.role != wanted:
            place = f"message {i + n_system + 1} of the conversation"
            raise InputError(f"{place} is of the {turn.role} where the {wanted} has its turn", way_out)
        if not turn.content.strip() and turn.role == "user":
            raise InputError("the prompt is empty", "write at least one word")
    if not turns[n_system:]:
        raise InputError("the conversation has no message of the user", "write at least one word")
    if turns[-1].role == "assistant":
        raise InputError("the conversation ends with the assistant's turn", way_out)
    return turns


def with_system(messages: Sequence[Message], system: str) -> tuple[Message, ...]:
    """The conversation with a system prompt, if it is not empty. Raises InputError where it has one already."""
    if not system.strip():
        return tuple(messages)
    if messages and messages[0].role == "system":
        raise InputError("the conversation has a system prompt already", "leave one of the two out")
    return (Message("system", system), *messages)


def read_conversation(text: str) -> tuple[Message, ...]:
    """The conversation that a file holds as JSON; empty where the file is no conversation but text.

    Raises InputError for a conversation that cannot be asked."""
    if not text.lstrip("\ufeff \t\r\n").startswith(("[", "{")):
        return ()
    try:
        value: object = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return ()
    entries = value.get("messages") if isinstance(value, dict) else value
    if not isinstance(entries, list) or not any(isinstance(entry, dict) and "role" in entry for entry in entries):
        return ()
    return alternating([_message(entry, i) for i, entry in enumerate(entries, 1)])


def _message(entry: object, number: int) -> Message:
    """One entry as a message. Raises InputError."""
    role, content = (entry.get("role"), entry.get("content")) if isinstance(entry, Mapping) else (None, None)
    if role not in _ROLES:
        known = ", ".join(_ROLES[:-1])
        raise InputError(f"message {number} of the conversation has the role {role!r}", f"use {known} or {_ROLES[-1]}")
    if not isinstance(content, str):
        raise InputError(f"message {number} of the conversation has no text as its content", _SHAPE)
    return Message(cast(Role, role), content)
