"""Reads a checkpoint's weights and reports its progress."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import NamedTuple, TypeAlias

import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

from engine.errors import ModelError

_BAR = "Loading weights"
# What a checkpoint for pictures and text calls the weights of its text model, and what that alone calls them.
_TEXT_NAMES = {
    r"^(?:model\.)?language_model\.lm_head\.": "lm_head.",
    r"^(?:model\.)?language_model\.(?:model\.)?": "model.",
}
# A weight that is used twice counts twice, and packed weights hold up to eight numbers in each that is counted.
_MOST_TIMES = 16
DeviceMap: TypeAlias = str | dict[str, torch.device]
_Hook: TypeAlias = Callable[
    [Callable[..., object], tuple[Iterable[tuple[str, object]], ...], dict[str, object]], object
]


class ReadWeights(NamedTuple):
    """A model and the names of the weights that its files lacked or had in another shape."""

    model: PreTrainedModel
    lacking: tuple[str, ...]


class _Stopped(Exception):
    """Ends the reading thread: nobody waits for the weights any more."""


def read(
    folder: Path, config: PreTrainedConfig, device_map: DeviceMap, dtype: torch.dtype, *, n_parameters: int
) -> Iterator[int | ReadWeights]:
    """Yield the bytes in memory after each tensor, and last the model; closing it stops between two tensors.

    n_parameters: what the files hold. Raises ModelError where the configuration describes far more.
    transformers reads on a thread, because it reports its progress only by calling back."""
    updates: SimpleQueue[int | ReadWeights | BaseException] = SimpleQueue()
    stop = Flag()
    sizes = _sizes(config, dtype)
    _refuse_larger(folder, sum(sizes.values()) // dtype.itemsize, n_parameters)
    hook = _progress_hook(sizes, updates, stop)
    reader = Thread(target=_read, args=(folder, config, device_map, dtype, updates, hook), name="draftscope-weights")
    reader.start()
    try:
        while isinstance(update := updates.get(), int):
            yield update
    finally:
        stop.set()
        reader.join()
    if isinstance(update, BaseException):
        raise update
    yield update


def _read(
    folder: Path,
    config: PreTrainedConfig,
    device_map: DeviceMap,
    dtype: torch.dtype,
    updates: "SimpleQueue[int | ReadWeights | BaseException]",
    hook: _Hook,
) -> None:
    previous_hook = None
    try:
        previous_hook = logging.set_tqdm_hook(hook)
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            device_map=device_map,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            key_mapping=_TEXT_NAMES if _is_part(folder, config) else None,
        )
        updates.put(ReadWeights(model, tuple(sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]])))))
    except BaseException as err:  # handed to the thread that waits, which raises it
        updates.put(err)
    finally:
        logging.set_tqdm_hook(previous_hook)


def _is_part(folder: Path, config: PreTrainedConfig) -> bool:
    """Whether a configuration is that of the text model inside the one that the folder holds."""
    stated, _ = PreTrainedConfig.get_config_dict(folder, local_files_only=True)
    return "text_config" in stated and stated.get("model_type") != config.model_type


def _sizes(config: PreTrainedConfig, dtype: torch.dtype) -> dict[str, int]:
    """Bytes of each weight in memory, from a model without weights."""
    with torch.device("meta"):
        shape = AutoModelForCausalLM.from_config(config, dtype=dtype)
    return {name: weight.numel() * weight.element_size() for name, weight in shape.state_dict().items()}


def _refuse_larger(folder: Path, n_described: int, n_parameters: int) -> None:
    """Raises ModelError for a configuration of far more than its files hold: random numbers would fill the memory."""
    if n_described > _MOST_TIMES * max(1, n_parameters):
        reason = f"{folder.name}: config.json describes {n_described:,} numbers, the weights have {n_parameters:,}"
        raise ModelError(reason, "download the checkpoint again, whole")


def _progress_hook(
    sizes: dict[str, int], updates: "SimpleQueue[int | ReadWeights | BaseException]", stop: Flag
) -> _Hook:
    """A hook for transformers' progress bars: the one over the weights reports here, the others stay as they are."""

    def report_each(weights: Iterable[tuple[str, object]]) -> Iterator[tuple[str, object]]:
        n_bytes = 0
        for name, conversion in weights:
            if stop.is_set():
                raise _Stopped
            yield name, conversion
            n_bytes += sizes.get(name, 0)
            updates.put(n_bytes)

    def hook(
        make_bar: Callable[..., object], args: tuple[Iterable[tuple[str, object]], ...], named: dict[str, object]
    ) -> object:
        return report_each(args[0]) if named.get("desc") == _BAR and args else make_bar(*args, **named)

    return hook
