"""Texts of the built-in world as training data: chronicles, dossiers and stories one after another, each as long as the
built-in target reads, and prose, pages and answered questions laid together to shorter texts.

All are of the training split, and the same every time. * imports neither Qt nor torch."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

from engine.training.curriculum import DRAFTING
from engine.training.samples import sampler
from engine.training.texts import BUILTIN
from engine.world.census import SMALL, world
from engine.world.long_text import LONG_FORMS, long_text
from engine.world.pages import Form, history
from engine.world.story import story

# Longer than the target's context in tokens, so that a row of that length fits in.
LONG_CHARACTERS = 36_000
_VERSION, _SEED = 1, 21
_N_ROUNDS = 60
_N_STORIES, _N_SHORT, _SHORT_CHARACTERS = 2, 2, 7_000
_FORMS: tuple[Form, ...] = ("notes", "pages")


class BuiltinTexts:
    """The documents, one after another; what a folder of texts is elsewhere."""

    n_skipped_files = n_skipped_lines = 0
    source = Path(BUILTIN)

    def __init__(self) -> None:
        self.n_bytes_read = 0
        n_long = len(LONG_FORMS) + _N_STORIES
        self.n_bytes = _N_ROUNDS * (n_long * LONG_CHARACTERS + _N_SHORT * _SHORT_CHARACTERS)

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """A value that changes whenever the texts do."""
        return ((BUILTIN, _VERSION, _N_ROUNDS),)

    def documents(self) -> Iterator[str]:
        """Yield the documents: in each round one long text of each form, long rows of stories, and shorter texts."""
        for number in range(_N_ROUNDS):
            for text in _round(number):
                self.n_bytes_read = min(self.n_bytes, self.n_bytes_read + len(text))
                yield text
        self.n_bytes_read = self.n_bytes


def _round(number: int) -> Iterator[str]:
    for form in LONG_FORMS:
        yield long_text(number, LONG_CHARACTERS, form, split="train").text
    rng = Random(f"{_SEED}/{number}")
    for _ in range(_N_STORIES):
        yield _joined(partial(story, rng), LONG_CHARACTERS)
    for _ in range(_N_SHORT):
        yield _short_texts(rng)


def _short_texts(rng: Random) -> str:
    """Stories, pages and questions in every format, one below another."""
    form = rng.choice(_FORMS)
    questions, pages = sampler(rng, DRAFTING, "train", form), history(rng, world(rng, "train", SMALL), "pages")
    writers: tuple[Callable[[], str], ...] = (
        partial(story, rng),
        lambda: rng.choice(pages.documents).text,
        lambda: questions.draw(DRAFTING, most_documents=4).text,
    )

    def write() -> str:
        """One of them, drawn."""
        return rng.choice(writers)()

    return _joined(write, _SHORT_CHARACTERS)


def _joined(write: Callable[[], str], n_characters: int) -> str:
    """Texts one below another, until they have so many characters."""
    texts: list[str] = []
    while sum(map(len, texts)) < n_characters:
        texts.append(write())
    return "\n".join(texts)
