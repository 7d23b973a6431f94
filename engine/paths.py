"""Where the user's files lie; knows nothing of what is in them.

* imports neither Qt nor torch."""

from pathlib import Path

import platformdirs


def user_data() -> Path:
    """The folder of everything Draftscope keeps for this user."""
    return Path(platformdirs.user_data_dir("draftscope", appauthor=False))


def runs() -> Path:
    """The folder that holds a folder a run."""
    return user_data() / "runs"


def training() -> Path:
    """The folder of unfinished training."""
    return user_data() / "training"


def indexes() -> Path:
    """The folder of indexes over documents."""
    return user_data() / "indexes"
