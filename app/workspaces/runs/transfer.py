"""Asks where to export kept runs to, or which files to take in, and has it done beside the window."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from app.plots.report_pdf import pdf
from app.text.plain_text import path_line
from app.workspaces.runs import words
from app.workspaces.runs.library import RunLibrary
from engine.errors import EngineError
from engine.machine.file_kinds import refuse_irregular
from engine.reports import exporting, writing
from engine.reports.documents import ReportOptions
from engine.reports.exporting import ENDINGS, ExportFormat
from engine.runs import trace
from engine.store.folders import trace_path
from engine.store.importing import ImportedTrace, import_traces

Tell = Callable[[str], None]
OFFERED: tuple[ExportFormat, ...] = ("html", "pdf", "trace", "csv", "parquet")


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("runs_transfer", text)


class Exported(NamedTuple):
    """What became of an export. damages: why files hold only the beginning of a run."""

    n: int
    damages: tuple[str, ...]


def format_words(name: ExportFormat) -> str:
    """A format as a menu names it."""
    return {
        "trace": tr("Trace (.jsonl), as it was recorded"),
        "csv": tr("Table of rounds or lanes (.csv)"),
        "parquet": tr("Every token (.parquet)"),
        "html": tr("Report (.html)"),
        "pdf": tr("Report (.pdf)"),
    }[name]


def export_menu(parent: QWidget, library: RunLibrary, ids: Sequence[str], tell: Tell) -> QMenu:
    """The formats to export these runs in."""
    menu = QMenu(parent)
    for form in OFFERED:
        action = menu.addAction(format_words(form))
        action.triggered.connect(lambda _checked=False, form=form: ask_export(parent, library, ids, form, tell))
    return menu


def ask_export(parent: QWidget, library: RunLibrary, ids: Sequence[str], form: ExportFormat, tell: Tell) -> None:
    """Ask for a file, or for a folder where each run becomes a file, and write there."""
    ending = ENDINGS[form]
    if is_one_file(ids, form):
        name = str(Path.home() / f"{ids[0] if len(ids) == 1 else 'runs'}{ending}")
        dialog = QFileDialog(parent, tr("Export"), name, f"*{ending}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending[1:])
    else:
        dialog = QFileDialog(parent, tr("Export to a folder"), str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.fileSelected.connect(lambda path: export(library, ids, form, Path(path), tell))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def is_one_file(ids: Sequence[str], form: ExportFormat) -> bool:
    """Whether runs go to one file: a single run, or the tokens of all."""
    return len(ids) == 1 or form == "parquet"


def export(library: RunLibrary, ids: Sequence[str], form: ExportFormat, there: Path, tell: Tell) -> None:
    """Write runs to a file, or each to a file in a folder; an existing one is replaced when the new one is whole."""
    sources = [(run_id, trace_path(library.folder, run_id, deleted=library.filter.deleted)) for run_id in ids]

    def work() -> Exported:
        if form == "parquet":
            return _exported([_replaced(there, lambda new: exporting.export_tokens(sources, new))], len(ids))
        damages = []
        for run_id, source in sources:
            out = there if len(sources) == 1 else there / f"{run_id}{ENDINGS[form]}"
            write = partial(_print, source) if form == "pdf" else partial(exporting.export, source, run_id, form)
            damages.append(_replaced(out, write))
        return _exported(damages, len(ids))

    library.write(work, lambda done: _after_export(library, done, there, tell))


def _print(source: Path, out: Path) -> str:
    """Write the report of a run as PDF, which the engine cannot; returns where the run is damaged."""
    log = trace.read(source)
    writing.replace(out, pdf(log.events, ReportOptions(damage=log.damage)))
    return log.damage or ""


def _exported(damages: Sequence[str], n: int) -> Exported:
    return Exported(n, tuple(filter(None, damages)))


def _replaced(out: Path, write: Callable[[Path], str]) -> str:
    """Write a file under another name and move it into place. Raises EngineError."""
    new = out.with_name(f".new-{out.name}")
    try:
        new.unlink(missing_ok=True)
        damage = write(new)
        refuse_irregular(out, "choose another file")
        new.replace(out)
    except OSError as err:
        raise EngineError(f"{out} cannot be written ({err.strerror or err})", "choose another folder") from err
    finally:
        if new.exists():
            new.unlink()
    return damage


def _after_export(library: RunLibrary, done: Exported, there: Path, tell: Tell) -> None:
    tell(tr("{0} exported to {1}").format(words.counted(done.n), path_line(str(there))))
    if done.damages:
        library.refuse(EngineError(done.damages[0], tr("exported is what comes before the damage")))


def ask_import(parent: QWidget, library: RunLibrary, tell: Tell) -> None:
    """Ask for trace files and take them in; the files stay as they are."""
    dialog = QFileDialog(parent, tr("Import runs"), str(Path.home()), "*.jsonl")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(lambda paths: take_files(library, [Path(path) for path in paths], tell))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def take_files(library: RunLibrary, paths: Sequence[Path], tell: Tell) -> None:
    """Copy trace files among the kept runs, each once, and list them."""
    library.write(
        lambda: tuple(import_traces(library.folder, paths)), lambda answers: _after_import(library, answers, tell)
    )


def _after_import(library: RunLibrary, answers: Sequence[ImportedTrace], tell: Tell) -> None:
    imported = sum(answer.outcome == "imported" for answer in answers)
    in_trash = [answer.run_id for answer in answers if answer.outcome == "known" and _is_deleted(library, answer)]
    known = sum(answer.outcome == "known" for answer in answers) - len(in_trash)
    parts = [tr("{0} imported.").format(words.counted(imported + len(in_trash)))]
    parts += [tr("{0} already kept.").format(words.counted(known))] if known else []
    tell(" ".join(parts))
    if in_trash:
        library.restore(in_trash)
    refused = [answer.why for answer in answers if answer.outcome == "refused"]
    if refused:
        more = tr(" (and {0} more)").format(len(refused) - 1) if len(refused) > 1 else ""
        others = len(refused) < len(answers)
        hint = tr("the others were imported") if others else tr("choose traces that Draftscope wrote or exported")
        library.refuse(EngineError(refused[0] + more, hint))
    library.take_in()


def _is_deleted(library: RunLibrary, answer: ImportedTrace) -> bool:
    return not trace_path(library.folder, answer.run_id).exists()
