"""Draws names of people, places, rivers and ships for the stories, most of them composed from syllables."""

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import TypeVar

T = TypeVar("T")

_PERSON_STARTS = (
    "Mar", "Ol", "Tes", "Bren", "Kel", "Ann", "Jor", "Sil", "Ed", "Wyn", "Har", "Lo", "Per", "Isk", "Dor", "Fen",
    "Gar", "Nel", "Cor", "Ul", "Ast", "Ber", "Rov", "Thal", "Em", "Quin", "Vel", "Hes", "Ot", "Pell",
)  # fmt: skip
_FEMALE_ENDS = ("a", "in", "eth", "ora", "ine", "is", "ella", "wen", "itha", "une")
_MALE_ENDS = ("en", "ric", "o", "as", "ber", "an", "old", "mund", "ik", "oran")
_PLACE_STARTS = (
    "Harl", "Sal", "Wick", "Brae", "Stone", "Tarn", "Gull", "Ash", "Fare", "Mist", "Lorn", "Keld", "Oster", "Vane",
    "Hythe", "Cald", "Rook", "Penn", "Eller", "Dun",
)  # fmt: skip
_PLACE_ENDS = ("mouth", "haven", "wick", "ford", "ness", "stead", "holm", "gate", "bury", "port")
_RIVER_NAMES = ("Elder", "Wend", "Sarrow", "Tamble", "Issen", "Carrow", "Lathe", "Morrow", "Brindle", "Thrush")
_SHIP_FIRSTS = ("Grey", "Patient", "Red", "Merry", "Old", "Silver", "Quiet", "Lucky", "Northern", "Wandering")
_SHIP_LASTS = ("Heron", "Lantern", "Widow", "Otter", "Plough", "Anchor", "Swallow", "Miller", "Thistle", "Comet")


def skewed(rng: Random, choices: tuple[T, ...], *, bias: float = 1.6) -> T:
    """Draw one of `choices`, earlier ones more often, as real text prefers some words over others.

    bias: 1.0 is uniform, larger values favour the front of the tuple more."""
    return choices[int(len(choices) * rng.random() ** bias)]


def person(rng: Random, *, female: bool) -> str:
    """Draw a given name."""
    return skewed(rng, _PERSON_STARTS) + skewed(rng, _FEMALE_ENDS if female else _MALE_ENDS)


def place(rng: Random) -> str:
    """Draw the name of a town."""
    return skewed(rng, _PLACE_STARTS) + skewed(rng, _PLACE_ENDS)


def river(rng: Random) -> str:
    """Draw the name of a river, without its article."""
    return skewed(rng, _RIVER_NAMES)


def ship(rng: Random) -> str:
    """Draw the name of a ship, without its article."""
    return f"{skewed(rng, _SHIP_FIRSTS)} {skewed(rng, _SHIP_LASTS)}"


def every_name() -> Iterator[str]:
    """Yield every name this module can draw; the stories use no others."""
    for start, end in (*product(_PERSON_STARTS, _FEMALE_ENDS + _MALE_ENDS), *product(_PLACE_STARTS, _PLACE_ENDS)):
        yield start + end
    yield from _RIVER_NAMES
    yield from (f"{first} {last}" for first, last in product(_SHIP_FIRSTS, _SHIP_LASTS))
