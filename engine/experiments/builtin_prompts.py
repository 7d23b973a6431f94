"""Makes the built-in sets of prompts: tasks of the generated world on which lanes behave differently.

* imports neither Qt nor torch. Stories have a seed of their own, and all other names belong to the test split, so that
no built-in model was trained on these prompts."""

from collections.abc import Callable, Mapping
from itertools import islice
from random import Random

from engine.errors import InputError
from engine.events.comparison import ComparedPrompt
from engine.world.ledger import ledger
from engine.world.story import stories

N_PROMPTS = 24
_STORY_SEED = 456_789_123


def _stories() -> list[str]:
    """The first words of unseen stories."""
    texts = islice(stories(_STORY_SEED), N_PROMPTS)
    return [" ".join(text.split()[: 8 + i * 5 % 17]) for i, text in enumerate(texts)]


def _accounts() -> list[str]:
    """The first entries of unseen ledgers."""
    rng = Random("compared prompts/accounts")
    return ["\n".join(ledger(rng).split("\n")[:5]) for _ in range(N_PROMPTS)]


BUILTIN_SETS: Mapping[str, str] = {
    "stories": "Open a story: its first words, which both models have often seen the like of.",
    "accounts": "Continue accounts, which the target was not trained on.",
}
_WRITERS: Mapping[str, Callable[[], list[str]]] = {"stories": _stories, "accounts": _accounts}


def built_in(name: str) -> tuple[ComparedPrompt, ...]:
    """The prompts of a task, the same each time. Raises InputError where there is no such task."""
    if name not in _WRITERS:
        raise InputError(f"there is no built-in prompt set {name!r}", f"use {', '.join(BUILTIN_SETS)}")
    return tuple(ComparedPrompt(f"{name} {i}", (text,), name) for i, text in enumerate(_WRITERS[name](), 1))
