"""`python -m engine.documents.pdf_child`: reads PDFs, Office files and books in a process that may be killed; one JSON
line each way per file.

* imports neither Qt nor torch."""

import logging
import sys
from contextlib import suppress

import msgspec

from engine.documents.file_text import PdfRequest, PdfText

# A limit on the process, because a small file may unpack to any size.
_MEMORY_BYTES = 3 << 30
_WHAT = {
    "pdf": "a whole PDF", "word": "a whole Word file", "slides": "a whole presentation",
    "sheets": "a whole spreadsheet", "opendocument": "a whole OpenDocument file", "book": "a whole book",
}  # fmt: skip


def read(order: PdfRequest) -> PdfText:
    """Read a file; any problem with it becomes the reason."""
    try:
        return _read(order)
    except MemoryError:
        return PdfText(reason="needs too much memory to be read", retry=True)
    except ImportError as err:
        return PdfText(reason=f"needs a package that is not installed ({err})", retry=True)
    except OSError as err:
        if err.errno is not None:
            return PdfText(reason=f"cannot be read ({err.strerror or err})", retry=True)
        return PdfText(reason=_broken(order, err))
    except Exception as err:  # the libraries raise all kinds of exceptions for a broken file
        return PdfText(reason=_broken(order, err))


def _read(order: PdfRequest) -> PdfText:
    if order.kind == "pdf":
        from engine.documents.pdf_pages import read_pdf

        return read_pdf(order)
    from engine.documents.office import read_office

    return read_office(order)


def _broken(order: PdfRequest, err: Exception) -> str:
    words = " ".join(str(err).split())[:200]
    return f"is not {_WHAT[order.kind]} ({words or type(err).__name__})"


def _limit() -> None:
    """Limit this process's memory, on systems that can."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def _alarm(seconds: int) -> None:
    with suppress(ImportError, AttributeError):
        import signal

        signal.alarm(seconds)


def main() -> None:
    """Answer each order until the input ends."""
    logging.lastResort = None
    _limit()
    for line in sys.stdin.buffer:
        order = msgspec.json.decode(line, type=PdfRequest)
        _alarm(order.seconds)
        answer = msgspec.json.encode(read(order))
        _alarm(0)
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
