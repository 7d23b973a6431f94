"""The built-in target over the few documents of a two-hop question, and calls whose answers are written before."""

from collections.abc import Generator, Iterator, Sequence
from functools import cache
from threading import Event as Flag
from typing import TypeVar

import torch

from engine.commands import Load
from engine.events import ContextPart, Event, ModelCalled
from engine.events.iterations import CallPurpose
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.calls import CallResult
from engine.methods.drag.window import PromptContent
from engine.models.loading import LoadedModel
from engine.rag.demonstration_pool import DemonstrationPool, PooledDemonstration, PoolRequest
from engine.rag.memo import Memo
from engine.runtime import RunContext
from engine.session.session import Session
from tests.library import FakeLibrary

Result = TypeVar("Result")
BRIDGE = "What is the river of the birthplace of Simtamar?"
ANSWER = "Dov"
NAMES = (("Kelgo", "Balby", "Demrun"), ("Morwin", "Nevley", "Pelburn"), ("Solnus", "Tirdale", "Ralflow"))
MEMBERS = tuple(
    PooledDemonstration(
        f"t{i}", "bridge", f"What is the river of the birthplace of {name}?", river,
        (f"{name} was born in {place}.", f"{place} lies on the river {river}."),
        ((f"Where was {name} born?", place), (f"What is the river of {place}?", river)),
    )
    for i, (name, place, river) in enumerate(NAMES)
)  # fmt: skip


@cache
def session() -> Session:
    """A session with the built-in target and prompt lookup."""
    made = Session()
    list(made.do(Load("builtin", "lookup", device="cpu")))
    return made


def builtin_target() -> LoadedModel:
    """The built-in target."""
    target = session().target
    assert target is not None
    return target


def context(library: FakeLibrary | None = None, members: Sequence[PooledDemonstration] = MEMBERS) -> ScalingContext:
    """A context with a pool of these demonstrations; its target has no drafter unless gamma asks for one."""

    def pool(request: PoolRequest, rt: RunContext) -> Generator[Event, None, DemonstrationPool]:
        yield from ()
        return DemonstrationPool("here", tuple(members), len(members), 0)

    rt = session().context(Flag())
    assert rt.documents is not None
    rt.documents = rt.documents._replace(pool=pool)
    return ScalingContext(rt, library or FakeLibrary(), Memo())


@torch.inference_mode()
def told(steps: Generator[Event, None, Result]) -> tuple[list[Event], Result]:
    """The events of an answer, and what it returns."""
    events: list[Event] = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


class WrittenCalls:
    """Calls of a target that writes what it is told to: (place of the beginning, text, probability) each."""

    gamma, system = 0, "iterdrag"

    def __init__(self, script: Sequence[tuple[int, str, float]], scores: Sequence[float] = (-1.0, -9.0, -1.0)) -> None:
        self.made: list[ModelCalled] = []
        self.contents: list[PromptContent] = []
        self._script, self._scores = iter(script), tuple(scores)

    def call(
        self, content: PromptContent, purpose: CallPurpose, iteration: int, *, starts: Sequence[str] = (),
        allowed: Sequence[int] = (),
    ) -> Iterator[Event]:  # fmt: skip
        """The next call of the script."""
        start, text, probability = next(self._script)
        self.contents.append(content)
        window = (ContextPart("question", 9), ContextPart("free", 91))
        called = ModelCalled(
            len(self.made), iteration, purpose, window, 100, 10, 4, 3, text, probability, 1.0, 2.0, 3, 0, 0
        )
        self.made.append(called)
        yield called
        return CallResult(text, start, self._scores if starts else (), content, called, 1.5)
