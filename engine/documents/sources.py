"""Lists the files to read from folders, single files and the built-in corpus, in a stable order.

* imports neither Qt nor torch."""

import os
import stat
from collections.abc import Iterator, Sequence
from hashlib import file_digest, sha256
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from engine.errors import InputError

BUILTIN = "builtin"
Kind: TypeAlias = Literal["text", "markdown", "html", "pdf", "table", "lines", "builtin"]
_SUFFIXES: dict[str, Kind] = {
    ".txt": "text", ".text": "text", ".rst": "text", ".md": "markdown", ".markdown": "markdown", ".html": "html",
    ".htm": "html", ".xhtml": "html", ".pdf": "pdf", ".csv": "table", ".tsv": "table", ".jsonl": "lines",
}  # fmt: skip
# Files that come with programs often have no suffix.
_NAMES = frozenset(
    {
        "authors", "changelog", "changes", "contributing", "contributors", "copying", "copyright", "faq", "history",
        "install", "licence", "license", "news", "notice", "readme", "thanks", "todo",
    }
)  # fmt: skip
# A text is read at once and takes several times its size while it is cut; JSON Lines are read line by line.
_TEXT_BYTES, _PDF_BYTES, _LINES_BYTES = 32 << 20, 128 << 20, 4 << 30
_LIMITS: dict[Kind, int] = {"pdf": _PDF_BYTES, "lines": _LINES_BYTES}
_READABLE = f"{', '.join(_SUFFIXES)}, or README, LICENSE and the like"


class SourceFile(NamedTuple):
    """A file that may hold documents. source: its name in messages and in the index; path: None for the corpus."""

    source: str
    path: Path | None
    kind: Kind
    n_bytes: int
    mtime_ns: int


class Skipped(NamedTuple):
    """A file or document that was skipped, and why."""

    source: str
    reason: str


class FoundSources(NamedTuple):
    """The files to read. n_other: files of kinds that are not read."""

    entries: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...]
    n_other: int


def roots_of(specs: Sequence[str]) -> tuple[str, ...]:
    """List the locations of SPECs, which an index records as its origin. Raises InputError if there are none."""
    if not any(spec.strip() for spec in specs):
        raise InputError("no documents are named", f"name a folder, files, a .jsonl file, or {BUILTIN}")
    return tuple(spec if spec == BUILTIN else readable_name(Path(spec).absolute()) for spec in specs)


def find(specs: Sequence[str]) -> FoundSources:
    """List the files of SPECs, each a folder, a file, or `builtin`: folders without hidden files, sorted by name.

    Raises InputError: nothing at a SPEC, a file of an unsupported kind, nothing to read."""
    entries: list[SourceFile] = []
    skipped: list[Skipped] = []
    n_other = 0
    for spec in specs:
        for entry in _entries(spec, alone=len(specs) == 1):
            if isinstance(entry, SourceFile):
                entries.append(entry)
            elif isinstance(entry, Skipped):
                skipped.append(entry)
            else:
                n_other += 1
    if not entries and not skipped:
        problem = f"holds no file of a kind that is read among its {n_other:,}" if n_other else "is empty"
        raise InputError(f"{', '.join(map(str, specs))} {problem}", f"name a folder or files with text ({_READABLE})")
    return FoundSources(tuple(dict.fromkeys(entries)), tuple(skipped), n_other)


def fingerprint(entry: SourceFile) -> str:
    """Hash the content of a file. Raises OSError."""
    if entry.path is None:
        return sha256(_corpus_bytes()).hexdigest()
    with entry.path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def readable_name(path: Path) -> str:
    """Convert a path to text that every file format accepts, whatever bytes its name consists of."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def _corpus_bytes() -> bytes:
    return files("assets").joinpath("world", "corpus.json").read_bytes()


def _entries(spec: str, *, alone: bool) -> Iterator[SourceFile | Skipped | None]:
    """The entries of one SPEC; None for a file of an unsupported kind."""
    path = Path(spec)
    if spec == BUILTIN:
        yield SourceFile(BUILTIN, None, "builtin", len(_corpus_bytes()), 0)
    elif path.is_dir():
        for file in _files(path):
            # Relative names keep an index valid when its folder moves; files from several places need full names.
            yield _entry(file, readable_name(file.relative_to(path) if alone else file.absolute()))
    elif not path.exists():
        raise InputError(f"there is nothing at {spec}", "name a folder, a file or builtin")
    elif _kind(path) is None:
        raise InputError(f"{spec} is of a kind that is not read", f"name files of these kinds: {_READABLE}")
    else:
        yield _entry(path, path.name if alone else readable_name(path.absolute()))


def _files(folder: Path) -> Iterator[Path]:
    """All files under a folder, following links; no folder is visited twice, so a loop of links ends."""
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if not path.is_dir():
            yield path
            continue
        try:
            state = path.stat()
            if (state.st_dev, state.st_ino) not in seen:
                seen.add((state.st_dev, state.st_ino))
                children = [child for child in path.iterdir() if not child.name.startswith(".")]
                waiting += sorted(children, key=lambda child: os.fsencode(child.name), reverse=True)
        except OSError:
            yield path  # `_entry` says why it cannot be opened


def _kind(path: Path) -> Kind | None:
    return "text" if path.name.lower() in _NAMES else _SUFFIXES.get(path.suffix.lower())


def _entry(path: Path, source: str) -> SourceFile | Skipped | None:
    """The entry of a file, or why it is skipped; nothing is opened, because opening a pipe would block."""
    kind = _kind(path)
    try:
        state = path.stat()
    except OSError as err:
        reason = "is a link to nothing" if path.is_symlink() else f"cannot be read ({err.strerror})"
        return Skipped(source, reason) if kind is not None else None
    if stat.S_ISDIR(state.st_mode):
        return Skipped(source, "is a folder that cannot be opened")
    if kind is None or not stat.S_ISREG(state.st_mode):
        return None
    if state.st_size > (limit := _LIMITS.get(kind, _TEXT_BYTES)):
        return Skipped(source, f"has {state.st_size:,} bytes, more than the {limit:,} that are read; split it")
    return SourceFile(source, path, kind, state.st_size, state.st_mtime_ns)
