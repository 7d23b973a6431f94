"""Remembers which models Draftscope downloaded and on what terms: the hub's cache, which others share, does not say.

* imports neither Qt nor torch."""

from contextlib import suppress
from pathlib import Path

import msgspec

from engine.errors import EngineError
from engine.machine import paths
from engine.machine.refused_writes import way_out


class DownloadRecord(msgspec.Struct, frozen=True):
    """A model that Draftscope downloaded: the commit, its files, its licence, and when."""

    repo: str
    commits: tuple[str, ...] = ()
    licence: str = ""
    downloaded_utc: str = ""


def recorded(repo: str) -> DownloadRecord:
    """What is known of a model; an empty record if Draftscope did not download it."""
    with suppress(OSError, msgspec.MsgspecError):
        record = msgspec.json.decode(_path(repo).read_bytes(), type=DownloadRecord)
        return record if record.repo == repo else DownloadRecord(repo)
    return DownloadRecord(repo)


def remember(record: DownloadRecord) -> None:
    """Keep a record, with the commits of the one before. Raises EngineError."""
    before = recorded(record.repo)
    commits = tuple(dict.fromkeys((*before.commits, *record.commits)))
    path = _path(record.repo)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.encode(msgspec.structs.replace(record, commits=commits)))
    except OSError as err:
        raise EngineError(f"{path} cannot be written ({err.strerror})", way_out(err)) from err


def forget(repo: str) -> None:
    """Drop the record of a removed model."""
    with suppress(OSError):
        _path(repo).unlink(missing_ok=True)


def _path(repo: str) -> Path:
    return paths.downloads() / f"{repo.replace('/', '--')}.json"
