"""Predicts what a step of a drafter costs in steps of the target: from a timing of the target, or from numbers of
weights where it is not loaded."""

import time
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel

from engine import speed_model
from engine.decoding.clock import settle
from engine.decoding.drafting import FirstLayers
from engine.decoding.layer_subset import why_no_subset
from engine.events import SizeOption
from engine.models.loading import LoadedModel
from engine.training import start
from engine.training.drafter_shape import DrafterSize
from engine.training.start import ModelParts

_N_STEPS, _N_WARM, _PROMPT = 7, 2, 32
_SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
# A target is timed once for its life and draft length: the estimate is asked for at every change of a form.
_timed_costs: "WeakKeyDictionary[PreTrainedModel, dict[int, StepCosts]]" = WeakKeyDictionary()


class StepCosts(NamedTuple):
    """What a step of the target costs, in any unit: of all but its layers, and of a layer, which has so many weights.

    verify_ratio: its step over gamma + 1 ids over that over one. timed: whether it was timed."""

    rest: float
    layer: float
    n_layers: int
    parts: ModelParts
    width: int
    verify_ratio: float = 1.0
    timed: bool = False

    def c(self, size: DrafterSize) -> float:
        """The cost coefficient of a drafter of this size: its head by its width, its layers by their weights."""
        in_layers = size.n_multiplied - size.n_vocabulary * size.width
        share = in_layers / max(1, self.parts.layer)
        return (self.rest * size.width / self.width + self.layer * share) / self.target

    @property
    def target(self) -> float:
        """A step of the target."""
        return self.rest + self.n_layers * self.layer


def by_weights(config: PreTrainedConfig) -> StepCosts:
    """Costs that go by the weights a step reads; verifying is taken to cost what a step does."""
    parts, text = start.parts_of(config), config.get_text_config()
    rest = parts.rest - parts.table * (parts.n_tables - 1)
    return StepCosts(rest, parts.layer, int(text.num_hidden_layers), parts, int(text.hidden_size))


def of(target: LoadedModel, *, gamma: int) -> StepCosts:
    """Costs timed on a target in memory; by its weights where no model of its first layers can be made."""
    costs = by_weights(target.model.config)
    if costs.n_layers == 1 or (target.fused is None and why_no_subset(target.model)):
        return costs
    known = _timed_costs.setdefault(target.model, {})
    if gamma not in known:
        known[gamma] = _timed(target, costs, gamma)
    return known[gamma]


@torch.inference_mode()
def _timed(target: LoadedModel, costs: StepCosts, gamma: int) -> StepCosts:
    sequence = target.sequence()
    n = min(_PROMPT, target.context - gamma - 1)
    if n < 1:
        return costs
    ids = torch.ones(max(n, gamma + 1), dtype=torch.int64, device=target.device)
    sequence.prefill(ids[:n])
    first = sequence.first_layers(1)
    first_s, whole_s = _step_s(first, ids[:1]), _step_s(sequence, ids[:1])
    verify_s = _step_s(sequence, ids[: gamma + 1])
    layer = max(0.0, whole_s - first_s) / (costs.n_layers - 1)
    rest = max(0.0, first_s - layer)
    return costs._replace(rest=rest, layer=layer, verify_ratio=verify_s / whole_s, timed=True)


def _step_s(model: FirstLayers, ids: Tensor) -> float:
    """Median time of a forward over some ids, which are removed again."""
    times = []
    for _ in range(_N_WARM + _N_STEPS):
        settle(ids.device)
        started = time.perf_counter()
        model.forward(ids)
        settle(ids.device)
        times.append(time.perf_counter() - started)
        model.rollback(ids.shape[0])
    return median(times[_N_WARM:])


def options(config: PreTrainedConfig, costs: StepCosts, *, gamma: int) -> Iterator[SizeOption]:
    """Yield what drafters of some of the target's own layers would cost."""
    if not start.has_own_layers(config):
        return
    for layers in (n for n in _SIZES if n < costs.n_layers):
        size = start.own_size(config, layers)
        c = costs.c(size)
        yield SizeOption(layers, size.n_parameters, c, break_even(costs, c, gamma=gamma))


def break_even(costs: StepCosts, c: float, *, gamma: int) -> float | None:
    """The acceptance rate above which a drafter pays; None where even 1 is too low."""
    return speed_model.break_even_alpha(gamma, c, verify_ratio=costs.verify_ratio)
