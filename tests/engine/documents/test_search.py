"""Passages for a question: by vectors, by words, by both; the same ones every time."""

from pathlib import Path

import pytest

from engine.documents import embedding, search
from engine.documents.building import Building
from engine.documents.chunking import Chunk
from engine.documents.embedding import Embedder
from engine.documents.index import FileRecord, IndexedDocument, OpenIndex, Recipe, open_index
from engine.documents.search import retrieve
from engine.errors import InputError
from tests import encoders

TEXTS = {
    "a": "salt sea",
    "b": "ship lamp",
    "c": "lamp",
    "d": "It has the ships running to שלום",
    "e": "港に船が着いた",
    "f": "An office café",
}


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    *_, made = embedding.load(str(encoders.save(tmp_path_factory.mktemp("e") / "tiny")), device="cpu")
    assert isinstance(made, Embedder)
    return made


@pytest.fixture(scope="module")
def index(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> OpenIndex:
    uri = str(tmp_path_factory.mktemp("i") / "index")
    known = embedder.description
    building = Building(
        uri, Recipe(("/d",), known.spec, known.fingerprint, known.dimension, "t", "w", 64), None, anew=False
    )
    chunks = [Chunk(key, key, f"{key}.txt", "", key, "", 0, len(text), text, 2, False) for key, text in TEXTS.items()]
    building.add(chunks, embedder.embed_all(list(TEXTS.values())).vectors, [])
    building.make_searchable()
    records = [FileRecord(f"{key}.txt", 1, 1, key, (IndexedDocument(key, "", key),)) for key in TEXTS]
    building.commit(
        building.head(0, None), [*records, FileRecord("copy.jsonl", 1, 1, "x", (IndexedDocument("a", "7", ""),))]
    )
    return open_index(uri)


def test_the_nearest_vector_comes_first_with_its_cosine(index: OpenIndex, embedder: Embedder) -> None:
    found = retrieve(index, embedder, "ship lamp", 3, "dense")
    assert (found[0].id, found[0].dense_rank, found[0].text_rank) == ("b", 1, None)
    assert found[0].score == pytest.approx(1.0, abs=1e-5)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("lamp", ["c", "b"]),
        ("running ship", ["d", "b"]),
        ("שלום", ["d"]),
        ("船", ["e"]),
        ("sea", ["a"]),
        ("it", ["d"]),
        ("o\ufb03ce", ["f"]),
        ("of\u00adfice", ["f"]),
        ("cafe\u0301", ["f"]),
        ("ｃａｆé", ["f"]),
        ("THE", ["d"]),
        ('(a OR "', []),
    ],
)
def test_words_are_found_in_any_writing(index: OpenIndex, question: str, ids: list[str]) -> None:
    assert [one.id for one in retrieve(index, None, question, 5, "text")] == ids


def test_both_lists_are_fused_by_rank(index: OpenIndex, embedder: Embedder) -> None:
    found = {one.id: one for one in retrieve(index, embedder, "lamp", 5)}
    best = found["c"]
    assert (best.dense_rank, best.text_rank) == (1, 1)
    assert best.score == pytest.approx(2 / 61)
    assert len(found) == 5 and found["a"].text_rank is None
    assert found["a"].score == pytest.approx(1 / (60 + (found["a"].dense_rank or 0)))


def test_a_passage_names_all_files_that_say_it(index: OpenIndex) -> None:
    (found,) = retrieve(index, None, "salt", 1, "text")
    assert (found.source, found.sources) == ("a.txt", ("a.txt", "copy.jsonl#7"))


def test_asking_twice_gives_the_same(index: OpenIndex, embedder: Embedder) -> None:
    assert retrieve(index, embedder, "sea ship", 4) == retrieve(index, embedder, "sea ship", 4)


def test_an_index_of_another_embedder_is_refused(index: OpenIndex, tmp_path: Path) -> None:
    *_, other = embedding.load(str(encoders.save(tmp_path / "other", seed=1)), device="cpu")
    assert isinstance(other, Embedder)
    with pytest.raises(InputError, match="was made with another embedder"):
        retrieve(index, other, "salt", 1)


@pytest.mark.parametrize("how", ["dense", "text", "hybrid"])
def test_more_passages_than_any_index_has_are_all_of_it(index: OpenIndex, embedder: Embedder, how: search.How) -> None:
    assert retrieve(index, embedder, "salt", 10**12, how) == retrieve(index, embedder, "salt", index.head.n_chunks, how)


@pytest.mark.parametrize(("question", "n", "how"), [(" ", 1, "text"), ("salt", 0, "text"), ("salt", 1, "dense")])
def test_what_cannot_be_asked_is_refused(index: OpenIndex, question: str, n: int, how: search.How) -> None:
    with pytest.raises(InputError):
        retrieve(index, None, question, n, how)
