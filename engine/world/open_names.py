"""Draws names of entities, composed from syllables; each name belongs to one split for good.

A name's split is a hash of the name itself: whatever the seed, no name of the test split is ever drawn for training."""

from functools import lru_cache
from hashlib import sha256
from random import Random
from typing import Literal, TypeAlias, get_args

from engine.world import names

Split: TypeAlias = Literal["train", "validation", "test"]
Kind: TypeAlias = Literal["person", "place", "guild", "ship", "river", "invention", "event"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_STARTS = (
    "Bal", "Bek", "Bir", "Bos", "Cam", "Ced", "Cil", "Cur", "Dag", "Dem", "Dil", "Dov", "Fal", "Fed", "Fin", "Fos",
    "Gad", "Ger", "Gim", "Gul", "Hab", "Hel", "Hod", "Hum", "Jad", "Jes", "Jil", "Jov", "Kan", "Ked", "Kir", "Kol",
    "Lag", "Lem", "Lir", "Lud", "Mab", "Med", "Mil", "Mor", "Nad", "Nev", "Nir", "Nol", "Pad", "Pel", "Pim", "Pov",
    "Rad", "Rem", "Ril", "Rud", "Sab", "Sed", "Sim", "Sol", "Tab", "Ten", "Tir", "Tug", "Vad", "Ven", "Vil", "Zor",
)  # fmt: skip
_MIDDLES = (
    "ba", "ce", "di", "fo", "ga", "ke", "li", "mo", "na", "pe", "ri", "so", "ta", "ve", "zi", "lo", "ma", "ne", "do",
    "ra",
)  # fmt: skip
_ENDS: dict[Kind, tuple[str, ...]] = {
    "person": ("rick", "beth", "nus", "win", "mar", "go", "dan", "lia", "vik", "tha", "rona", "sel"),
    "place": ("by", "dale", "mere", "wath", "combe", "thorpe", "fell", "ley", "den", "stow"),
    "guild": ("gard", "loft", "bond", "cross", "mark"),
    "ship": ("star", "wing", "sail", "tide", "crest"),
    "river": ("brook", "flow", "wash", "burn", "run"),
    "invention": ("tron", "mat", "dex", "phor", "lux"),
    "event": ("fire", "fast", "day", "rise", "fall"),
}
_MIDDLE_SHARE = 0.7
_STORY_NAMES = frozenset(word.lower() for name in names.every_name() for word in name.split())


@lru_cache(maxsize=200_000)
def split_of(name: str) -> Split:
    """The split a name belongs to: one in ten for validation, one in ten for test, the rest for training."""
    tenth = sha256(name.lower().encode()).digest()[0] % 10
    return "test" if tenth == 0 else "validation" if tenth == 1 else "train"


def draw(rng: Random, kind: Kind, split: Split) -> str:
    """Draw a name of the split; never one that the stories use."""
    while True:
        middle = rng.choice(_MIDDLES) if rng.random() < _MIDDLE_SHARE else ""
        name = rng.choice(_STARTS) + middle + rng.choice(_ENDS[kind])
        if split_of(name) == split and name.lower() not in _STORY_NAMES:
            return name
