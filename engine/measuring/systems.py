"""The decoders that benches compare, each as a function from a prompt to what it made."""

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
from engine.drafters.small_model import SmallModelDrafter
from engine.events import RoundFinished
from engine.models.loading import LoadedModel, Pair
from engine.runtime import RunContext
from engine.settings import GenerationConfig as OurConfig

_FEWEST_MARKS = 3


class Call(NamedTuple):
    """One whole call: new ids, of all its sequences one after another, and wall time in milliseconds.

    decode_ms: time of all ids but the first n_apart. It, the mean steps, the rounds and the time of the prompt are
    there only where they were measured."""

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

    cancelled: ends a call with Cancelled where somebody sets it."""
    stop = Flag() if cancelled is None else cancelled
    config = OurConfig(max_new_tokens=n_new, stop_at_end=False)

    @torch.inference_mode()  # as Session.run does; `generate` brings its own no_grad
    def call(prompt: Sequence[int]) -> Call:
        runtime = RunContext(target, drafter, "", cancelled=stop)
        runtime.prepare(config, prompt, gamma=gamma)
        started = time.perf_counter()
        rounds, made = whole(runtime.generate(config, prompt, gamma=gamma))
        wall_ms = 1e3 * (time.perf_counter() - started)
        steps = made.target_step_ms, made.draft_step_ms
        return Call(made.ids, wall_ms, made.decode_ms, tuple(rounds), 0, made.prefill_ms, *steps)

    return call


class _Marks(StoppingCriteria):  # type: ignore[misc]
    """Notes the time at each step of `generate`, which it ends once `cancelled` is set.

    Each mark waits for the device, as `generate` does right behind it: what lies before a mark is done."""

    def __init__(self, device: torch.device, cancelled: Flag) -> None:
        self.times: list[float] = []
        self._cancelled, self._device = cancelled, device
        self._going_on = torch.zeros(1, dtype=torch.bool, device=device)

    def __call__(self, input_ids: Tensor, scores: Tensor, **kwargs: object) -> Tensor:
        settle(self._device)
        self.times.append(time.perf_counter())
        return ~self._going_on if self._cancelled.is_set() else self._going_on


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

    marked: decoding is timed apart from the prompt, which is possible for plain decoding of 3 ids and more; such a
    call ends early where somebody sets `cancelled`."""
    stop = Flag() if cancelled is None else cancelled
    config = GenerationConfig(max_new_tokens=n_new, do_sample=False, eos_token_id=None, pad_token_id=0)
    model.generation_config = GenerationConfig(eos_token_id=None, pad_token_id=0)
    assert assistant is None or not marked

    def call(prompt: Sequence[int]) -> Call:
        if assistant is not None:
            _prepare(model, assistant, gamma)
        ids = torch.tensor([prompt], device=model.device)
        marks = _Marks(model.device, stop)
        started = time.perf_counter()
        made = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            generation_config=config,
            assistant_model=assistant,
            stopping_criteria=StoppingCriteriaList([marks] if marked else []),
        )
        new = tuple(made[0, len(prompt) :].tolist())
        ended = time.perf_counter()
        wall_ms = 1e3 * (ended - started)
        if len(marks.times) < _FEWEST_MARKS:
            return Call(new, wall_ms)
        return Call(new, wall_ms, 1e3 * (ended - marks.times[1]), n_apart=2)

    return call


def transformers_together(model: PreTrainedModel, *, n_new: int) -> BatchSystem:
    """`generate` of several prompts of one length at once; it drafts for one sequence only."""
    config = GenerationConfig(max_new_tokens=n_new, do_sample=False, eos_token_id=None, pad_token_id=0)
    model.generation_config = GenerationConfig(eos_token_id=None, pad_token_id=0)

    def call(asked: Sequence[Sequence[int]]) -> Call:
        ids = torch.tensor(asked, device=model.device)
        started = time.perf_counter()
        made = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
        new = tuple(made[:, ids.shape[1] :].flatten().tolist())
        return Call(new, 1e3 * (time.perf_counter() - started))

    return call


def ours_together(pair: Pair, *, gamma: int, n_new: int) -> BatchSystem:
    """Our decoding of several sequences at once, recording every probability; gamma 0 is plain."""
    target, small = pair
    assert small is not None

    @torch.inference_mode()
    def call(asked: Sequence[Sequence[int]]) -> Call:
        rows = SmallModelRows(small, target) if gamma else None
        decoder = BatchDecoder(sequences_of(target), rows, warp=Warp(), clock=clock_for(target.device))
        requests = [RowRequest(prompt, 0, Limits(n_new, target.context, frozenset())) for prompt in asked]
        started = time.perf_counter()
        items = list(generate_rows(decoder, requests, gamma, target.texts, lambda: None))
        wall_ms = 1e3 * (time.perf_counter() - started)
        made = sorted((item for item in items if isinstance(item, RowGeneration)), key=lambda item: item.lane)
        return Call(
            tuple(token for row in made for token in row.made.ids),
            wall_ms,
            max(row.made.decode_ms for row in made),
            tuple(item for item in items if isinstance(item, RoundFinished)),
        )

    return call


def _prepare(model: PreTrainedModel, assistant: PreTrainedModel, gamma: int) -> None:
    """Give the assistant the settings of a call; they are read from its own configuration, not from the call.

    The bench loaded this model. Of vocabularies that differ in their padding alone `generate` would ask for a slower
    way through text; that a pair shares its tokenizer was checked when it was loaded."""
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
    return SmallModelDrafter(
        drafter.sequence(),
        context=drafter.context,
        n_target_vocabulary=target.n_vocabulary,
        target_device=target.device,
    )
