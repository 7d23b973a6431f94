"""Exact speculative decoding, measured against plain decoding in the same run."""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import msgspec

from engine.method import MethodSpec, run_in
from engine.methods.speculative.config import SpeculativeConfig

if TYPE_CHECKING:
    from engine.decoding.generation import Generation, GenerationEvent
    from engine.runtime import RunContext


def _decode(
    config: msgspec.Struct, ids: Sequence[int], runtime: "RunContext"
) -> "Generator[GenerationEvent, None, Generation]":
    assert isinstance(config, SpeculativeConfig)
    return runtime.generate(config, ids, gamma=config.depth, widths=config.widths)


METHOD = MethodSpec(
    name="speculative",
    title="Speculative decoding",
    help="the drafter proposes, the target verifies, and the text is drawn as the target alone would draw it.",
    paper="arXiv:2211.17192",
    lossless=True,
    config=SpeculativeConfig,
    run=run_in(__name__),
    decode=_decode,
)
