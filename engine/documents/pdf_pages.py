"""Reads the pages of a PDF with pypdf, page by page, so that a bad page costs one page.

* imports neither Qt nor torch."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from engine.documents.decoding import REPLACEMENT
from engine.documents.file_text import PdfRequest, PdfText, named_pages
from engine.documents.letters import plain

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_LONGEST_TEXT = 32 << 20
_LONGEST_PAGE_S = 15.0
# Left for the answer, of the time that the parent waits.
_SPARE_S = 6.0
# A page with more letters than this share lost is none.
_LOST_SHARE = 0.3
_MOST_NAMED = 20


class _Page(NamedTuple):
    """The text of a page. problem: why it has none; n_lost: letters of the text that could not be decoded."""

    text: str = ""
    problem: str = ""
    n_lost: int = 0


class _TooSlow(BaseException):
    """A page takes too long."""


def read_pdf(order: PdfRequest) -> PdfText:
    """Read the pages of a PDF. Raises whatever pypdf raises for a file that is none."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    try:
        reader = PdfReader(order.path)
        if reader.is_encrypted and not reader.decrypt(""):
            return PdfText(reason="is encrypted; save it without a password")
    except DependencyError as err:
        reason = f"is encrypted in a way that needs a package to be read ({err}); pip install pypdf[crypto]"
        return PdfText(reason=reason, retry=True)
    if (n_pages := len(reader.pages)) > order.most_pages:
        return PdfText(reason=f"has {n_pages:,} pages, more than the {order.most_pages:,} that are read; split it")
    return _answer(list(_pages(reader, time.monotonic() + order.seconds - _SPARE_S)), _title(reader))


def _answer(pages: list[_Page], title: str) -> PdfText:
    texts = tuple(page.text for page in pages)
    if sum(map(len, texts)) > _LONGEST_TEXT:
        return PdfText(reason=f"has more than {_LONGEST_TEXT:,} characters; split it")
    problems = _problems(pages)
    is_slow = any("takes longer" in problem for problem in problems)
    if not any(text.strip() for text in texts):
        reason = _reason(problems) if problems else "holds no text; scanned pages need text recognition first"
        return PdfText(reason=reason, retry=is_slow)
    names = tuple(f"page {number}" for number in range(1, len(pages) + 1))
    return PdfText(
        texts, names, title, "", problems, sum(page.n_lost for page in pages if not page.problem), retry=is_slow
    )


def _reason(problems: tuple[str, ...]) -> str:
    return f"holds no page that can be read: {'; '.join(problems[:3])}"


def _problems(pages: list[_Page]) -> tuple[str, ...]:
    """What is wrong with which pages, pages of the same problem together."""
    numbers: dict[str, list[int]] = {}
    for number, page in enumerate(pages, 1):
        if page.problem:
            numbers.setdefault(page.problem, []).append(number)
    # A page without text among others is a blank page, unless it shows a picture.
    sentences = [f"{named_pages(where)}: {problem}" for problem, where in numbers.items()]
    more = (f"{len(sentences) - _MOST_NAMED:,} more pages could not be read",) if len(sentences) > _MOST_NAMED else ()
    return (*sentences[:_MOST_NAMED], *more)


def _pages(reader: "PdfReader", until: float) -> Iterator[_Page]:
    for page in reader.pages:
        left = until - time.monotonic()
        if left <= 0:
            yield _Page(problem="was not read, the file takes longer than a minute")
            continue
        try:
            with _limited(min(_LONGEST_PAGE_S, left)):
                yield _page(page)
        except _TooSlow:
            yield _Page(problem=f"takes longer than {min(_LONGEST_PAGE_S, left):.0f} s to read")
        except MemoryError:
            raise
        except Exception as err:  # pypdf raises all kinds of exceptions for a broken page
            yield _Page(problem=f"cannot be read ({_words(err)})")


def _page(page: "PageObject") -> _Page:
    lost: list[int] = []

    def count(text: str, _cm: object, _tm: object, font: object, _size: object) -> None:
        lost.append(len(text.strip()) if _is_unreadable(font) else 0)

    with _warnings() as warnings:
        # A PDF places its words and has no tabs: fonts that Qt writes name their space so.
        text = plain(page.extract_text(visitor_text=count)).replace("\t", " ")
    for name in _glyph_names(page):
        text = text.replace(name, REPLACEMENT)
    n_letters, n_lost = len("".join(text.split())), text.count(REPLACEMENT) + sum(lost)
    if n_lost > _LOST_SHARE * n_letters:
        return _Page(problem="has a font that does not say which letters it shows", n_lost=n_lost)
    if not n_letters and warnings:
        return _Page(problem=f"cannot be read ({warnings[0]})")
    if not n_letters and _shows_picture(page):
        return _Page(problem="holds no text but a picture, which needs text recognition first")
    return _Page(text, "", n_lost)


def _is_unreadable(font: object) -> bool:
    """Whether a font numbers its glyphs and has no table of the letters that they show."""
    if not isinstance(font, dict) or font.get("/Subtype") != "/Type0":
        return False
    if not str(font.get("/Encoding", "")).startswith("/Identity"):
        return False
    with suppress(Exception):  # a broken table is none
        return b"begin" not in font["/ToUnicode"].get_object().get_data()
    return True


def _glyph_names(page: "PageObject") -> tuple[str, ...]:
    """Names of the page's own glyphs, which stand in the text where they stand for no letter; the longest first."""
    names: set[str] = set()
    with suppress(Exception):  # fonts may be broken in any way
        for font in page["/Resources"]["/Font"].values():
            differences = font.get_object()["/Encoding"].get_object()["/Differences"]
            names |= {str(name) for name in differences if str(name).startswith("/") and len(str(name)) > 2}
    return tuple(sorted(names, key=len, reverse=True))


def _shows_picture(page: "PageObject") -> bool:
    with suppress(Exception):  # resources may be broken in any way
        pictures = page["/Resources"]["/XObject"].get_object().values()
        return any(picture.get_object().get("/Subtype") == "/Image" for picture in pictures)
    return False


def _title(reader: "PdfReader") -> str:
    with suppress(Exception):  # broken metadata cost no page
        title = reader.metadata.title if reader.metadata is not None else ""
        return plain(str(title or "")).strip()
    return ""


def _words(err: Exception) -> str:
    return plain(" ".join(str(err).split())[:200]) or type(err).__name__


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collects what pypdf warns of, which it logs and otherwise goes on."""
    messages: list[str] = []
    handler, logger = logging.Handler(logging.WARNING), logging.getLogger("pypdf")
    handler.emit = lambda record: messages.append(" ".join(record.getMessage().split())[:200])  # type: ignore[method-assign]
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield messages
    finally:
        logger.removeHandler(handler)


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise _TooSlow after so long, where the system has timers and this is the main thread."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPROF, _give_up)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise _TooSlow
