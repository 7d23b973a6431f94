"""Cuts from texts the beginnings after which a target writes: their first tokens or, for an instruct model, its chat
template up to the end of a user's turn."""

from collections.abc import Iterator, Sequence

import torch

from engine.errors import InputError
from engine.models.loading import LoadedModel
from engine.prompts import Message
from engine.training.pausing import Pause, no_pause
from engine.training.target_text import continued, up_to_end

Ids = Sequence[int]
LONGEST = 16
_LONGEST_TURN, _WRITTEN_TURN, _TURNS_AT_ONCE = 64, 48, 32
# Two turns that begin and end differently: what the rendered ones share is the template's own.
_FIRST_TURN, _SECOND_TURN = "one lantern", "two harbours"
_WORDLESS = "Go on."


def of(target: LoadedModel, ids: Ids, *, length: int = LONGEST) -> list[int]:
    """The beginning of a text. length: how many tokens of one that no template opens.

    A text that already holds a conversation begins with its first turn of the user; any other becomes that turn."""
    if target.asked_template is None:
        return list(ids[:length])
    asks = _asking_ids(target)
    ends = (end for end in range(len(asks), len(ids) + 1) if tuple(ids[end - len(asks) : end]) == asks)
    if asks and (end := next(ends, 0)):
        return list(ids[:end])
    return _turn(target, ids)


def written_turns(target: LoadedModel, n: int, *, seed: int, pause: Pause = no_pause) -> Iterator[list[int]]:
    """At most n beginnings with turns of the user that the target itself writes, drawn at temperature 1.

    A model that learned from conversations writes the user's turn as readily as its own. Source: arXiv:2406.08464."""
    opening, rng = _opening_ids(target), torch.Generator().manual_seed(seed)
    n_new = min(_WRITTEN_TURN, target.context - len(opening))
    for first in range(0, n, _TURNS_AT_ONCE):
        for row in continued(target, [opening] * min(_TURNS_AT_ONCE, n - first), n_new, rng=rng, pause=pause):
            turn = row[len(opening) : up_to_end(row, target.stop_ids, first=len(opening))]
            if target.tokenizer.decode(turn, skip_special_tokens=True).strip():
                yield _turn(target, turn)


def _turn(target: LoadedModel, ids: Ids) -> list[int]:
    """The template up to the end of a user's turn that says what the first of these ids say."""
    n = min(_LONGEST_TURN, max(1, target.context // 4))
    text = target.tokenizer.decode(ids[:n], skip_special_tokens=True).strip()
    return _rendered(target, text or _WORDLESS)


def _rendered(target: LoadedModel, text: str) -> list[int]:
    assert target.chat_template is not None
    return list(target.chat_template.render([Message("user", text)]).ids)


def _asking_ids(target: LoadedModel) -> tuple[int, ...]:
    """What the template writes between the end of a user's turn and the beginning of the answer."""
    one, other = _rendered(target, _FIRST_TURN), _rendered(target, _SECOND_TURN)
    n = next((i for i, (a, b) in enumerate(zip(reversed(one), reversed(other), strict=False)) if a != b), 0)
    return tuple(one[len(one) - n :])


def _opening_ids(target: LoadedModel) -> list[int]:
    """What the template writes before a user's turn. Raises InputError where it writes nothing."""
    one, other = _rendered(target, _FIRST_TURN), _rendered(target, _SECOND_TURN)
    n = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    if not n:
        raise InputError(f"the chat template of {target.spec} has nothing before a turn", "give it text with --data")
    return one[:n]
