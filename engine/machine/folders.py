"""Keeps which folders the user chose in place of the usual ones; the window and the commands read it when they start.

* imports neither Qt nor torch."""

import os
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import platformdirs

FolderKind: TypeAlias = Literal["data", "cache", "models"]
# A variable that is set when a program starts comes before the choice.
_VARIABLES: dict[FolderKind, tuple[str, ...]] = {
    "data": ("XDG_DATA_HOME",),
    "cache": ("XDG_CACHE_HOME",),
    "models": ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"),
}


class ChosenFolders(msgspec.Struct, frozen=True, omit_defaults=True):
    """Absolute paths; empty where the usual folder is used. models: the cache of the hub's own library."""

    data: str = ""
    cache: str = ""
    models: str = ""

    def of(self, kind: FolderKind) -> str:
        """The folder of a kind."""
        return {"data": self.data, "cache": self.cache, "models": self.models}[kind]


def deciding_variable(kind: FolderKind) -> str:
    """The variable that decides on a folder whatever is chosen; empty if there is none."""
    return next((name for name in _VARIABLES[kind] if os.environ.get(name)), "")


def saved() -> ChosenFolders:
    """What was chosen, for the next start; nothing where the file is missing or damaged, or no home folder is known."""
    try:
        return msgspec.json.decode(_file().read_bytes(), type=ChosenFolders)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RuntimeError):
        return ChosenFolders()


def save(chosen: ChosenFolders) -> None:
    """Save the choice for the next start. Raises OSError."""
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.part")  # two windows may save at once
    partial.write_bytes(msgspec.json.encode(chosen))
    partial.replace(file)


def chosen_folder(kind: FolderKind) -> Path | None:
    """The folder that the user chose before this program started; None for the usual one."""
    folder = _at_start().of(kind)
    return Path(folder) if folder and Path(folder).is_absolute() and not deciding_variable(kind) else None


def apply_to_hub() -> None:
    """Let the hub's own library use the chosen folder; called before it is imported."""
    if (folder := chosen_folder("models")) is not None:
        os.environ["HF_HUB_CACHE"] = str(folder)


@cache
def _at_start() -> ChosenFolders:
    return saved()


def _file() -> Path:
    return Path(platformdirs.user_config_dir("draftscope", appauthor=False)) / "folders.json"
