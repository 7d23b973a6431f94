"""Plain decoding: the same engine without a drafter."""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import msgspec

from engine.method import MethodSpec, run_in
from engine.methods.plain.config import PlainConfig

if TYPE_CHECKING:
    from engine.decoding.generation import Generation, GenerationEvent
    from engine.runtime import RunContext


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
    run=run_in(__name__),
    decode=_decode,
    drafted=False,
)
