"""Runs of the built-in pair that the tab makes for a picture when nothing was kept yet."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from app.panels.prompt import EXAMPLE_PROMPTS
from app.state.store import RunStore
from engine.commands import Load, Run
from engine.settings import Request

# Drafter, draft length, temperature.
_SETTINGS = (("builtin", 4, 0.0), ("builtin", 2, 0.0), ("builtin:small", 4, 0.0), ("builtin", 6, 0.8))
_N_TOKENS, _N_REPEATS = 96, 3


class ExampleRuns:
    """Makes one run after another; `clean_up` deletes them."""

    def __init__(self, store: RunStore, folder: Path) -> None:
        self._store, self._folder = store, folder
        self._before = set(_folders(folder))
        self._left = list(_SETTINGS)

    def next(self) -> bool:
        """Start the next run. Returns whether there was one."""
        if not self._left:
            return False
        drafter, gamma, temperature = self._left.pop(0)
        prompt = EXAMPLE_PROMPTS[len(self._left) % len(EXAMPLE_PROMPTS)]
        settings = {
            "gamma": gamma, "temperature": temperature, "max_new_tokens": _N_TOKENS, "repeats": _N_REPEATS,
        }  # fmt: skip
        self._store.run(Load(drafter=drafter), Run("speculative", settings, Request(prompt)))
        return True

    def clean_up(self) -> None:
        """Delete the folders that are new."""
        for name in _folders(self._folder):
            if name not in self._before:
                shutil.rmtree(self._folder / name, ignore_errors=True)


def _folders(folder: Path) -> Iterator[str]:
    try:
        yield from [entry.name for entry in folder.iterdir() if entry.is_dir()]
    except OSError:
        return
