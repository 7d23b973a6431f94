"""An index as a library: passages with their vectors, what is all around, and which encoder it must be asked with."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from engine.commands import Index
from engine.documents.embedding import Embedder
from engine.errors import InputError
from engine.events import Event, Progressed
from engine.machine import paths
from engine.rag.library import IndexLibrary, opened
from engine.session.session import Session
from tests import encoders
from tests.library import index_of

T = TypeVar("T")
TEXTS = ("salt sea", "ship lamp", "sea ship salt", "lamp lamp")


def returned(steps: Generator[Event, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: T = end.value
            return found


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> IndexLibrary:
    return returned(opened(index_of(TEXTS, tmp_path_factory.mktemp("index")), Session(), device="cpu"))


def test_passages_come_best_first_with_the_vectors_they_were_indexed_with(library: IndexLibrary) -> None:
    found = library.retrieve("sea salt", 3, "dense")
    vectors = library.vectors([passage.id for passage in found.passages])
    question = library.embed(["sea salt"], "query")[0]
    assert vectors @ question == pytest.approx([passage.score for passage in found.passages], abs=1e-5)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert [passage.text for passage in found.passages if passage.text not in TEXTS] == []


def test_fewer_passages_than_wanted_are_explained(library: IndexLibrary) -> None:
    assert library.retrieve("sea", 9, "dense").note == "n = 9, but the index has only 4 passages"
    assert library.retrieve("salt", 3, "text").note == "only 2 of 3 passages share a word with the question"
    assert library.retrieve("salt", 2, "text").note == ""


def test_background_is_the_same_every_time_and_no_more_than_asked_for(library: IndexLibrary) -> None:
    assert library.background(3).shape == (3, 8)
    assert library.background(400).shape == (4, 8)
    assert np.array_equal(library.background(3), library.background(3))


def test_key_changes_with_the_index(library: IndexLibrary) -> None:
    assert library.key.startswith(library.uri) and "@" in library.key


def test_index_of_an_encoder_that_was_changed_is_refused(tmp_path: Path) -> None:
    uri = index_of(TEXTS, tmp_path)
    encoders.save(tmp_path / "encoder", seed=9)
    with pytest.raises(InputError, match="was made with another embedder"):
        returned(opened(uri, Session(), device="cpu"))


class Making:
    """A session whose shipped corpus is four short texts and whose encoder is tiny."""

    def __init__(self, folder: Path) -> None:
        self.made: list[str] = []
        self._session, self._folder = Session(), folder

    def embedder(self, spec: str, *, device: str = "auto", dtype: str = "auto") -> Generator[Event, None, Embedder]:
        return self._session.embedder(spec, device=device, dtype=dtype)

    def do(self, command: Index) -> Iterator[Event]:
        self.made += command.sources
        documents = self._folder / "documents"
        documents.mkdir()
        for i, text in enumerate(TEXTS):
            (documents / f"{i}.txt").write_text(text, encoding="utf-8")
        encoder = str(encoders.save(self._folder / "encoder"))
        yield from self._session.do(Index((str(documents),), command.index, encoder, device=command.device))


def test_of_the_first_indexing_only_its_progress_is_told_with_an_answer(tmp_path: Path) -> None:
    told = list(opened("builtin", Making(tmp_path), device="cpu"))
    assert {event.phase for event in told if isinstance(event, Progressed)} >= {"reading", "embedding", "indexing"}
    assert all(isinstance(event, Progressed) for event in told)


@pytest.mark.parametrize("spec", ["builtin", "builtin:pages"])
def test_shipped_corpus_is_indexed_once_where_it_is_not_yet(tmp_path: Path, spec: str) -> None:
    making = Making(tmp_path)
    first, again = (returned(opened(spec, making, device="cpu")) for _ in range(2))
    assert making.made == [spec]
    assert first.key == again.key and first.n_chunks == 4
    assert first.uri == paths.own_index([spec])
