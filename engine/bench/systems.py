"""The four decoders that `bench decode` compares, each as a function from a prompt to what it made."""

import time
from collections.abc import Callable, Sequence
from threading import Event as Flag
from typing import NamedTuple, TypeAlias

import torch
from transformers import GenerationConfig, PreTrainedModel

from engine.drafters.small_model import SmallModelDrafter
from engine.events import RoundFinished
from engine.generation import Generation
from engine.method import GenerationConfig as OurConfig
from engine.models import LoadedModel
from engine.runtime import Runtime
from engine.speculate import Drafter


class Call(NamedTuple):
    """One whole call: new ids, wall time in milliseconds; decode time and rounds where we made it."""

    ids: tuple[int, ...]
    wall_ms: float
    decode_ms: float | None = None
    rounds: tuple[RoundFinished, ...] = ()


System: TypeAlias = Callable[[Sequence[int]], Call]


def ours(target: LoadedModel, drafter: Drafter | None, *, gamma: int, n_new: int) -> System:
    """Our engine, recording every probability as a visible run does; gamma 0 is plain decoding."""
    config = OurConfig(max_new_tokens=n_new, stop_at_end=False)

    @torch.inference_mode()  # as Session.run does; `generate` brings its own no_grad
    def call(prompt: Sequence[int]) -> Call:
        runtime = Runtime(target, drafter, "", cancelled=Flag())
        runtime.prepare(config, prompt, gamma=gamma)
        started = time.perf_counter()
        *items, made = runtime.generate(config, prompt, gamma=gamma)
        wall_ms = 1e3 * (time.perf_counter() - started)
        assert isinstance(made, Generation)
        rounds = tuple(item for item in items if isinstance(item, RoundFinished))
        return Call(made.ids, wall_ms, made.decode_ms, rounds)

    return call


def transformers_generate(
    model: PreTrainedModel, assistant: PreTrainedModel | None, *, gamma: int, n_new: int
) -> System:
    """`generate`, plain or with an assistant of constant draft length and no confidence stop."""
    config = GenerationConfig(max_new_tokens=n_new, do_sample=False, eos_token_id=None, pad_token_id=0)
    if assistant is not None:
        # These knobs are read from the assistant's configuration, not from the call; the bench loaded this model.
        assistant.generation_config = GenerationConfig(
            num_assistant_tokens=gamma,
            num_assistant_tokens_schedule="constant",
            assistant_confidence_threshold=0.0,
            eos_token_id=None,
            pad_token_id=0,
        )
    model.generation_config = GenerationConfig(eos_token_id=None, pad_token_id=0)

    def call(prompt: Sequence[int]) -> Call:
        ids = torch.tensor([prompt], device=model.device)
        started = time.perf_counter()
        made = model.generate(
            ids, attention_mask=torch.ones_like(ids), generation_config=config, assistant_model=assistant
        )
        new = tuple(made[0, len(prompt) :].tolist())
        return Call(new, 1e3 * (time.perf_counter() - started))

    return call


def small_model_drafter(target: LoadedModel, drafter: LoadedModel) -> Drafter:
    """The small-model drafter over an already loaded model."""
    return SmallModelDrafter(
        drafter.sequence(),
        context=drafter.context,
        n_target_vocabulary=target.n_vocabulary,
        target_device=target.device,
    )
