"""What a person said of two texts without knowing which was whose; others import the event from `engine.events`.

* imports neither Qt nor torch."""

from typing import Literal, TypeAlias

from engine.events.base import Event

RatingVerdict: TypeAlias = Literal["first", "second", "tie", "both_bad"]


class TextsRated(Event, frozen=True):
    """A person compared two continuations of a prompt, side by side and without names, after the work had ended.

    rating_id: of the sitting. first, second: what wrote the texts, in words; first_run, second_run: the kept runs they
    are from, empty where this log has both. prompt, turn: their numbers, 0 of a run. first_left: whether the first
    stood on the left. seconds: from when they were shown to the verdict."""

    rating_id: str
    rated_utc: str
    first: str
    second: str
    verdict: RatingVerdict
    first_left: bool
    prompt: int = 0
    turn: int = 0
    first_run: str = ""
    second_run: str = ""
    seconds: float = 0.0
