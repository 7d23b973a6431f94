"""The decoders that benches compare, each a function from a prompt to its new ids and times."""

import time
from collections.abc import Callable, Sequence
from threading import Event as Flag
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor
from transformers import GenerationConfig, PreTrainedModel, StoppingCriteria, StoppingCriteriaList

from engine.batch.decoder import BatchDecoder
from engine.batch.drafters import SmallModelRows
from engine.batch.generation import RowGeneration, RowRequest, generate_rows
from engine.batch.sequences import sequences_of
from engine.decoding.clock import clock_for, settle
from engine.decoding.drafting import Drafter
from engine.decoding.generation import Limits, whole
from engine.decoding.sampling import Warp
from engine.drafters.small_model import drafter_for
from engine.events import RoundFinished
from engine.models.loading import LoadedModel, Pair
from engine.runtime import RunContext
from engine.settings import GenerationConfig as OurConfig

_FEWEST_STEPS = 3


class Call(NamedTuple):
    """One whole call: new ids, of all its sequences one after another, and wall time in milliseconds.

    decode_ms: time of all ids but the first n_apart. It, the mean steps, the rounds and the prefill time are present
    only where they were measured."""

    ids: tuple[int, ...]
    wall_ms: float
    decode_ms: float | None = None
    rounds: tuple[RoundFinished, ...] = ()
    n_apart: int = 0
    prefill_ms: float | None = None
    target_step_ms: float | None = None
    draft_step_ms: float | None = None


System: TypeAlias = Callable[[Sequence[int]], Call]
BatchSystem: TypeAlias = Callable[[Sequence[Sequence[int]]], Call]


def ours(
    target: LoadedModel, drafter: Drafter | None, *, gamma: int, n_new: int, cancelled: Flag | None = None
) -> System:
    """Our engine, recording every probability as a visible run does; gamma 0 is plain decoding.

    cancelled: once set, ends a call with Cancelled."""
    stop = Flag() if cancelled is None else cancelled
    config = OurConfig(max_new_tokens=n_new, stop_at_end=False)

    @torch.inference_mode()  # as Session.run does; `generate` brings its own no_grad
    def call(prompt: Sequence[int]) -> Call:
        """Decode once; what a round needs is captured before the clock starts."""
        runtime = RunContext(target, drafter, "", cancelled=stop)
        runtime.prepare(config, prompt, gamma=gamma)
        started = time.perf_counter()
        rounds, generation = whole(runtime.generate(config, prompt, gamma=gamma))
        wall_ms = 1e3 * (time.perf_counter() - started)
        steps = generation.target_step_ms, generation.draft_step_ms
        return Call(generation.ids, wall_ms, generation.decode_ms, tuple(rounds), 0, generation.prefill_ms, *steps)

    return call


class _StepTimes(StoppingCriteria):  # type: ignore[misc]
    """Records the time of each step of `generate`, and ends it once `cancelled` is set.

    Each record waits for the device, as `generate` does right after it, so that all work before a recorded time is
    done."""

    def __init__(self, device: torch.device, cancelled: Flag) -> None:
        self.times: list[float] = []
        self._cancelled, self._device = cancelled, device
        self._not_done = torch.zeros(1, dtype=torch.bool, device=device)

    def __call__(self, input_ids: Tensor, scores: Tensor, **kwargs: object) -> Tensor:
        settle(self._device)
        self.times.append(time.perf_counter())
        return ~self._not_done if self._cancelled.is_set() else self._not_done


def transformers_generate(
    model: PreTrainedModel,
    assistant: PreTrainedModel | None,
    *,
    gamma: int,
    n_new: int,
    marked: bool = False,
    cancelled: Flag | None = None,
) -> System:
    """`generate`, plain or with an assistant of constant draft length and no confidence stop.

    marked: times decoding apart from the prompt, which is possible for plain decoding of 3 ids and more; such a call
    ends early once `cancelled` is set."""
    stop = Flag() if cancelled is None else cancelled
    config = GenerationConfig(max_new_tokens=n_new, do_sample=False, eos_token_id=None, pad_token_id=0)
    model.generation_config = GenerationConfig(eos_token_id=None, pad_token_id=0)
    assert assistant is None or not marked

    def call(prompt: Sequence[int]) -> Call:
        """Call `generate` once, timed as a whole."""
        if assistant is not None:
            _prepare(model, assistant, gamma)
        ids = torch.tensor([prompt], device=model.device)
        step_times = _StepTimes(model.device, stop)
        started = time.perf_counter()
        sequences = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            generation_config=config,
            assistant_model=assistant,
            stopping_criteria=StoppingCriteriaList([step_times] if marked else []),
        )
        new = tuple(sequences[0, len(prompt) :].tolist())
        ended = time.perf_counter()
        wall_ms = 1e3 * (ended - started)
        if len(step_times.times) < _FEWEST_STEPS:
            return Call(new, wall_ms)
        return Call(new, wall_ms, 1e3 * (ended - step_times.times[1]), n_apart=2)

    return call


