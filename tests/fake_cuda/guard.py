"""Builds the device guard that a CPU build of torch lacks for CUDA: one that does nothing."""

import ctypes
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

# Indexing, copy_, contiguous, ~ and float() ask for the guard of a tensor's device, which only a CUDA build registers.
_SOURCE = """#include <c10/core/impl/DeviceGuardImplInterface.h>
C10_REGISTER_GUARD_IMPL(CUDA, c10::impl::NoOpDeviceGuardImpl<c10::DeviceType::CUDA>)"""


def why_not() -> str:
    """Why tensors cannot say cuda here; empty where they can."""
    if torch.version.cuda is not None:
        return "torch is a CUDA build, whose guard would reach for a device: run pytest -m gpu"
    return "" if shutil.which("g++") else "there is no C++ compiler (g++) for the device guard"


@cache
def register() -> None:
    """Register the guard, for the rest of this process."""
    root = Path(torch.__file__).parent
    with TemporaryDirectory() as folder:
        source, library = Path(folder) / "guard.cpp", Path(folder) / "guard.so"
        source.write_text(_SOURCE, encoding="utf-8")
        command = ["g++", "-std=c++20", "-O0", "-shared", "-fPIC", f"-I{root}/include", f"-L{root}/lib"]
        subprocess.run([*command, str(source), "-lc10", "-o", str(library)], check=True, capture_output=True)
        ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
