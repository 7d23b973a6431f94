"""Approximate verification: a gate beside the drafter decides when the target is asked, and the text may differ."""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import msgspec

from engine.method import MethodSpec, Metric, run_in
from engine.methods.sprinter.config import SprinterConfig

if TYPE_CHECKING:
    from engine.decoding.generation import Generation, GenerationEvent
    from engine.runtime import RunContext


def _decode(
    config: msgspec.Struct, ids: Sequence[int], runtime: "RunContext"
) -> "Generator[GenerationEvent, None, Generation]":
    from engine.methods.sprinter.run import gated

    assert isinstance(config, SprinterConfig)
    return gated(config, ids, runtime)


METHOD = MethodSpec(
    name="sprinter",
    title="SPRINTER: approximate verification",
    help="a gate beside the drafter lets tokens through and asks the target only where it doubts; the text may differ "
    "from the target's.",
    paper="arXiv:2502.04557",
    lossless=False,
    config=SprinterConfig,
    run=run_in(__name__),
    decode=_decode,
    captured=False,
    metrics=(
        Metric("run length", "Run length", "tokens", "Drafted tokens before the target is asked; more is faster."),
        Metric(
            "wrong share", "Audited tokens that were wrong", "share",
            "Of the audited tokens, the share that the target would have rejected; near what the gate's training "
            "promised, the gate still fits.",
        ),
    ),
)  # fmt: skip
