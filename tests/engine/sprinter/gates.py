"""Gates for fake pairs."""

import torch

from engine.events import GateConfusion
from engine.models.hashes import model_hash
from engine.models.loading import LoadedModel
from engine.sprinter.cards import GateCard, GateShape
from engine.sprinter.gate import Gate, GateWeights

CONFUSIONS = (GateConfusion(0.0, 0.7, 0.3, 0.0, 0.0), GateConfusion(1.0, 0.0, 0.0, 0.3, 0.7))


def linear(width: int = 32, *, bias: float = 0.0, log_q: float = 1.0, seed: int = 0) -> Gate:
    """A gate of one layer over the state and log q."""
    rng = torch.Generator().manual_seed(seed)
    out = torch.cat([torch.randn(width, generator=rng) / width**0.5, torch.tensor([log_q])])
    return Gate(GateShape(width), GateWeights(out, torch.tensor([bias])))


def card(gate: Gate, target: LoadedModel, drafter: LoadedModel) -> GateCard:
    """The card of a gate for a pair."""
    shape = gate.shape
    return GateCard(
        target.spec, model_hash(target.spec), drafter.spec, model_hash(drafter.spec, drafter=True), shape.inputs,
        shape.width, shape.hidden, "hard", 100, 10, 0.9, 0.8, CONFUSIONS,
    )  # fmt: skip
