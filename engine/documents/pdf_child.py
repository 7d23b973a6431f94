"""`python -m engine.documents.pdf_child`: reads PDFs in a process that may be killed; one JSON line each way per file.

* imports neither Qt nor torch."""

import logging
import sys
from contextlib import suppress

import msgspec

# A limit on the process, because a small file may unpack to any size.
_MEMORY_BYTES = 3 << 30
_LONGEST_TEXT = 32 << 20


class PdfText(msgspec.Struct, frozen=True, omit_defaults=True):
    """The text of each page, or the reason why there is none."""

    pages: tuple[str, ...] = ()
    title: str = ""
    reason: str = ""


class PdfRequest(msgspec.Struct, frozen=True):
    """A PDF to read. seconds: after this time the process ends itself, in case its parent no longer exists."""

    path: str
    most_pages: int
    seconds: int


def read(order: PdfRequest) -> PdfText:
    """Read the pages of a file; any problem with it becomes the reason."""
    from pypdf import PdfReader

    try:
        reader = PdfReader(order.path)
        if reader.is_encrypted and not reader.decrypt(""):
            return PdfText(reason="is encrypted; save it without a password")
        if (n_pages := len(reader.pages)) > order.most_pages:
            return PdfText(reason=f"has {n_pages:,} pages, more than the {order.most_pages:,} that are read; split it")
        title = reader.metadata.title if reader.metadata is not None else ""
        return _answer([_clean(page.extract_text()) for page in reader.pages], _clean(title or ""))
    except MemoryError:
        return PdfText(reason="needs too much memory to be read")
    except Exception as err:  # pypdf raises all kinds of exceptions for a broken file
        return PdfText(reason=_broken(err))


def _answer(pages: list[str], title: str) -> PdfText:
    if sum(map(len, pages)) > _LONGEST_TEXT:
        return PdfText(reason=f"has more than {_LONGEST_TEXT:,} characters; split it")
    if not any(page.strip() for page in pages):
        return PdfText(reason="holds no text; scanned pages need text recognition first")
    return PdfText(tuple(pages), title)


def _broken(err: Exception) -> str:
    if "cryptography" in str(err):
        return "is encrypted; save it without a password"
    words = " ".join(str(err).split())[:200]
    return f"is not a whole PDF ({words or type(err).__name__})"


def _clean(text: str) -> str:
    """Replace lone surrogates, which broken fonts produce and UTF-8 cannot encode."""
    return text.encode("utf-8", "replace").decode("utf-8")


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
    logging.disable()
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
