"""Lets lanes continue one prompt in front of the viewer, a round of each in turn.

Each lane's clock counts its own rounds alone, so that the lanes' times are those of lanes that run by themselves."""

import secrets
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from threading import Event as Flag

from msgspec.structs import replace

from engine.decoding.generation import Generation
from engine.events import PLAIN_LANE, Event, PhaseFinished, RaceFinished, RaceStarted, RoundFinished
from engine.experiments.lane_specs import method_of
from engine.experiments.lanes import Lane, model_hashes, warm_up
from engine.machine import versions
from engine.runs.divergence import first_difference
from engine.runtime import Cancelled, RunContext
from engine.settings import settings_of


class _Runner:
    """A lane under way. at_s: the time of its own rounds so far; generation: what it wrote, once it has ended."""

    def __init__(self, lane: Lane, ids: Sequence[int], cancelled: Flag) -> None:
        decode = method_of(lane.spec).decode
        assert decode is not None
        # Lanes share the target; its cache for captured rounds serves one sequence at a time.
        own = lane._replace(target=lane.target._replace(static=None))
        self.name, self.at_s = lane.spec.name, 0.0
        self.generation: Generation | None = None
        context = RunContext(
            own.target, own.drafter, own.spec.drafter, cancelled=cancelled, round_times=own.round_times, gate=own.gate
        )
        self._events = decode(own.config, ids, context)

    def next_round(self) -> RoundFinished | None:
        """Its next round; None once it has ended."""
        try:
            event = next(self._events)
            while not isinstance(event, RoundFinished):
                self.at_s += event.ms / 1e3 if isinstance(event, PhaseFinished) else 0.0
                event = next(self._events)
        except StopIteration as end:
            self.generation = end.value
            return None
        self.at_s += (event.draft_ms + event.verify_ms + event.other_ms) / 1e3
        return replace(event, lane=self.name, at_s=self.at_s)

    def close(self) -> None:
        """Free its caches."""
        self._events.close()


def race(lanes: Sequence[Lane], ids: tuple[int, ...], cancelled: Flag, *, question: str = "") -> Iterator[Event]:
    """Yield the start, the rounds of all lanes, and the end; after a stop, the end comes at once.

    question: what the user wrote, where the ids are a chat template with more around it."""
    target = lanes[0].target
    for lane in lanes:
        warm_up(lane, ids, cancelled)
    texts = target.texts
    yield RaceStarted(
        target.spec, tuple(lane.spec for lane in lanes), question or texts.text(ids), ids, tuple(map(texts.piece, ids)),
        str(target.device), str(target.dtype).removeprefix("torch."), target.note, secrets.token_hex(4),
        versions.now_utc(), settings_of(lanes[0].config), versions.processor(target.device), versions.versions(),
        model_hashes(target.spec, lanes),
    )  # fmt: skip
    with ExitStack() as stack:
        runners = [stack.enter_context(closing(_Runner(lane, ids, cancelled))) for lane in lanes]
        try:
            yield from _rounds(runners)
        except Cancelled:
            yield RaceFinished("cancelled")
            return
        finally:
            for lane in lanes:
                if lane.drafter is not None:
                    lane.drafter.reset()
        yield RaceFinished("length", _same_text(runners, greedy=not lanes[0].config.temperature))


def _rounds(runners: Sequence[_Runner]) -> Generator[RoundFinished, None, None]:
    """A round of every lane in turn, until all have ended."""
    under_way = list(runners)
    while under_way:
        for runner in tuple(under_way):
            event = runner.next_round()
            if event is None:
                under_way.remove(runner)
            else:
                yield event


def _same_text(runners: Sequence[_Runner], *, greedy: bool) -> tuple[tuple[str, bool], ...]:
    """For each drafted lane whether it wrote what plain decoding did; nothing where texts are drawn."""
    plain = next((runner.generation for runner in runners if runner.name == PLAIN_LANE), None)
    if plain is None or not greedy:
        return ()
    return tuple(
        (runner.name, first_difference(runner.generation.ids, plain.ids) is None)
        for runner in runners
        if runner.name != PLAIN_LANE and runner.generation is not None
    )
