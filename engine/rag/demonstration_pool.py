"""Holds the answered questions that demonstrations are chosen from, and chooses those for a question.

Source: arXiv:2410.04343, section 3.2: each demonstration has documents of its own, and steps where follow-ups are
shown."""

import time
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.events.answers import RetrievalKind
from engine.events.iterations import DemonstrationPick, DemonstrationsChosen, ShownDemonstration
from engine.prompts import Demonstration, FollowUp

Embed: TypeAlias = Callable[[Sequence[str]], NDArray[np.float32]]


class PoolRequest(NamedTuple):
    """What a pool is made from. source: `builtin` or a file of questions; documents: the index of theirs, where they do
    not come with them; steps: whether they show follow-ups, of which there are at most n; wanted: how many
    demonstrations will be chosen from it; seed: of the choice of questions."""

    source: str
    documents: str
    k: int
    retrieval: RetrievalKind
    steps: bool
    n: int
    wanted: int
    seed: int = 0


class PooledDemonstration(msgspec.Struct, frozen=True):
    """An answered question with its documents, worst first, and its steps: follow-ups and intermediate answers."""

    id: str
    kind: str
    question: str
    answer: str
    documents: tuple[str, ...]
    steps: tuple[tuple[str, str], ...] = ()

    def shown(self, most_documents: int) -> Demonstration:
        """The demonstration as a prompt shows it, with the best of its documents."""
        steps = tuple(FollowUp(question, answer) for question, answer in self.steps)
        return Demonstration(
            self.documents[max(0, len(self.documents) - most_documents) :], self.question, self.answer, steps
        )


class DemonstrationPool(NamedTuple):
    """Usable demonstrations. n_tried: training questions answered for them, of which n_reused by an earlier run."""

    key: str
    members: tuple[PooledDemonstration, ...]
    n_tried: int
    n_reused: int
    ms: float = 0.0
    note: str = ""


class ChosenDemonstrations(NamedTuple):
    """What is shown before a question, nearest last, and the event that says so."""

    shown: tuple[PooledDemonstration, ...]
    event: DemonstrationsChosen


def choose(
    pool: DemonstrationPool, question: str, m: int, *, most_documents: int, pick: DemonstrationPick, seed: int,
    embed: Embed,
) -> ChosenDemonstrations:  # fmt: skip
    """Choose m demonstrations for a question, or as many as there are; a question is never shown its own answer.

    embed: unit vectors of questions."""
    started = time.perf_counter()
    others = [member for member in pool.members if member.question.strip() != question.strip()]
    similarities: dict[str, float] = {}
    if pick == "similar":
        if others and m:
            near = embed([member.question for member in others]) @ embed([question])[0]
            similarities = {member.id: float(value) for member, value in zip(others, near, strict=True)}
        others.sort(key=lambda member: (-similarities.get(member.id, 0.0), member.id))
    else:
        Random(f"demonstrations/{seed}/{question if pick == 'random' else ''}").shuffle(others)
    chosen = tuple(reversed(others[:m]))
    note = "" if len(chosen) == m else f"m = {m}, but the pool has only {len(others)} demonstrations"
    shown = tuple(
        ShownDemonstration(
            member.question,
            member.answer,
            min(most_documents, len(member.documents)),
            len(member.steps),
            similarities.get(member.id),
        )
        for member in chosen
    )
    ms = pool.ms + 1e3 * (time.perf_counter() - started)
    event = DemonstrationsChosen(
        pick, m, shown, len(pool.members), pool.n_tried, pool.n_reused, ms, "; ".join(filter(None, (note, pool.note)))
    )
    return ChosenDemonstrations(chosen, event)
