"""Reports what a figure was measured with, and when: processor, versions, date."""

import platform
import time
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import psutil
import torch
import transformers

PROGRAM = "draftscope"


@cache
def program_version() -> str:
    """The version of this program; `unknown` where it runs without being installed."""
    try:
        return metadata.version(PROGRAM)
    except metadata.PackageNotFoundError:
        return "unknown"


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """Names and versions of what a figure depends on, this program first."""
    entries = (
        (PROGRAM, program_version()),
        ("python", platform.python_version()),
        ("torch", str(torch.__version__)),
        ("transformers", transformers.__version__),
    )
    return (*entries, ("numba", metadata.version("numba"))) if find_spec("numba") is not None else entries


def now_utc() -> str:
    """The date and time of day, as files contain them."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@cache
def processor(device: torch.device) -> str:
    """The processor and its cores, and the GPU where that is the device in use."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line.partition(":") for line in cpuinfo.read_text(encoding="utf-8").splitlines())
        name = next((value.strip() for key, _, value in lines if key.strip() == "model name"), name)
    cores = f"{name}, {psutil.cpu_count(logical=True)} threads"
    return f"{cores}; {torch.cuda.get_device_name(device)}" if device.type == "cuda" else cores
