"""Runs the toy."""

from collections.abc import Iterator

from engine.methods.toy.config import ToyConfig

from engine.decoding.generation import whole
from engine.events import Event, Measured
from engine.methods.run_events import finished, run_started
from engine.runtime import RunContext
from engine.settings import Request


def run(config: ToyConfig, request: Request, rt: RunContext) -> Iterator[Event]:
    ids = rt.prompt_ids(request)
    yield run_started("toy", config, request, ids, rt)
    rounds, made = whole(rt.generate(config, ids, gamma=config.reach))
    for event in rounds:
        yield event
        if event.proposed:
            kept = sum(token.fate == "accepted" for token in event.proposed) / len(event.proposed)
            yield Measured("kept", config.weight * kept, event.round)
    yield finished(made, rt)
