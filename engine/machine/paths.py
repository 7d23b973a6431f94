"""Paths of the user's files and folders.

* imports neither Qt nor torch."""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import platformdirs

from engine.machine import folders


def user_data() -> Path:
    """The folder of all data that Draftscope keeps for this user."""
    return folders.chosen_folder("data") or Path(platformdirs.user_data_dir("draftscope", appauthor=False))


def user_cache() -> Path:
    """The folder of what can be recreated at any time: measurements of this machine, compiled code, worlds."""
    return folders.chosen_folder("cache") or Path(platformdirs.user_cache_dir("draftscope", appauthor=False))


def runs() -> Path:
    """The folder in which each run has a folder."""
    return user_data() / "runs"


def training() -> Path:
    """The folder of unfinished training."""
    return user_data() / "training"


def indexes() -> Path:
    """The folder of indexes over documents."""
    return user_data() / "indexes"


def evaluations() -> Path:
    """The folder of evaluations, one file each."""
    return user_data() / "evaluations"


def gates() -> Path:
    """The folder of this user's gates, each in a folder of its own."""
    return user_data() / "gates"


def own_gate(target: str, drafter: str) -> Path:
    """The folder of the gate of a pair, unless another one is named."""
    return gates() / file_name(f"{target}-{drafter}")


def own_gate_rows(target: str, drafter: str) -> Path:
    """The folder of the rows that a pair's gate learns from, unless another one is named."""
    return user_data() / "gate-rows" / file_name(f"{target}-{drafter}")


def downloads() -> Path:
    """The folder of notes on downloaded models, a file each; the models themselves lie in the hub's cache."""
    return user_data() / "downloads"


def hub_cache() -> Path:
    """The folder of models that come from the hub; the hub's own library follows the same variables."""
    hub = os.environ.get("HF_HUB_CACHE") or str(Path(_hub_home()) / "hub")
    return Path(os.path.expandvars(hub)).expanduser()


def _hub_home() -> str:
    """The folder of the hub's own library; the home folder is asked for only where no variable decides."""
    if home := os.environ.get("HF_HOME"):
        return home
    return str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface")


def own_index(sources: Sequence[str]) -> str:
    """A folder of this user for an index of these sources."""
    locations = "\n".join(
        source if source.partition(":")[0] == "builtin" else str(Path(source).absolute()) for source in sources
    )
    name = file_name(Path(sources[0]).name) or "documents"
    return str(indexes() / f"{name}-{sha256(locations.encode('utf-8', 'replace')).hexdigest()[:8]}")


def is_text(name: str) -> bool:
    """Whether a name or an argument is valid text: bytes of another encoding arrive as surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def file_name(text: str) -> str:
    """A text as part of a file name that is valid on any system."""
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in text)
