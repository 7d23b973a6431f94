"""Reads what a report can be made of: the file of a run, a training, a comparison or a measured pair, or its folder.

* imports neither Qt nor torch."""

from pathlib import Path

from engine.errors import InputError
from engine.runs import measured_files, trace
from engine.runs.trace import FILE_NAME, Trace

_TRAINING_LOG = "training-log.jsonl"


def read(path: Path) -> Trace:
    """The events of a file, or of the log in a folder. Raises InputError."""
    file = _log_of(path) if path.is_dir() else path
    try:
        if file.is_file() and measured_files.is_summary(file):
            return Trace((measured_files.read(file),), None)
    except OSError as err:
        raise InputError(f"{file} cannot be opened ({err.strerror})", "check the path") from err
    return trace.read(file)


def _log_of(folder: Path) -> Path:
    for name in (FILE_NAME, _TRAINING_LOG):
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"{folder} holds neither {FILE_NAME} nor {_TRAINING_LOG}", "name the folder of a run, or a file")
