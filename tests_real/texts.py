"""Real text that every installation has: documentation of Python's own modules, and metadata of installed packages."""

import pydoc
from functools import cache
from importlib import import_module, metadata

N_TEXTS, _LENGTH = 300, 500
_MODULES = (
    "argparse", "ast", "asyncio", "bisect", "calendar", "collections", "configparser", "contextlib", "csv", "ctypes",
    "datetime", "decimal", "difflib", "email", "enum", "fractions", "functools", "gzip", "heapq", "html", "http.client",
    "itertools", "json", "locale", "logging", "mailbox", "math", "mimetypes", "os", "pathlib", "random", "re", "sched",
    "shutil", "socket", "sqlite3", "statistics", "string", "subprocess", "tarfile", "textwrap", "threading", "typing",
    "unicodedata", "unittest", "urllib.request", "uuid", "wave", "xml.dom.minidom", "zipfile", "zlib",
)  # fmt: skip
PROMPTS = (
    "The capital of France is", "Once upon a time, in a village by the sea,", "def fibonacci(n):\n    ",
    "Water boils at 100 degrees, because", "To bake bread, you need the following:\n1.", "In the year 1969,",
)  # fmt: skip
REPEATING = (
    "Item 1: apples, price 2.50, in stock.\nItem 2: pears, price 2.50, in stock.\n"
    "Item 3: plums, price 2.50, in stock.\nItem 4: grapes, price 2.50, in stock.\nItem 5:"
)
# Characters on which tokenizers differ.
ODD = (
    "", " ", "   ", "\n\n\n", " a", "a ", "DON'T don't I'LL", "12345 1,234.5 ①²", "tabs\tand\r\nreturns", "naïve café",
    "漢字かな交じり文", "🙂👩‍👩‍👧", "a\u0301", "x = {'a': [1, 2]}  # comment", "https://example.org/?q=1&r=2",
)  # fmt: skip


@cache
def real_texts() -> tuple[str, ...]:
    """Three hundred texts of some hundred words."""
    sources = [pydoc.plain(pydoc.render_doc(import_module(name))) for name in _MODULES]
    sources += [text for package in metadata.distributions() if (text := package.read_text("METADATA"))]
    pieces = [text[at : at + _LENGTH] for at in (0, 2000, 4000, 6000) for text in sources if len(text) > at + _LENGTH]
    assert len(pieces) >= N_TEXTS
    return tuple(pieces[:N_TEXTS])
