"""The command line and environment that run a module of this engine in its own process.

* imports neither Qt nor torch."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import engine
from engine.machine import threads

# After the standard library, which no file next to the engine may shadow, and before installed packages.
_START = (
    "import runpy, sys; root, module = sys.argv.pop(1), sys.argv.pop(1); "
    "at = next((i for i, path in enumerate(sys.path) if path.endswith('-packages')), len(sys.path)); "
    "sys.path.insert(at, root); runpy.run_module(module, run_name='__main__')"
)


def run_module(name: str) -> list[str]:
    """The command line that runs a module of this engine; not from the current folder, whose files must not run."""
    return [sys.executable, "-P", "-c", _START, _root(), name]


def environment() -> Mapping[str, str]:
    """This process's environment, without folders relative to the current one, and with a core left to the window."""
    folders = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if Path(path).is_absolute()]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "OMP_NUM_THREADS": str(spare_threads())}


def _root() -> str:
    """The folder that contains this engine."""
    return str(Path(engine.__file__).parents[1])


def spare_threads() -> int:
    """All usable cores but one for the window, at least one; fewer if OMP_NUM_THREADS asks for fewer."""
    cores = threads.usable_cores()
    setting = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(cores - 1, int(setting) if setting.isdecimal() else cores))
