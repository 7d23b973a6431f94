"""Asks where to export kept runs to, or which files to take in, and has it done beside the window."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from app.text.plain_text import one_line
from app.workspaces.runs import words
from app.workspaces.runs.library import RunLibrary
from engine.errors import EngineError, InputError
from engine.events import ComparisonStarted, RunStarted, WorkStarted
from engine.runs import trace
from engine.runs.run_log import run_file
from engine.store.folders import checked, trace_path

Tell = Callable[[str], None]


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("runs_transfer", text)


def ask_export(parent: QWidget, library: RunLibrary, ids: Sequence[str], tell: Tell) -> None:
    """Ask for a file for one run, or a folder for several, and write their traces there."""
    if len(ids) == 1:
        name = str(Path.home() / f"{ids[0]}.jsonl")
        dialog = QFileDialog(parent, tr("Export run"), name, "*.jsonl")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("jsonl")
    else:
        dialog = QFileDialog(parent, tr("Export runs to a folder"), str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.fileSelected.connect(lambda path: export(library, ids, Path(path), tell))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def export(library: RunLibrary, ids: Sequence[str], there: Path, tell: Tell) -> None:
    """Copy traces: one to a file of this name, several into this folder."""
    folder, deleted = library.folder, library.filter.deleted

    def work() -> int:
        for run_id in ids:
            target = there if len(ids) == 1 else there / f"{run_id}.jsonl"
            _copy(trace_path(folder, run_id, deleted=deleted), target)
        return len(ids)

    library.read(
        work, lambda n: tell(tr("{0} exported to {1}").format(words.counted(n), one_line(str(there)))), topic=""
    )


def ask_import(parent: QWidget, library: RunLibrary, tell: Tell) -> None:
    """Ask for trace files and take them in; the files stay as they are."""
    dialog = QFileDialog(parent, tr("Import runs"), str(Path.home()), "*.jsonl")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(lambda paths: take_files(library, [Path(path) for path in paths], tell))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def take_files(library: RunLibrary, paths: Sequence[Path], tell: Tell) -> None:
    """Copy trace files into the folder of runs, and list them."""

    def work() -> Imported:
        return _copied(library.folder, paths)

    library.read(work, lambda imported: _after_import(library, imported, tell), topic="")


class Imported(NamedTuple):
    """What became of files. in_trash: those whose run was deleted and only has to come back. refused: why, a sentence
    each."""

    n: int
    n_known: int
    in_trash: tuple[str, ...]
    refused: tuple[str, ...]


def _copied(folder: Path, paths: Sequence[Path]) -> Imported:
    n, n_known, in_trash, refused = 0, 0, list[str](), list[str]()
    for path in paths:
        try:
            target = _place(folder, path)
            if target.exists():
                n_known += 1
                continue
            if trace_path(folder, target.parent.name, deleted=True).exists():
                in_trash.append(target.parent.name)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(path, target)
            n += 1
        except EngineError as err:
            refused.append(str(err))
        except OSError as err:
            refused.append(f"{path}: {err.strerror or err}")
    return Imported(n, n_known, tuple(dict.fromkeys(in_trash)), tuple(refused))


def _place(folder: Path, path: Path) -> Path:
    """Where the trace of a file belongs. Raises InputError if it is no run, or its names are odd."""
    first = next(trace.follow(path))
    if not isinstance(first, RunStarted | ComparisonStarted | WorkStarted):
        raise InputError(f"{path} is no run that can be kept", "open it as a file")
    target = run_file(folder, first)
    checked(target.parent.name)
    return target


def _after_import(library: RunLibrary, imported: Imported, tell: Tell) -> None:
    known = tr(" {0} were kept already.").format(imported.n_known) if imported.n_known else ""
    tell(tr("{0} imported.").format(words.counted(imported.n + len(imported.in_trash))) + known)
    if imported.in_trash:
        library.restore(imported.in_trash)
    if imported.refused:
        more = tr(" (and {0} more)").format(len(imported.refused) - 1) if len(imported.refused) > 1 else ""
        library.refuse(EngineError(imported.refused[0] + more, tr("the others were imported")))
    library.take_in()


def _copy(source: Path, target: Path) -> None:
    """Copy a trace so that the target is whole or as it was. Raises EngineError."""
    partial = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source, partial)
        partial.replace(target)
    except OSError as err:
        partial.unlink(missing_ok=True)
        raise EngineError(f"{target} cannot be written ({err.strerror})", "choose another folder") from err
