"""Turns what is chosen for a sweep into its command: the grid as it is written, the questions and the time."""

from collections.abc import Mapping
from typing import NamedTuple

from app.words.counts import count
from app.words.number_lists import numbers_in
from app.workspaces.scaling.sweep_words import tr
from engine.allocation.grid import cells_of
from engine.commands import SweepAllocations
from engine.errors import InputError
from engine.events import QualityScore, Setting

_LONGEST_SHOWN, _MOST_NUMBERS = 20, 16
# The bounds of the settings that a grid varies.
MOST_K, MOST_M, MOST_N = 1000, 256, 20
_EXAMPLE = "write for instance 0, 1, 2, 5"


class GridChoice(NamedTuple):
    """What is chosen, as it is written. minutes: 0 for no budget of time."""

    dataset: str
    ks: str
    ms: str
    ns: str
    minutes: float
    quality: QualityScore
    options: Mapping[str, Setting]
    settings: Mapping[str, Setting]
    documents: str = ""


def read_axis(text: str, *, least: int, most: int, name: str) -> tuple[int, ...]:
    """Read one axis of a grid, ascending. Raises InputError that says what is wrong."""
    numbers = set()
    for word, number in numbers_in(text):
        if number is None or not least <= number <= most:
            reason = tr("{0}: {1}, but a number from {2:,} to {3:,} is needed")
            raise InputError(reason.format(name, word[:_LONGEST_SHOWN], least, most), _EXAMPLE)
        numbers.add(number)
    if not numbers:
        raise InputError(tr("{0}: there is no number").format(name), _EXAMPLE)
    if len(numbers) > _MOST_NUMBERS:
        raise InputError(tr("{0}: at most {1} at a time").format(name, _MOST_NUMBERS), _EXAMPLE)
    return tuple(sorted(numbers))


def axes(choice: GridChoice) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return documents, demonstrations and iterations of a grid. Raises InputError."""
    return (
        read_axis(choice.ks, least=0, most=MOST_K, name=tr("documents k")),
        read_axis(choice.ms, least=0, most=MOST_M, name=tr("demonstrations m")),
        read_axis(choice.ns, least=1, most=MOST_N, name=tr("iterations n")),
    )


def why_no_sweep(choice: GridChoice) -> str:
    """Return why what is chosen cannot be swept; empty where it can."""
    try:
        cells_of(*axes(choice))
    except InputError as err:
        return str(err)
    return ""


def command(choice: GridChoice) -> SweepAllocations:
    """Return the command that sweeps. Raises InputError where it is impossible."""
    ks, ms, ns = axes(choice)
    return SweepAllocations(
        dataset=choice.dataset, ks=ks, ms=ms, ns=ns, settings=choice.settings, options=choice.options,
        index=choice.documents, minutes=choice.minutes or None, quality=choice.quality,
    )  # fmt: skip


def plan(choice: GridChoice) -> str:
    """Say what a sweep will do, in a sentence."""
    n_cells = len(cells_of(*axes(choice)))
    n_questions = choice.options.get("questions", 0)
    n_questions = n_questions if isinstance(n_questions, int) else 0
    text = tr("{0} asked in each of {1}: {2}. A stop keeps every answer, and the same sweep continues there.")
    return text.format(count(n_questions, "question"), count(n_cells, "cell"), count(n_questions * n_cells, "answer"))
