"""Continues a conversation of a prompt set: what the target answered, and what the user asks next."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.models.loading import LoadedModel
from engine.prompts import Message


class NextTurn(NamedTuple):
    """A conversation with one more turn of the user, and its ids as the target's chat template writes it."""

    messages: tuple[Message, ...]
    ids: tuple[int, ...]


def next_turn(target: LoadedModel, messages: tuple[Message, ...], answer_ids: Sequence[int], question: str) -> NextTurn:
    """The next turn after an answer. Raises InputError where the template fails."""
    assert target.chat_template is not None
    answer = target.texts.text([token for token in answer_ids if token not in target.stop_ids])
    grown = (*messages, Message("assistant", answer), Message("user", question))
    return NextTurn(grown, target.chat_template.render(grown).ids)
