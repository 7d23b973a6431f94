"""Lists the files to read from folders, single files and the built-in corpus, in a stable order.

* imports neither Qt nor torch."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import file_digest, sha256
from importlib.resources import files
from io import BufferedReader
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, get_args

from engine.documents.file_text import ChildKind
from engine.errors import InputError

BUILTIN, BUILTIN_PAGES = "builtin", "builtin:pages"
SHIPPED = (BUILTIN, BUILTIN_PAGES)
Kind: TypeAlias = Literal["text", "markdown", "html", "table", "lines", "builtin"] | ChildKind
_SUFFIXES: dict[str, Kind] = {
    ".txt": "text", ".text": "text", ".rst": "text", ".adoc": "text", ".org": "text", ".tex": "text",
    ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".xhtml": "html", ".pdf": "pdf",
    ".csv": "table", ".tsv": "table", ".tab": "table", ".jsonl": "lines", ".ndjson": "lines", ".docx": "word",
    ".docm": "word", ".pptx": "slides", ".pptm": "slides", ".ppsx": "slides", ".xlsx": "sheets", ".xlsm": "sheets",
    ".xlsb": "sheets", ".xls": "sheets", ".ods": "sheets", ".odt": "opendocument", ".ott": "opendocument",
    ".odp": "opendocument", ".epub": "book",
}  # fmt: skip
# Documents in other formats are named one by one; all other files, such as pictures, are counted.
_UNREAD: dict[str, str] = {
    ".doc": "save it as .docx", ".dot": "save it as .docx", ".ppt": "save it as .pptx", ".rtf": "save it as .docx",
    ".wpd": "save it as .docx", ".wps": "save it as .docx", ".pages": "export it as .docx",
    ".key": "export it as .pptx", ".numbers": "export it as .xlsx", ".fodt": "save it as .odt",
    ".mobi": "convert it to .epub", ".azw": "convert it to .epub", ".azw3": "convert it to .epub",
    ".fb2": "convert it to .epub", ".djvu": "convert it to .pdf", ".xps": "convert it to .pdf",
    ".ps": "convert it to .pdf", ".eml": "save its text as .txt or .html", ".msg": "save its text as .txt or .html",
    ".mht": "save it as .html", ".mhtml": "save it as .html", ".json": "write a JSON object a line, as .jsonl",
    ".xml": "convert it to .html or .txt", ".parquet": "convert it to .jsonl or .csv",
    ".zip": "unpack it", ".7z": "unpack it", ".rar": "unpack it", ".gz": "unpack it", ".tar": "unpack it",
}  # fmt: skip
# Not documents but the state of the machine; some of their files never end.
_MACHINE_FOLDERS = ("/proc", "/dev", "/sys")
# Files that come with programs often have no suffix.
_NAMES = frozenset(
    {
        "authors", "changelog", "changes", "contributing", "contributors", "copying", "copyright", "faq", "history",
        "install", "licence", "license", "news", "notice", "readme", "thanks", "todo",
    }
)  # fmt: skip
# A text is read at once and takes several times its size while it is cut; JSON Lines are read line by line.
_TEXT_BYTES, _PDF_BYTES, _LINES_BYTES = 32 << 20, 128 << 20, 4 << 30
_LIMITS: dict[Kind, int] = {**dict.fromkeys(get_args(ChildKind), _PDF_BYTES), "lines": _LINES_BYTES}
_MOST_KINDS_NAMED, _MOST_LINKS_NAMED = 6, 5
_READABLE = f"{', '.join(_SUFFIXES)}, or README, LICENSE and the like"


class SourceFile(NamedTuple):
    """A file that may hold documents. source: its name in messages and in the index; path: None for the corpus."""

    source: str
    path: Path | None
    kind: Kind
    n_bytes: int
    mtime_ns: int


class Skipped(NamedTuple):
    """A file or a part of one that was skipped, and why. retry: it may be readable at another time."""

    source: str
    reason: str
    retry: bool = False


class _Other(NamedTuple):
    """A file of a kind that holds no documents."""

    suffix: str


class _Followed(NamedTuple):
    """A link that was followed, and where it leads."""

    source: str
    target: str


class FoundSources(NamedTuple):
    """The files to read. n_other: files of kinds that are not read; other_kinds: their suffixes, the most frequent
    first; links: those that were followed, each with where it leads."""

    entries: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...]
    n_other: int
    other_kinds: tuple[tuple[str, int], ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def roots_of(specs: Sequence[str]) -> tuple[str, ...]:
    """List the locations of SPECs, which an index records as its origin. Raises InputError if there are none."""
    if not any(spec.strip() for spec in specs):
        raise InputError("no documents are named", f"name a folder, files, a .jsonl file, or {BUILTIN}")
    return tuple(spec if spec in SHIPPED else readable_name(Path(spec).absolute()) for spec in specs)


def find(specs: Sequence[str]) -> FoundSources:
    """List the files of SPECs, each a folder, a file or a shipped corpus: folders without hidden files, sorted by name.

    Raises InputError: nothing at a SPEC, a file of an unsupported kind, nothing to read."""
    entries: list[SourceFile] = []
    skipped: list[Skipped] = []
    others: Counter[str] = Counter()
    links: dict[tuple[str, str], None] = {}
    for spec in specs:
        for entry in _entries(spec, alone=len(specs) == 1):
            match entry:
                case SourceFile():
                    entries.append(entry)
                case Skipped():
                    skipped.append(entry)
                case _Followed():
                    links[entry] = None
                case _Other():
                    others[entry.suffix or "without a suffix"] += 1
    n_other = others.total()
    if not entries and not skipped:
        problem = f"holds no file of a kind that is read among its {n_other:,}" if n_other else "is empty"
        raise InputError(f"{', '.join(map(str, specs))} {problem}", f"name a folder or files with text ({_READABLE})")
    kinds = tuple(others.most_common(_MOST_KINDS_NAMED))
    return FoundSources(tuple(dict.fromkeys(entries)), tuple(skipped), n_other, kinds, tuple(links))


def links_in_words(links: Sequence[tuple[str, str]]) -> str:
    """Links that were followed and where they lead, the first few by name; empty if there are none."""
    names = ", ".join(f"{source} → {target}" for source, target in links[:_MOST_LINKS_NAMED])
    return names + (f" and {len(links) - _MOST_LINKS_NAMED:,} more" if len(links) > _MOST_LINKS_NAMED else "")


def fingerprint(entry: SourceFile) -> str:
    """Hash the content of a file. Raises OSError."""
    if entry.path is None:
        form = b"" if entry.source == BUILTIN else entry.source.encode()
        return sha256(_corpus_bytes() + form).hexdigest()
    with open_regular(entry.path) as file:
        return file_digest(file, "sha256").hexdigest()


def open_regular(path: Path) -> BufferedReader:
    """Open a file that may have become a pipe or a device since it was listed. Raises OSError, and never waits."""
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.EINVAL, "it is no longer a file")
    return os.fdopen(number, "rb")


def read_whole(entry: SourceFile, path: Path) -> bytes:
    """The content of a file, which may have grown since it was listed. Raises OSError."""
    limit = _LIMITS.get(entry.kind, _TEXT_BYTES)
    with open_regular(path) as file:
        raw = file.read(limit + 1)
    if len(raw) > limit:
        raise OSError(errno.EFBIG, f"it has grown to more than {limit:,} bytes")
    return raw


def readable_name(path: Path) -> str:
    """Convert a path to text that every file format accepts, whatever bytes its name consists of."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def _corpus_bytes() -> bytes:
    return files("assets").joinpath("world", "corpus.json").read_bytes()


