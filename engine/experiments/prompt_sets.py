"""Reads a set of prompts from the built-in tasks, the English ones or a file, and chooses some evenly over categories.

* imports neither Qt nor torch."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import NamedTuple

from engine.errors import InputError
from engine.events.comparison import ComparedPrompt
from engine.experiments import prompt_file
from engine.experiments.builtin_prompts import BUILTIN_SETS, built_in, refuse_unknown

__all__ = ["BUILTIN_SETS", "PromptSet", "built_in", "read"]

_BUILTIN, _TASK_MARK = "builtin", "builtin:"
# Short texts of everyday English by task, written for Draftscope.
ENGLISH = "english"
ENGLISH_TASKS = ("code", "summarising", "question answering", "rewriting", "story", "repeating text")
_ENGLISH_FILE = Path("prompt_sets") / "english.jsonl"


class PromptSet(NamedTuple):
    """Prompts to compare lanes over. skipped: a line for each entry of a file that could not be used, with its place
    and the reason; n_skipped: how many these are, also where only the first have a line."""

    name: str
    prompts: tuple[ComparedPrompt, ...]
    skipped: tuple[str, ...] = ()
    n_skipped: int = 0


def read(spec: str, *, n: int = 0, seed: int = 0) -> PromptSet:
    """Read `builtin` or `english` (all tasks), one of either as `english:TASK`, or a file; choose at most n prompts.

    0 takes all in their order. The categories take turns, in an order that the seed decides, as it decides which of
    their prompts come first: a smaller n gives the beginning of what a larger one gives. Raises InputError where no
    prompt can be used."""
    if n < 0:
        raise InputError(f"{n} prompts: the number must not be negative", "use 0 for all prompts of the set")
    whole = _whole(spec.strip())
    return whole._replace(prompts=_chosen(whole.prompts, n, seed)) if n else whole


def refuse_unreadable(spec: str) -> None:
    """Raises InputError for a set that is not there or a file that cannot be used; makes no built-in prompts."""
    name = spec.strip()
    if name.startswith(_TASK_MARK):
        refuse_unknown(name.removeprefix(_TASK_MARK))
    elif name != _BUILTIN:
        _whole(name)


def _english(task: str) -> PromptSet:
    """The English prompts of a task, or all of them. Raises InputError where there is no such task."""
    if task and task not in ENGLISH_TASKS:
        names = ", ".join(ENGLISH_TASKS)
        raise InputError(f"there is no task {task[:40]!r} in the English prompts", f"use {names}")
    contents = prompt_file.read(Path(str(files("assets"))) / _ENGLISH_FILE)
    chosen = tuple(prompt for prompt in contents.prompts if task in ("", prompt.category))
    return PromptSet(f"{ENGLISH}:{task}" if task else ENGLISH, chosen)


def _whole(spec: str) -> PromptSet:
    if not spec:
        raise InputError("no prompt set is named", f"name a file, {_BUILTIN}, or a task such as {_BUILTIN}:stories")
    if spec == _BUILTIN:
        by_task = [built_in(task) for task in BUILTIN_SETS]
        return PromptSet(spec, tuple(_in_turn(by_task)))
    if spec.startswith(_TASK_MARK):
        return PromptSet(spec, built_in(spec.removeprefix(_TASK_MARK)))
    set_name, _, task = spec.partition(":")
    if set_name == ENGLISH:
        return _english(task)
    path = Path(spec)
    contents = prompt_file.read(path)
    return PromptSet(path.name, contents.prompts, contents.skipped, contents.n_skipped)


def _chosen(prompts: Sequence[ComparedPrompt], n: int, seed: int) -> tuple[ComparedPrompt, ...]:
    """The first n when shuffled categories, each shuffled in itself, take turns."""
    by_category: dict[str, list[ComparedPrompt]] = {}
    for prompt in prompts:
        by_category.setdefault(prompt.category, []).append(prompt)
    for category, members in by_category.items():
        Random(f"prompts/{seed}/{category}").shuffle(members)
    order = list(by_category)
    Random(f"categories/{seed}").shuffle(order)
    return tuple(_in_turn([by_category[category] for category in order]))[:n]


def _in_turn(groups: Sequence[Sequence[ComparedPrompt]]) -> Iterator[ComparedPrompt]:
    """The first of each group, then the second of each, and so on."""
    for members in zip_longest(*groups):
        yield from (member for member in members if member is not None)
