"""What is run on the stand-in of a GPU: pairs of every family, type and placement, built without files."""

import copy
from functools import cache
from threading import Event as Flag
from typing import NamedTuple, TypeVar

import torch
from torch import nn
from torch.utils._python_dispatch import _disable_current_modes
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from engine import drafters
from engine.decoding.detokenizer import TokenTexts
from engine.decoding.drafting import Drafter
from engine.decoding.sampling import Warp
from engine.drafters import DrafterSpec
from engine.drafters.longspec import drafter_over
from engine.models.kv_size import context_of
from engine.models.loading import LoadedModel, on_runtime
from engine.models.pair_names import RuntimeChoice
from engine.runtime import RunContext
from tests import fakes, longspec
from tests.fake_cuda.watch import Watch

FAMILIES = ("llama", "mistral", "mistral-sliding", "qwen2", "qwen3", "granite")
WARPS = (Warp(), Warp(1.0), Warp(0.7, top_k=20), Warp(1.0, top_p=0.9), Warp(1.0, min_p=0.1), Warp(1.3, 40, 0.8, 0.02))
RUNTIMES: tuple[RuntimeChoice, ...] = ("auto", "fused-eager", "modules")
DTYPES = (torch.bfloat16, torch.float16)
NONE = "none"
Model = TypeVar("Model", bound=nn.Module)
_OWN: dict[str, dict[str, object]] = {
    "granite": {
        "embedding_multiplier": 1.5, "logits_scaling": 2.0, "residual_multiplier": 0.8, "attention_multiplier": 0.3,
    },
}  # fmt: skip


class Place(NamedTuple):
    """Where target and drafter lie."""

    target: str
    drafter: str

    def __str__(self) -> str:
        return f"{self.target}+{self.drafter}"


PLACES = (
    Place("cuda:0", "cuda:0"), Place("cuda:1", "cuda:1"), Place("cuda:0", "cuda:1"),
    Place("cuda:0", "cpu"), Place("cpu", "cuda:0"),
)  # fmt: skip


class Kind(NamedTuple):
    """A pair and how it decodes. drafter: a discovered one's name, or none."""

    drafter: str
    warp: Warp
    runtime: RuntimeChoice
    family: str
    dtype: torch.dtype
    place: Place

    def __str__(self) -> str:
        kind = str(self.dtype).removeprefix("torch.")
        return f"{self.drafter}-{tuple(self.warp)}-{self.runtime}-{self.family}-{kind}-{self.place}"


# Drafters that take layers of the target, which then has two, and those whose usual size is too large here.
_EXAMPLES = {"early_exit": "early-exit:1", "window": "window:16+2:D"}


# Their last layer attends to a window, in which a LongSpec drafter cannot read.
_WINDOWED = ("mistral-sliding", "gemma3_text")


def possible(drafter: str, family: str) -> bool:
    """Whether targets of a family can have such a drafter."""
    return drafter != "longspec" or family not in _WINDOWED


def drafter_specs() -> dict[str, DrafterSpec | None]:
    """Every drafter by its name, and plain decoding."""
    return {NONE: None, **{spec.name: spec for spec in drafters.discover()}}


@cache
def _words() -> PreTrainedTokenizerFast:
    return fakes.tokenizer()


@cache
def _real(family: str, *, noisy: bool, n_layers: int) -> PreTrainedModel:
    made = fakes.model(family, num_hidden_layers=n_layers, **_OWN.get(family, {}))
    return fakes.noisy_copy(made, noise=0.3) if noisy else made


def moved(model: Model, watch: Watch, device: torch.device) -> Model:
    """Put a real model's weights onto a device of the watch, in place; tied ones stay tied."""
    ours: dict[int, nn.Parameter] = {}
    for module in model.modules():
        for name, weight in module._parameters.items():
            if weight is not None:
                if id(weight) not in ours:
                    ours[id(weight)] = watch.parameter(weight.data, device)
                module._parameters[name] = ours[id(weight)]
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = watch.faked(buffer, device)
    return model


def emptied(model: nn.Module, *, device: torch.device) -> nn.Module:
    """Stands for `to_empty`, which cannot exchange fake tensors: weights of the same shapes on a device, undefined."""
    ours: dict[int, nn.Parameter] = {}
    for module in model.modules():
        for name, weight in module._parameters.items():
            if weight is not None:
                made = nn.Parameter(torch.empty(weight.shape, dtype=weight.dtype, device=device), requires_grad=False)
                module._parameters[name] = ours.setdefault(id(weight), made)
    return model


def loaded(
    watch: Watch | None, family: str, device: str, dtype: torch.dtype, runtime: RuntimeChoice = "auto", *,
    noisy: bool = False, n_layers: int = 1,
) -> LoadedModel:  # fmt: skip
    """A small model on a device of the watch, as a load would leave it, or a real one where there is no watch.

    Its numbers are its family's alone."""
    with _disable_current_modes():  # a model is made of real numbers
        model = copy.deepcopy(_real(family, noisy=noisy, n_layers=n_layers)).to(dtype)
        if watch is not None:
            moved(model, watch, torch.device(device))
    bare = LoadedModel(
        spec=family, model=model, tokenizer=_words(), texts=TokenTexts(_words()), device=torch.device(device),
        dtype=dtype, context=context_of(model.config), n_vocabulary=fakes.N_ENTRIES, stop_ids=frozenset(), n_bytes=0,
    )  # fmt: skip
    return on_runtime(bare, runtime)


def drafter_of(kind: Kind, target: LoadedModel, watch: Watch | None) -> Drafter | None:
    """The drafter of a kind, beside its target."""
    spec = drafter_specs()[kind.drafter]
    if spec is None:
        return None
    if spec.name == "longspec":
        return _longspec(target, watch)
    model = None
    if spec.needs_model:
        model = loaded(watch, kind.family, kind.place.drafter, kind.dtype, kind.runtime, noisy=True)
    return spec.build(_EXAMPLES.get(spec.name, spec.example), target, model)


def _longspec(target: LoadedModel, watch: Watch | None) -> Drafter:
    """A LongSpec drafter of random weights in the target's type, on its device."""
    with _disable_current_modes():
        block = longspec.block_for(_real(target.spec, noisy=False, n_layers=1)).to(target.dtype)
        if watch is not None:
            moved(block, watch, target.device)
    return drafter_over(block, target)


def moved_whole(loaded: LoadedModel, watch: Watch, device: str) -> LoadedModel:
    """A model that was loaded on the CPU by transformers' modules, put onto a device of the watch and its runtime."""
    with _disable_current_modes():
        model = moved(copy.deepcopy(loaded.model), watch, torch.device(device))
    return on_runtime(loaded._replace(model=model, device=torch.device(device)), "auto")


def run_context(kind: Kind, watch: Watch | None) -> RunContext:
    """The view a method has of a pair of this kind."""
    n_layers = 2 if kind.drafter == "early_exit" else 1
    target = loaded(watch, kind.family, kind.place.target, kind.dtype, kind.runtime, n_layers=n_layers)
    return RunContext(target, drafter_of(kind, target, watch), kind.drafter, cancelled=Flag())
