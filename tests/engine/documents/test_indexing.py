"""From folders to an index: what is new is read, what is gone is dropped, what is bad is named and stops nothing."""

import shutil
from collections.abc import Callable, Generator
from contextlib import closing
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from threading import enumerate as running_threads
from typing import cast

import numpy as np
import pytest
from lancedb.index import FTS
from msgspec.structs import replace

from engine.documents import building as building_module
from engine.documents import chunking, embedding, feed, indexing, readers, sources
from engine.documents.embedding import Embedder
from engine.documents.index import OpenIndex, open_index
from engine.documents.jobs import IndexJob
from engine.documents.search import retrieve
from engine.errors import EngineError, InputError
from engine.events import Event, FileSkipped, Indexed, Progressed, Warned
from tests import encoders
from tests.engine.documents.test_index import largest_file
from tests.papers import WordTokens, locked_pdf, pdf, put


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    *_, made = embedding.load(str(encoders.save(tmp_path_factory.mktemp("e") / "tiny")), device="cpu")
    assert isinstance(made, Embedder)
    return made


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return put(tmp_path / "docs", {"a.txt": "salt sea. ship lamp.", "b.md": "# Lamp\n\nsea sea", "c.html": "<p>ship"})


def job(docs: Path | str, *, most: int = 8, rebuild: bool = False, index: str = "") -> IndexJob:
    return IndexJob((str(docs),), index or str(Path(docs).parent / "index"), most, "words", "w", rebuild)


def events(embedder: Embedder, wanted: IndexJob) -> list[Event]:
    return list(indexing.index(wanted, embedder, WordTokens()))


def last(embedder: Embedder, wanted: IndexJob) -> Indexed:
    end = events(embedder, wanted)[-1]
    assert isinstance(end, Indexed)
    return end


def skipped(found: list[Event]) -> dict[str, str]:
    return {event.source: event.reason for event in found if isinstance(event, FileSkipped)}


def texts(docs: Path) -> list[str]:
    return sorted(open_index(str(docs.parent / "index")).chunks.to_arrow()["text"].to_pylist())


def test_a_folder_becomes_passages_that_are_found(docs: Path, embedder: Embedder) -> None:
    found = events(embedder, job(docs))
    end = found[-1]
    assert isinstance(end, Indexed)
    assert (end.n_files, end.n_new, end.n_chunks, end.n_embedded) == (3, 3, 3, 3)
    assert {event.phase for event in found if isinstance(event, Progressed)} >= {"reading", "embedding", "indexing"}
    (best,) = retrieve(open_index(end.index), embedder, "ship lamp", 1, "text")
    assert (best.source, best.start, best.end) == ("a.txt", 0, 20)
    assert end.n_bytes > 0 and end.embed_per_s is not None and not end.approximate and end.recall_10 is None