def transformers_lookup(model: PreTrainedModel, *, gamma: int, n_new: int) -> System:
    """`generate` with its own prompt lookup of gamma tokens."""
    config = GenerationConfig(
        max_new_tokens=n_new, do_sample=False, eos_token_id=None, pad_token_id=0, prompt_lookup_num_tokens=gamma
    )
    model.generation_config = GenerationConfig(eos_token_id=None, pad_token_id=0)

    def call(prompt: Sequence[int]) -> Call:
        """Call `generate` once, timed as a whole."""
        ids = torch.tensor([prompt], device=model.device)
        started = time.perf_counter()
        sequences = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
        new = tuple(sequences[0, len(prompt) :].tolist())
        return Call(new, 1e3 * (time.perf_counter() - started))

    return call


def transformers_together(model: PreTrainedModel, *, n_new: int) -> BatchSystem:
    """`generate` of several prompts of one length at once; it drafts for one sequence only."""
    config = GenerationConfig(max_new_tokens=n_new, do_sample=False, eos_token_id=None, pad_token_id=0)
    model.generation_config = GenerationConfig(eos_token_id=None, pad_token_id=0)

    def call(prompts: Sequence[Sequence[int]]) -> Call:
        """Call `generate` once for all prompts, timed as a whole."""
        ids = torch.tensor(prompts, device=model.device)
        started = time.perf_counter()
        sequences = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
        new = tuple(sequences[:, ids.shape[1] :].flatten().tolist())
        return Call(new, 1e3 * (time.perf_counter() - started))

    return call


def ours_together(pair: Pair, *, gamma: int, n_new: int) -> BatchSystem:
    """Our decoding of several sequences at once, recording every probability; gamma 0 is plain decoding."""
    target, small = pair
    assert small is not None

    @torch.inference_mode()
    def call(prompts: Sequence[Sequence[int]]) -> Call:
        """Decode all prompts together once."""
        rows = SmallModelRows(small, target) if gamma else None
        decoder = BatchDecoder(sequences_of(target), rows, warp=Warp(), clock=clock_for(target.device))
        requests = [RowRequest(prompt, 0, Limits(n_new, target.context, frozenset())) for prompt in prompts]
        started = time.perf_counter()
        items = list(generate_rows(decoder, requests, gamma, target.texts, lambda: None))
        wall_ms = 1e3 * (time.perf_counter() - started)
        generations = sorted((item for item in items if isinstance(item, RowGeneration)), key=lambda item: item.lane)
        return Call(
            tuple(token for row in generations for token in row.made.ids),
            wall_ms,
            max(row.made.decode_ms for row in generations),
            tuple(item for item in items if isinstance(item, RoundFinished)),
        )

    return call


def _prepare(model: PreTrainedModel, assistant: PreTrainedModel, gamma: int) -> None:
    """Give the assistant the settings of a call, which `generate` reads from the assistant's own configuration.

    The bench loaded this model, so it may change it. For vocabularies that differ only in padding `generate` would
    require a slower path through text; loading has checked that a pair shares its tokenizer."""
    assistant.generation_config = GenerationConfig(
        num_assistant_tokens=gamma,
        num_assistant_tokens_schedule="constant",
        assistant_confidence_threshold=0.0,
        eos_token_id=None,
        pad_token_id=0,
    )
    assistant.config.get_text_config().vocab_size = model.config.get_text_config().vocab_size


def small_model_drafter(target: LoadedModel, drafter: LoadedModel) -> Drafter:
    """The small-model drafter over an already loaded model."""
    return drafter_for(target, drafter)
