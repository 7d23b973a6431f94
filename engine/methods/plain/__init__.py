"""Plain decoding: the same engine without a drafter."""

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from engine.events import Event
from engine.method import MethodSpec
from engine.methods.plain.config import PlainConfig
from engine.settings import Request

if TYPE_CHECKING:
    from engine.decoding.generation import Generation, GenerationEvent
    from engine.runtime import RunContext


def _run(config: msgspec.Struct, request: Request, runtime: "RunContext") -> Iterator[Event]:
    # Imported late: describing a method must not load torch.
    from engine.methods.plain.run import run

    return run(config, request, runtime)


def _decode(
    config: msgspec.Struct, ids: Sequence[int], runtime: "RunContext"
) -> "Generator[GenerationEvent, None, Generation]":
    assert isinstance(config, PlainConfig)
    return runtime.generate(config, ids, gamma=0)


METHOD = MethodSpec(
    name="plain",
    title="Plain decoding",
    help="the target alone, one token a step.",
    paper="",
    lossless=True,
    config=PlainConfig,
    run=_run,
    decode=_decode,
    drafted=False,
)
