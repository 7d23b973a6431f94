"""Parses the names of devices, number types, runtimes and quantisations, as far as names alone can tell.

* imports neither Qt nor torch."""

import re
from typing import Literal, TypeAlias, get_args

from engine.errors import InputError

DType: TypeAlias = Literal["auto", "fastest", "float32", "bfloat16", "float16"]
RuntimeChoice: TypeAlias = Literal["auto", "fused", "fused-eager", "modules"]
Quantize: TypeAlias = Literal["none", "int8", "int4"]
FASTEST: DType = "fastest"
DEVICES = "use auto, cpu, cuda or cuda:N"
_DTYPES: tuple[DType, ...] = get_args(DType)
_RUNTIMES: tuple[RuntimeChoice, ...] = get_args(RuntimeChoice)
_QUANTIZE: tuple[Quantize, ...] = get_args(Quantize)
_UNSUPPORTED = {
    "mps": "draws and records are computed in float64, which they lack",
    "xpu": "rounds are timed and captured with what torch.cuda offers",
}
_CUDA = re.compile(r"cuda(?::(0|[1-9][0-9]{0,3}))?", re.ASCII)


def parse_device(name: str) -> int | None:
    """The number of a CUDA device that is named with one; None for every other name. Raises InputError."""
    if name in _UNSUPPORTED:
        raise InputError(f"{name} devices are not supported: {_UNSUPPORTED[name]}", DEVICES)
    match = _CUDA.fullmatch(name)
    if match is None and name not in ("auto", "cpu"):
        raise InputError(f"unknown device {name!r}", DEVICES)
    return None if match is None or not match[1] else int(match[1])


def parse_dtype(name: str) -> DType:
    """The number type of that name. Raises InputError."""
    for choice in _DTYPES:
        if name == choice:
            return choice
    raise InputError(f"unknown dtype {name!r}", f"use {', '.join(_DTYPES)}")


def parse_runtime(name: str) -> RuntimeChoice:
    """`auto` is our own fused forward for the families that it computes exactly, transformers' modules otherwise.

    `fused-eager` is the fused forward without CUDA graphs. Raises InputError."""
    for choice in _RUNTIMES:
        if name == choice:
            return choice
    raise InputError(f"unknown runtime {name!r}", f"use {', '.join(_RUNTIMES)}")


def parse_quantize(name: str) -> Quantize:
    """How the weights of that name are quantised. Raises InputError."""
    for choice in _QUANTIZE:
        if name == choice:
            return choice
    raise InputError(f"unknown quantisation {name!r}", f"use {', '.join(_QUANTIZE)}")
