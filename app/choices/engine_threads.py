"""The number of threads that the engine may use, kept between starts; torch reads it from the environment.

* imports neither torch nor a model."""

import os

from PySide6.QtCore import QSettings

_KEY, _VARIABLE = "engine-threads", "OMP_NUM_THREADS"
MOST_THREADS = 1024


def saved(settings: QSettings) -> int:
    """The number chosen; 0 for as many as there are cores."""
    text = str(settings.value(_KEY, ""))
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return number if number <= MOST_THREADS else 0


def save(settings: QSettings, n_threads: int) -> None:
    """Save the number for the next start of the engine."""
    settings.setValue(_KEY, n_threads)
    use(n_threads)


def use(n_threads: int) -> None:
    """Let an engine that is started from now on use so many threads; 0 leaves what the environment says."""
    if n_threads:
        os.environ[_VARIABLE] = str(n_threads)
