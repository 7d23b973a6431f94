"""Settings of a gate's training; imports neither Qt nor torch."""

from typing import Annotated

import msgspec
from msgspec import Meta

from engine.events import GateInput, GateLabel

_LABEL = (
    "hard: q <= p, as in the paper; soft: min(1, p/q), the probability of acceptance in sampling; greedy: the token is "
    "the target's first choice, which is what greedy decoding asks for"
)


class GateTrainingConfig(msgspec.Struct, frozen=True):
    """What a gate learns, from what, and for how long."""

    label: Annotated[GateLabel, Meta(title="Label", description=_LABEL)] = "hard"
    log_q: Annotated[bool, Meta(title="Read log q", description="let the gate read log q of the drafted token")] = True
    embedding: Annotated[bool, Meta(title="Read the token", description="let the gate read the token's embedding")] = (
        False
    )
    hidden: Annotated[
        int, Meta(ge=0, le=4096, title="Hidden layer", description="width of a layer before the output; 0: none")
    ] = 0
    epochs: Annotated[int, Meta(ge=1, le=10_000, title="Epochs", description="passes over the rows")] = 40
    rate: Annotated[float, Meta(gt=0, le=1, title="Learning rate", description="at its start")] = 0.02
    batch: Annotated[int, Meta(ge=1, le=1 << 20, title="Rows a step", description="tokens in one step")] = 256
    held_out: Annotated[
        float, Meta(ge=0.05, le=0.9, title="Held out", description="share of the documents that are measured on")
    ] = 0.3
    seed: Annotated[int, Meta(ge=0, le=2**53, title="Seed", description="same seed, same split and gate")] = 0

    @property
    def inputs(self) -> tuple[GateInput, ...]:
        """What the gate reads."""
        more: tuple[GateInput, ...] = ("log_q",) if self.log_q else ()
        return ("hidden", *more, *(("embedding",) if self.embedding else ()))
