"""Starts a module of this very engine in a process of its own.

* imports neither Qt nor torch."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import engine
from engine.machine import threads

# After the standard library, which nothing beside the engine may stand in for, and before what is installed.
_START = (
    "import runpy, sys; root, module = sys.argv.pop(1), sys.argv.pop(1); "
    "at = next((i for i, path in enumerate(sys.path) if path.endswith('-packages')), len(sys.path)); "
    "sys.path.insert(at, root); runpy.run_module(module, run_name='__main__')"
)


def run_module(name: str) -> list[str]:
    """What runs a module of this very engine. Not from the current folder, whose files are not ours to run."""
    return [sys.executable, "-P", "-c", _START, _root(), name]


def environment() -> Mapping[str, str]:
    """This process' own, without folders that depend on the current one and with a processor left to the window."""
    kept = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if Path(path).is_absolute()]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(kept), "OMP_NUM_THREADS": str(spare_threads())}


def _root() -> str:
    """Where this very engine lies."""
    return str(Path(engine.__file__).parents[1])


def spare_threads() -> int:
    """As many threads as leave one core to the window, at least one; fewer where fewer were asked for."""
    cores = threads.usable_cores()
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(cores - 1, int(asked) if asked.isdecimal() else cores))
