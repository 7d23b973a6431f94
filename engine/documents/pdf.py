"""Reads PDFs, Office files and books in a separate process, which is killed if a file takes too long.

* imports neither Qt nor torch."""

import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from engine.documents.file_text import ChildKind, PdfRequest, PdfText
from engine.machine.own_module import environment, run_module

_LONGEST_S = 60.0
_MOST_PAGES = 5_000
_MODULE = "engine.documents.pdf_child"


class PdfReader:
    """Reads files one after another; its process starts with the first one, and again after one that ended it."""

    def __init__(self, *, longest_s: float = _LONGEST_S, most_pages: int = _MOST_PAGES) -> None:
        self._longest_s = longest_s
        self._most_pages = most_pages
        self._child: subprocess.Popen[bytes] | None = None

    def read(self, path: Path, kind: ChildKind = "pdf") -> PdfText:
        """Read the pages of a file, or the reason why there are none."""
        child = self._child = self._child or _start()
        late = threading.Event()
        timer = threading.Timer(self._longest_s, _end, [child, late])
        timer.start()
        try:
            line = self._ask(child, path, kind)
        finally:
            timer.cancel()
            timer.join()
        if line:
            return msgspec.json.decode(line, type=PdfText)
        self.close()
        if late.is_set():
            return PdfText(reason=f"takes longer than {self._longest_s:g} s to read", retry=True)
        return PdfText(reason="ends the program that reads it", retry=True)

    def _ask(self, child: "subprocess.Popen[bytes]", path: Path, kind: ChildKind) -> bytes:
        """The child's line of output; empty if it ended first."""
        assert child.stdin is not None and child.stdout is not None
        order = PdfRequest(str(path), self._most_pages, int(self._longest_s) + 1, kind)
        try:
            child.stdin.write(msgspec.json.encode(order) + b"\n")
            child.stdin.flush()
            line = child.stdout.readline()
        except OSError:
            return b""
        except UnicodeEncodeError:
            return msgspec.json.encode(PdfText(reason="has a name that is no text; rename it"))
        return line if line.endswith(b"\n") else b""

    def end(self) -> None:
        """Kill the process, from a thread other than the reader's; the file being read then has no text."""
        if (child := self._child) is not None:
            child.kill()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                _shut(pipe)


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        run_module(_MODULE),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )


def _end(child: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    child.kill()


def _shut(pipe: "IO[bytes]") -> None:
    """Close a pipe; bytes that an ended process did not take are dropped."""
    with suppress(OSError):
        pipe.close()
