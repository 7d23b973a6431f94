"""Reads a checkpoint's weights while saying how far it is; knows no SPECs and judges nothing."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import NamedTuple, TypeAlias

import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

_BAR = "Loading weights"
DeviceMap: TypeAlias = str | dict[str, torch.device]


class ReadWeights(NamedTuple):
    """A model and the names of the weights that its files lacked or that had another shape."""

    model: PreTrainedModel
    lacking: tuple[str, ...]


class _Stopped(Exception):
    """Nobody waits for the weights any more."""


def read(
    folder: Path, config: PreTrainedConfig, device_map: DeviceMap, dtype: torch.dtype
) -> Iterator[int | ReadWeights]:
    """Yield the bytes in memory after each tensor, and last the model; closing it stops between two tensors.

    transformers reads on a thread, since it says how far it is by calling back and never by returning."""
    said: SimpleQueue[int | ReadWeights | BaseException] = SimpleQueue()
    stop = Flag()
    reader = Thread(target=_read, args=(folder, config, device_map, dtype, said, stop), name="draftscope-weights")
    reader.start()
    try:
        while isinstance(item := said.get(), int):
            yield item
    finally:
        stop.set()
        reader.join()
    if isinstance(item, BaseException):
        raise item
    yield item


def _read(
    folder: Path,
    config: PreTrainedConfig,
    device_map: DeviceMap,
    dtype: torch.dtype,
    said: "SimpleQueue[int | ReadWeights | BaseException]",
    stop: Flag,
) -> None:
    before = None
    try:
        before = logging.set_tqdm_hook(_counting(_sizes(config, dtype), said, stop))
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            device_map=device_map,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
        said.put(ReadWeights(model, tuple(sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]])))))
    except BaseException as err:  # handed to the thread that waits, which raises it
        said.put(err)
    finally:
        logging.set_tqdm_hook(before)


def _sizes(config: PreTrainedConfig, dtype: torch.dtype) -> dict[str, int]:
    """Bytes of each weight in memory, from a model without any."""
    with torch.device("meta"):
        shape = AutoModelForCausalLM.from_config(config, dtype=dtype)
    return {name: weight.numel() * weight.element_size() for name, weight in shape.state_dict().items()}


def _counting(
    sizes: dict[str, int], said: "SimpleQueue[int | ReadWeights | BaseException]", stop: Flag
) -> Callable[[Callable[..., object], tuple[Iterable[tuple[str, object]], ...], dict[str, object]], object]:
    """A hook for transformers' progress bars: the one over the weights reports here, the others stay as they are."""

    def counted(weights: Iterable[tuple[str, object]]) -> Iterator[tuple[str, object]]:
        done = 0
        for name, conversion in weights:
            if stop.is_set():
                raise _Stopped
            yield name, conversion
            done += sizes.get(name, 0)
            said.put(done)

    def hook(
        make_bar: Callable[..., object], given: tuple[Iterable[tuple[str, object]], ...], named: dict[str, object]
    ) -> object:
        return counted(given[0]) if named.get("desc") == _BAR and given else make_bar(*given, **named)

    return hook
