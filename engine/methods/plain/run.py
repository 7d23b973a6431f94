"""Runs one plain generation: a target forward and one token per round."""

from collections.abc import Iterator

import msgspec

from engine.events import Event
from engine.methods.plain.config import PlainConfig
from engine.methods.run_events import block, finished, run_started, warnings
from engine.runtime import RunContext
from engine.settings import Request


def run(config: msgspec.Struct, request: Request, rt: RunContext) -> Iterator[Event]:
    """Yield the run's events: start, prefill, one round per token, the timed block, end."""
    assert isinstance(config, PlainConfig)
    prompt = rt.asked(request, config)
    yield run_started("plain", config, request, prompt, rt)
    yield from warnings(prompt, config, rt)
    rt.prepare(config, prompt.ids, gamma=0)
    generation = yield from rt.generate(config, prompt.ids, gamma=0)
    yield block("plain", 0, generation, rt)
    yield finished(generation, rt)