def test_only_changed_files_are_read_again(docs: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    events(embedder, job(docs))
    put(docs, {"b.md": "lamp", "d.txt": "salt"})
    (docs / "c.html").unlink()
    embedded: list[str] = []
    monkeypatch.setattr(
        chunking, "text_hash", lambda text, real=chunking.text_hash: embedded.append(text) or real(text)
    )
    end = last(embedder, job(docs))
    assert (end.n_new, end.n_changed, end.n_removed, end.n_embedded) == (1, 1, 1, 2)
    assert texts(docs) == ["lamp", "salt", "salt sea. ship lamp."]
    assert set(embedded) == {"lamp", "salt"}


def test_nothing_new_changes_nothing(docs: Path, embedder: Embedder) -> None:
    events(embedder, job(docs))
    before = open_index(str(docs.parent / "index")).head
    (docs / "a.txt").touch()
    end = last(embedder, job(docs))
    assert (end.n_new, end.n_changed, end.n_removed, end.n_embedded, end.embed_per_s) == (0, 0, 0, 0, None)
    assert open_index(end.index).head.version == before.version


def test_an_indexing_stopped_after_one_that_changed_nothing_leaves_the_index(docs: Path, embedder: Embedder) -> None:
    events(embedder, job(docs))
    had, found = texts(docs), open_index(str(docs.parent / "index"))
    # As one does that finds nothing changed, long after.
    later = datetime.now(UTC) + building_module._LONGEST_BUILD
    unchanged = building_module.Building(found.uri, found.head.recipe, found, anew=False)
    unchanged.commit(replace(found.head, made_utc=later.isoformat()), found.files)
    put(docs, {"d.txt": "salt"})
    with closing(cast("Generator[Event, None, None]", indexing.index(job(docs), embedder, WordTokens()))) as steps:
        next(event for event in steps if isinstance(event, Progressed) and event.phase == "indexing" and event.done)
    assert texts(docs) == had
    assert last(embedder, job(docs)).n_chunks == len(had) + 1


def test_an_index_that_leaves_words_out_finds_them_after_the_next_indexing(docs: Path, embedder: Embedder) -> None:
    uri = str(docs.parent / "index")
    with pytest.MonkeyPatch.context() as older:
        older.setattr("lancedb.index.FTS", lambda base_tokenizer, **_: FTS(base_tokenizer=base_tokenizer))
        events(embedder, job(docs))
    assert not retrieve(open_index(uri), None, "sea", 1, "text")
    assert last(embedder, job(docs)).n_embedded == 0
    assert retrieve(open_index(uri), None, "sea", 1, "text")


def test_the_same_index_comes_of_small_steps_and_of_one(docs: Path, embedder: Embedder) -> None:
    events(embedder, job(docs))
    put(docs, {"0.txt": "salt sea. ship lamp.", "e.txt": "sea lamp"})
    events(embedder, job(docs))
    stepwise = open_index(str(docs.parent / "index"))
    events(embedder, job(docs, index=str(docs.parent / "other")))
    at_once = open_index(str(docs.parent / "other"))
    assert stepwise.files == at_once.files
    assert rows(stepwise) == rows(at_once)


def rows(index: OpenIndex) -> list[dict[str, object]]:
    """Everything an index knows of its passages, vectors to five places: lots of another size round otherwise."""
    found = sorted(index.chunks.to_arrow().to_pylist(), key=lambda row: str(row["id"]))
    return [{**row, "vector": [round(x, 5) + 0.0 for x in row["vector"]]} for row in found]


def test_a_bad_file_never_stops_the_rest(docs: Path, embedder: Embedder) -> None:
    put(
        docs,
        {"bad/binary.txt": b"\x7fELF\0\0", "bad/broken.pdf": pdf("x")[:40], "bad/locked.pdf": locked_pdf("x", "y"),
         "bad/empty.txt": "", "good.pdf": pdf("salt lamp"), "bad/lines.jsonl": "{\n",
         "latin.txt": "sé".encode("cp1252"), "right.txt": "שלום עולם"},
    )  # fmt: skip
    (docs / "bad" / "link.txt").symlink_to(docs / "gone.txt")
    found = events(embedder, job(docs))
    assert skipped(found).keys() == {
        "bad/binary.txt", "bad/broken.pdf", "bad/locked.pdf", "bad/empty.txt", "bad/lines.jsonl, line 1",
        "bad/link.txt",
    }  # fmt: skip
    end = found[-1]
    assert isinstance(end, Indexed) and (end.n_files, end.n_skipped, end.n_guessed) == (6, 6, 1)
    assert any(isinstance(event, Warned) and "not wholly in UTF-8" in event.message for event in found)
    assert skipped(events(embedder, job(docs))) == skipped(found)
    assert {"salt lamp", "sé", "שלום עולם"} <= set(texts(docs))


def test_a_file_that_failed_is_tried_again_and_a_bad_one_is_not(
    docs: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(docs, {"d.txt": "lamp", "e.txt": b"\x7fELF\0"})
    opened: list[str] = []

    def open_regular(path: Path, real: Callable[[Path], BufferedReader] = sources.open_regular) -> BufferedReader:
        opened.append(path.name)
        if path.name == "d.txt" and len(opened) <= 7:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(sources, "open_regular", open_regular)
    first = events(embedder, job(docs))
    assert skipped(first)["d.txt"] == "cannot be read (Permission denied)" and "lamp" not in texts(docs)
    del opened[:]
    opened.extend([""] * 7)
    second = events(embedder, job(docs))
    assert skipped(second).keys() == {"e.txt"} and "lamp" in texts(docs)
    assert set(opened) == {"", "d.txt"}


def test_a_better_reader_or_cutter_reaches_an_index(
    docs: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    events(embedder, job(docs))
    assert not feed.n_outdated(open_index(str(docs.parent / "index")).files)
    monkeypatch.setattr(readers, "VERSIONS", {**readers.VERSIONS, "html": 99})
    index = open_index(str(docs.parent / "index"))
    assert feed.n_outdated(index.files) == 1 and feed.why_outdated("i", index.files).startswith("1 of 3 files")
    assert (last(embedder, job(docs)).n_changed, last(embedder, job(docs)).n_changed) == (1, 0)
    monkeypatch.setattr(chunking, "VERSION", 99)
    anew = last(embedder, job(docs))
    assert (anew.n_changed, anew.n_embedded, anew.n_chunks) == (3, 3, 3)


def test_files_read_in_part_links_and_encodings_are_told(docs: Path, embedder: Embedder) -> None:
    put(docs, {"t.csv": 'a,b\n1,"x\n2,y\n', "x.doc": "x", "p.png": "x", "r.txt": "Привет, мир".encode("cp1251")})
    (docs / "far.txt").symlink_to(put(docs.parent / "far", {"a.txt": "far"}) / "a.txt")
    found = events(embedder, job(docs))
    end = found[-1]
    assert isinstance(end, Indexed) and (end.n_files, end.n_partly, end.n_unread, end.n_other) == (6, 1, 1, 1)
    assert end.other_kinds == ((".png", 1),)
    assert [(event.source, event.part) for event in found if isinstance(event, FileSkipped)] == [
        ("x.doc", False), ("t.csv", True),
    ]  # fmt: skip
    told = " ".join(event.message for event in found if isinstance(event, Warned))
    assert "1 as cp1251" in told and f"far.txt → {docs.parent / 'far' / 'a.txt'}" in told


def test_the_same_text_is_kept_once_and_outlives_the_first_of_its_files(docs: Path, embedder: Embedder) -> None:
    put(docs, {"z.txt": "salt sea. ship lamp.", "l.jsonl": '{"id": "n", "text": "salt sea. ship lamp."}'})
    found = events(embedder, job(docs))
    assert skipped(found) == {
        "l.jsonl#n": "says the same as a.txt, which stands for both",
        "z.txt": "says the same as a.txt, which stands for both",
    }
    assert isinstance(found[-1], Indexed) and found[-1].n_duplicates == 2
    (docs / "a.txt").unlink()
    end = last(embedder, job(docs))
    assert (end.n_embedded, end.n_duplicates, end.n_removed) == (0, 1, 1)
    (best,) = retrieve(open_index(end.index), None, "salt", 1, "text")
    assert (best.source, best.name, best.sources) == ("l.jsonl", "n", ("l.jsonl#n", "z.txt"))


def test_what_the_embedder_does_not_read_is_counted_and_said(docs: Path, embedder: Embedder) -> None:
    put(docs, {"long.txt": "sea " * (encoders.MAX_TOKENS + 3)})
    found = events(embedder, job(docs, most=40))
    assert isinstance(found[-1], Indexed) and found[-1].n_truncated == 1
    assert any(isinstance(event, Warned) and "reads only the beginning" in event.message for event in found)


def test_what_is_cut_is_counted(docs: Path, embedder: Embedder) -> None:
    assert last(embedder, job(docs, most=3)).n_cut == 0
    assert last(embedder, job(docs, most=1, rebuild=True)).n_cut == 8


def test_an_empty_folder_is_refused_and_forgets_nothing(docs: Path, embedder: Embedder) -> None:
    events(embedder, job(docs))
    shutil.rmtree(docs)
    docs.mkdir()
    with pytest.raises(InputError, match="is empty"):
        events(embedder, job(docs))
    put(docs, {"a.txt": b"\0\0\0\x01", "b.txt": " "})
    with pytest.raises(InputError, match=r"nothing could be read: a.txt is no text.*, nor could 1 more"):
        events(embedder, job(docs))
    assert len(texts(docs)) == 3


def test_an_index_of_something_else_is_refused_until_it_is_made_anew(
    docs: Path, embedder: Embedder, tmp_path: Path
) -> None:
    events(embedder, job(docs))
    *_, other = embedding.load(str(encoders.save(tmp_path / "other", seed=1)), device="cpu")
    assert isinstance(other, Embedder)
    with pytest.raises(InputError, match="was made with another embedder"):
        events(other, job(docs))
    with pytest.raises(InputError, match="has passages of 8 tokens, not 9"):
        events(embedder, job(docs, most=9))
    with pytest.raises(InputError, match="counts the tokens of words"):
        events(embedder, job(docs)._replace(tokenizer_fingerprint="x"))
    with pytest.raises(InputError, match="is of "):
        events(embedder, job(put(tmp_path / "more", {"a.txt": "x"}), index=str(docs.parent / "index")))
    assert last(other, job(docs, rebuild=True)).n_new == 3


def test_a_damaged_index_is_refused_until_it_is_made_anew(docs: Path, embedder: Embedder) -> None:
    events(embedder, job(docs))
    for path in (docs.parent / "index").glob("chunks.lance/_versions/*"):
        path.write_bytes(b"junk")
    with pytest.raises(EngineError, match="is damaged"):
        events(embedder, job(docs))
    assert last(embedder, job(docs, rebuild=True)).n_chunks == 3


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_stopped_indexing_leaves_the_index_and_no_thread(docs: Path, embedder: Embedder, rebuild: bool) -> None:
    events(embedder, job(docs))
    put(docs, {f"more/{i}.txt": f"salt {i}." for i in range(300)})
    threads = set(running_threads())
    steps = indexing.index(job(docs, rebuild=rebuild), embedder, WordTokens())
    with closing(cast("Generator[Event, None, None]", steps)):
        next(event for event in steps if isinstance(event, Progressed) and event.phase == "embedding")
    assert set(running_threads()) <= threads
    assert len(texts(docs)) == 3
    assert last(embedder, job(docs, rebuild=rebuild)).n_chunks == 303


def test_an_index_that_is_complete_stays_though_nobody_asks_what_comes_after(docs: Path, embedder: Embedder) -> None:
    events(embedder, job(docs))
    put(docs, {"d.txt": "salt"})
    with closing(cast("Generator[Event, None, None]", indexing.index(job(docs), embedder, WordTokens()))) as steps:
        next(event for event in steps if isinstance(event, Indexed))
    assert "salt" in texts(docs)


def test_passages_without_tokens_are_refused(docs: Path, embedder: Embedder) -> None:
    with pytest.raises(InputError, match="chunk_tokens = -1"):
        events(embedder, job(docs, most=-1))


def test_a_disk_that_fills_up_is_said_and_the_index_stays(docs: Path, embedder: Embedder) -> None:
    events(embedder, job(docs))
    put(docs, {f"more/{i}.txt": f"sea {i} " * 40 for i in range(300)})
    with largest_file(8192), pytest.raises(EngineError, match="could not be written"):
        events(embedder, job(docs))
    assert len(texts(docs)) == 3


def test_many_passages_are_searched_approximately_and_it_says_how_well(
    docs: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building_module, "EXACT_UP_TO", 300)
    rng = np.random.default_rng(0)
    words = [" ".join(rng.choice(encoders.WORDS[2:6], 8)) + f" {i}" for i in range(400)]
    put(docs, {"many.csv": "text\n" + "\n".join(words)})
    end = last(embedder, job(docs, most=12))
    assert end.approximate and end.recall_10 is not None and end.recall_10 >= 0.95
    assert len(retrieve(open_index(end.index), embedder, "salt lamp", 10)) == 10


def test_what_fails_while_reading_is_not_swallowed(
    docs: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("engine.documents.feed.chunks", broken)
    with pytest.raises(ZeroDivisionError):
        events(embedder, job(docs))


def test_the_shipped_corpus_is_indexed_with_its_own_names(embedder: Embedder, tmp_path: Path) -> None:
    wanted = IndexJob(("builtin",), str(tmp_path / "index"), 64, "words", "w")
    end = last(embedder, wanted)
    assert end.n_duplicates == 39 and end.n_chunks > 5_000
    (found,) = retrieve(open_index(end.index), None, "Where was Simtamar born?", 1, "text")
    assert found.name.startswith("d") and found.title == "Simtamar"


def test_the_total_of_a_corpus_in_one_file_is_unknown_or_right_and_never_absurd(
    tmp_path: Path, embedder: Embedder
) -> None:
    lines = "\n".join(f'{{"text": "salt sea {i}. ship lamp {i}."}}' for i in range(400))
    put(tmp_path / "docs", {"corpus.jsonl": lines})
    found = events(embedder, job(tmp_path / "docs"))
    end = found[-1]
    assert isinstance(end, Indexed)
    reports = [event for event in found if isinstance(event, Progressed) and event.phase == "embedding"]
    assert {event.total for event in reports} <= {0, end.n_chunks}
    assert reports[-1].total == reports[-1].done == end.n_chunks
    assert all((event.left_s is None) == (event.total == 0) for event in reports)
    finishing = [event for event in found if isinstance(event, Progressed) and event.phase in ("writing", "indexing")]
    assert all(event.done == event.total for event in finishing)  # 0 of 0: it moves and is not full