def _entries(spec: str, *, alone: bool) -> Iterator[SourceFile | Skipped | _Followed | _Other]:
    """The entries of one SPEC, and the links that were followed to them."""
    path = Path(spec)
    if spec in SHIPPED:
        yield SourceFile(spec, None, "builtin", len(_corpus_bytes()), 0)
        return
    if _is_of_machine(path):
        raise InputError(f"{spec} holds no documents but the state of the machine", "name a folder of documents")
    if path.is_dir():
        for item in _files(path):
            # Relative names keep an index valid when its folder moves; files from several places need full names.
            name = readable_name(item.path.relative_to(path) if alone else item.path.absolute())
            yield _Followed(name, item.target) if item.target else _entry(item.path, name, item.refused)
    elif not os.path.lexists(path):
        raise InputError(f"there is nothing at {spec}", "name a folder, a file or builtin")
    elif kind_of(path) is None:
        way_out = _UNREAD.get(path.suffix.lower(), f"name files of these kinds: {_READABLE}")
        raise InputError(f"{spec} is of a kind that is not read", way_out)
    else:
        yield _entry(path, readable_name(Path(path.name) if alone else path.absolute()))


class _Item(NamedTuple):
    """A file of a folder, or a link in it. target: where a link leads that was followed; refused: why one was not."""

    path: Path
    target: str = ""
    refused: str = ""


