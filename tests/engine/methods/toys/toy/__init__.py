"""A toy: speculative decoding that measures how much of each draft was kept."""

from collections.abc import Iterator

import msgspec
from engine.methods.toy.config import ToyConfig

from engine.events import Event
from engine.method import MethodSpec, Metric
from engine.settings import Request


def _run(config: msgspec.Struct, request: Request, runtime: object) -> Iterator[Event]:
    from engine.methods.toy.run import run

    return run(config, request, runtime)


METHOD = MethodSpec(
    name="toy",
    title="Toy decoding",
    help="speculative decoding with a draft of its own length every few rounds.",
    paper="",
    lossless=True,
    config=ToyConfig,
    run=_run,
    metrics=(Metric("kept", "Kept of each draft", "share", "1 where every proposed token was accepted."),),
)
