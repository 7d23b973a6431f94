"""Reads the chapters of an EPUB book in their order; each is a page of HTML.

* imports neither Qt nor torch."""

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree

from engine.documents.decoding import decode
from engine.documents.markup import declared_encoding, read_page

_CONTAINER, _LOCKS = "META-INF/container.xml", "META-INF/encryption.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
# Fonts are often hidden so; that locks no text.
_FONT_LOCKS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_MOST_NAMED = 10


class Book(NamedTuple):
    """The text of each chapter. problems: of chapters that could not be read."""

    title: str
    chapters: tuple[str, ...]
    problems: tuple[str, ...]


class NoBook(Exception):
    """A file that is no book, and why."""


def read_book(path: Path) -> Book:
    """Read all chapters. Raises NoBook, BadZipFile, ParseError, KeyError."""
    with zipfile.ZipFile(path) as archive:
        package_name = _package_name(archive)
        package = ElementTree.fromstring(archive.read(package_name))
        title = (package.findtext(".//{*}metadata/{*}title") or "").strip()
        locked = frozenset(_locked(archive))
        chapters, problems = [], []
        for number, name in enumerate(_reading_order(package, posixpath.dirname(package_name)), 1):
            text = "" if name in locked else _chapter(archive, name)
            if text is None or name in locked:
                why = "is locked against copying" if name in locked else "is missing or cannot be read"
                problems.append(f"chapter {number} {why}")
            else:
                chapters.append(text)
    more = (f"{len(problems) - _MOST_NAMED:,} more chapters could not be read",) if len(problems) > _MOST_NAMED else ()
    return Book(title, tuple(chapters), (*problems[:_MOST_NAMED], *more))


def _package_name(archive: zipfile.ZipFile) -> str:
    root = ElementTree.fromstring(archive.read(_CONTAINER)).find(".//{*}rootfile")
    if root is None or not (name := root.get("full-path")):
        raise NoBook("it names no package")
    return name


def _reading_order(package: ElementTree.Element, folder: str) -> Iterator[str]:
    pages = {
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        for item in package.iterfind(".//{*}manifest/{*}item")
        if item.get("media-type") in _PAGES
    }
    order = [item.get("idref") for item in package.iterfind(".//{*}spine/{*}itemref")]
    yield from (pages[name] for name in order if name in pages)


def _chapter(archive: zipfile.ZipFile, name: str) -> str | None:
    try:
        raw = archive.read(name)
    except (KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return None
    decoded = decode(raw, declared_encoding(raw))
    return None if decoded is None or not decoded.encoding else read_page(decoded.text).text


def _locked(archive: zipfile.ZipFile) -> Iterator[str]:
    """The names of the files that are encrypted, fonts apart."""
    if _LOCKS not in archive.namelist():
        return
    for entry in ElementTree.fromstring(archive.read(_LOCKS)).iterfind(".//{*}EncryptedData"):
        method, reference = entry.find("{*}EncryptionMethod"), entry.find(".//{*}CipherReference")
        algorithm = "" if method is None else method.get("Algorithm", "")
        if reference is not None and not algorithm.startswith(_FONT_LOCKS):
            yield unquote(reference.get("URI", ""))