def _files(folder: Path) -> Iterator[_Item]:
    """All files under a folder, following links; no folder is visited twice, so a loop of links ends."""
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        is_link, is_folder = path != folder and path.is_symlink(), path.is_dir()
        if path != folder and (is_link or is_folder) and _is_of_machine(path):
            why = f"is a link to {_target(path)} and not followed" if is_link else "is not read"
            yield _Item(path, refused=f"{why}: no documents are there, but the state of the machine")
            continue
        try:
            state = path.stat() if is_folder else None
            is_new = state is None or (state.st_dev, state.st_ino) not in seen
            if is_link and path.exists() and is_new:
                yield _Item(path, target=_target(path))
            if state is None:
                yield _Item(path)
            elif is_new:
                seen.add((state.st_dev, state.st_ino))
                children = [child for child in path.iterdir() if not child.name.startswith(".")]
                waiting += sorted(children, key=lambda child: os.fsencode(child.name), reverse=True)
        except OSError:
            yield _Item(path)  # `_entry` says why it cannot be opened


def _target(path: Path) -> str:
    return readable_name(Path(os.path.realpath(path)))


def _is_of_machine(path: Path) -> bool:
    """Whether a path is in a folder of the system that shows the machine itself; shared memory is for anything."""
    real = os.path.realpath(path)
    return f"{real}/".startswith(tuple(f"{folder}/" for folder in _MACHINE_FOLDERS)) and not real.startswith(
        "/dev/shm/"
    )


def kind_of(path: Path) -> Kind | None:
    """The kind of a file by its name; None if that kind is not read."""
    return "text" if path.name.lower() in _NAMES else _SUFFIXES.get(path.suffix.lower())


def _entry(path: Path, source: str, refused: str = "") -> SourceFile | Skipped | _Other:
    """The entry of a file, or why it is skipped; nothing is opened, because opening a pipe would block."""
    if refused:
        return Skipped(source, refused)
    kind, suffix = kind_of(path), path.suffix.lower()
    try:
        state = path.stat()
    except OSError as err:
        reason = "is a link to nothing" if path.is_symlink() else f"cannot be read ({err.strerror})"
        return Skipped(source, reason) if kind is not None else _Other(suffix)
    if stat.S_ISDIR(state.st_mode):
        return Skipped(source, "is a folder that cannot be opened")
    if kind is None:
        way_out = _UNREAD.get(suffix)
        return _Other(suffix) if way_out is None else Skipped(source, f"is of a kind that is not read; {way_out}")
    if not stat.S_ISREG(state.st_mode):
        return Skipped(source, f"is {_what(state.st_mode)}, not a file")
    if state.st_size > (limit := _LIMITS.get(kind, _TEXT_BYTES)):
        return Skipped(source, f"has {state.st_size:,} bytes, more than the {limit:,} that are read; split it")
    return SourceFile(source, path, kind, state.st_size, state.st_mtime_ns)


def _what(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"
