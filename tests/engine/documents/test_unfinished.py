"""A stopped or killed indexing: the next goes on with what it had embedded, and the index before stays until then."""

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from engine.documents import indexing, jobs
from engine.documents.building import Building
from engine.documents.embedding import Embedder
from engine.documents.index import open_index
from engine.documents.jobs import IndexJob
from engine.documents.locking import alone
from engine.errors import InputError
from engine.events import Event, Indexed, Progressed, Warned
from tests.engine.documents.test_index import largest_file
from tests.engine.documents.test_indexing import docs, embedder, events, job, last, rows, texts
from tests.papers import WordTokens, put

__all__ = ["docs", "embedder"]
_MANY, _STOPPED_AT = 600, 400
_KILLED = """
import os, signal, sys
from engine.documents import embedding
from tests.engine.documents.test_unfinished import Path, WordTokens, indexing, one_a_sentence
*_, embedder = embedding.load(sys.argv[2], device="cpu")
for event in indexing.index(one_a_sentence(Path(sys.argv[1]), rebuild=sys.argv[3] == "anew"), embedder, WordTokens()):
    if getattr(event, "phase", "") == sys.argv[4] and event.done >= int(sys.argv[5]):
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def many(docs: Path) -> Path:
    return put(docs, {f"more/{i // 100}.txt": " ".join(f"salt {j}." for j in range(i, i + 100)) for i in stops()})


def stops() -> range:
    return range(0, _MANY, 100)


def one_a_sentence(docs: Path, *, rebuild: bool = False, most: int = 2) -> IndexJob:
    """Two words a passage: every file of `many` has a hundred."""
    return job(docs, most=most, rebuild=rebuild)


def stop(embedder: Embedder, wanted: IndexJob, *, done: int = _STOPPED_AT, phase: str = "embedding") -> None:
    steps = cast("Generator[Event, None, None]", indexing.index(wanted, embedder, WordTokens()))
    with closing(steps):
        next(event for event in steps if isinstance(event, Progressed) and event.phase == phase and event.done >= done)


def kill(docs: Path, encoder: Path, *, anew: bool = False, phase: str = "embedding", done: int = _STOPPED_AT) -> None:
    words = [str(docs), str(encoder), "anew" if anew else "", phase, str(done)]
    ended = subprocess.run([sys.executable, "-c", _KILLED, *words], check=False, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def test_what_a_stopped_indexing_embedded_is_taken_over(many: Path, embedder: Embedder) -> None:
    stop(embedder, one_a_sentence(many))
    with pytest.raises(InputError, match="there is no index"):
        open_index(str(many.parent / "index"))
    found = events(embedder, one_a_sentence(many))
    end = found[-1]
    assert isinstance(end, Indexed)
    assert end.n_taken_over >= 128 and end.n_taken_over + end.n_embedded == end.n_chunks
    told = [event for event in found if isinstance(event, Progressed) and "taken over" in event.unit]
    assert (told[-1].done, told[-1].total) == (end.n_taken_over, end.n_taken_over)
    assert not (many.parent / "index" / "unfinished.lance").exists()


def test_an_index_gone_on_with_is_the_one_made_at_once(many: Path, embedder: Embedder) -> None:
    stop(embedder, one_a_sentence(many))
    events(embedder, one_a_sentence(many))
    other = one_a_sentence(many)._replace(uri=str(many.parent / "other"))
    events(embedder, other)
    stepwise, at_once = open_index(str(many.parent / "index")), open_index(other.uri)
    assert stepwise.files == at_once.files
    assert rows(stepwise) == rows(at_once)


def test_stopping_again_and_again_gets_to_the_end(many: Path, embedder: Embedder) -> None:
    for done in (200, 400, 500):
        stop(embedder, one_a_sentence(many), done=done)
    end = last(embedder, one_a_sentence(many))
    assert end.n_taken_over >= 384 and len(set(texts(many))) == end.n_chunks


@pytest.mark.parametrize("anew", [False, True])
def test_a_killed_indexing_is_gone_on_with_while_the_index_before_is_used(
    docs: Path, embedder: Embedder, anew: bool
) -> None:
    events(embedder, one_a_sentence(docs))
    had = texts(docs)
    put(docs, {f"more/{i}.txt": " ".join(f"salt {j}." for j in range(i, i + 100)) for i in stops()})
    kill(docs, Path(embedder.description.spec), anew=anew)
    assert texts(docs) == had
    end = last(embedder, one_a_sentence(docs, rebuild=anew))
    assert end.n_taken_over >= 128 and len(texts(docs)) == end.n_chunks == len(set(texts(docs)))


def test_an_indexing_killed_while_it_finishes_costs_nothing_and_what_is_back_is_found(
    many: Path, embedder: Embedder
) -> None:
    events(embedder, one_a_sentence(many))
    before = texts(many)
    hidden = (many / "a.txt").rename(many.parent / "a.txt")
    put(many, {"new.txt": "ship."})
    kill(many, Path(embedder.description.spec), phase="indexing", done=0)
    assert texts(many) == before
    hidden.rename(many / "a.txt")
    end = last(embedder, one_a_sentence(many))
    assert (end.n_taken_over, end.n_chunks) == (1, len(before) + 1)
    assert texts(many) == sorted([*before, "ship."])


def test_a_file_that_is_back_and_was_embedded_again_in_part_is_made_whole(many: Path, embedder: Embedder) -> None:
    put(many, {"long.txt": " ".join(f"sea {i}." for i in range(_MANY))})
    events(embedder, one_a_sentence(many))
    before = texts(many)
    hidden = (many / "long.txt").rename(many.parent / "long.txt")
    stop(embedder, one_a_sentence(many), phase="indexing", done=1)
    hidden.rename(many / "long.txt")
    stop(embedder, one_a_sentence(many))
    end = last(embedder, one_a_sentence(many))
    assert 128 <= end.n_taken_over < _MANY and end.n_taken_over + end.n_embedded == _MANY
    assert texts(many) == before


def test_files_that_changed_after_the_stop_are_embedded_as_they_are_now(many: Path, embedder: Embedder) -> None:
    stop(embedder, one_a_sentence(many))
    put(many, {"more/0.txt": "lamp."})
    (many / "a.txt").rename(many / "z.txt")
    end = last(embedder, one_a_sentence(many))
    assert 0 < end.n_taken_over < _STOPPED_AT and "lamp." in texts(many) and "salt 0." not in texts(many)
    sources = open_index(end.index).chunks.to_arrow()["source"].to_pylist()
    assert "z.txt" in sources and "a.txt" not in sources


def test_other_settings_take_nothing_over_and_say_so(many: Path, embedder: Embedder) -> None:
    stop(embedder, one_a_sentence(many))
    found = events(embedder, one_a_sentence(many, most=4))
    assert isinstance(found[-1], Indexed) and found[-1].n_taken_over == 0
    assert [event.message for event in found if isinstance(event, Warned)] == [
        "what a stopped indexing had embedded is not taken over: it had other settings"
    ]


def test_a_stopped_making_anew_is_nothing_for_bringing_up_to_date(many: Path, embedder: Embedder) -> None:
    events(embedder, one_a_sentence(many))
    stop(embedder, one_a_sentence(many, rebuild=True, most=3), done=200)
    end = last(embedder, one_a_sentence(many))
    assert (end.n_taken_over, end.n_embedded, end.n_new) == (0, 0, 0)


@pytest.mark.parametrize("made_before", [False, True])
def test_what_was_damaged_is_embedded_again_and_said(many: Path, embedder: Embedder, made_before: bool) -> None:
    if made_before:
        events(embedder, one_a_sentence(many))
        put(many, {f"new/{i}.txt": f"ship {i}." for i in range(300)})
    index = many.parent / "index"
    there = set(index.glob("chunks.lance/data/*"))
    stop(embedder, one_a_sentence(many), done=200)
    for path in set(index.glob("chunks.lance/data/*")) - there:
        path.write_bytes(path.read_bytes()[:200])
    found = events(embedder, one_a_sentence(many))
    assert isinstance(found[-1], Indexed) and found[-1].n_taken_over == 0
    (warned,) = (event.message for event in found if isinstance(event, Warned))
    assert "not taken over: it is damaged (" in warned and "\n" not in warned
    assert len(set(texts(many))) == found[-1].n_chunks


def test_vectors_that_no_embedder_made_are_damage(many: Path, embedder: Embedder) -> None:
    wanted = one_a_sentence(many)
    stop(embedder, wanted)
    building = Building(wanted.uri, jobs.recipe(wanted, embedder.description), None, anew=False)
    row = building._chunks.to_arrow().slice(0, 1).to_pylist()[0]
    building._chunks.add([{**row, "id": "x", "vector": [3.0] * 8}])
    found = events(embedder, wanted)
    assert any("not what an embedder makes" in event.message for event in found if isinstance(event, Warned))


def test_documents_that_cannot_be_reached_for_a_time_cost_nothing(many: Path, embedder: Embedder) -> None:
    stop(embedder, one_a_sentence(many))
    away = many.rename(many.parent / "away")
    put(many, {"a.txt": ""})
    with pytest.raises(InputError, match="nothing could be read"):
        events(embedder, one_a_sentence(many))
    (many / "a.txt").unlink()
    many.rmdir()
    away.rename(many)
    assert last(embedder, one_a_sentence(many)).n_taken_over >= 128


def test_a_full_disk_leaves_nothing_behind(many: Path, embedder: Embedder) -> None:
    stop(embedder, one_a_sentence(many), done=200)
    with largest_file(4096), pytest.raises(Exception, match="could not be written"):
        events(embedder, one_a_sentence(many))
    assert not list((many.parent / "index").glob("*.lance"))


def test_a_second_indexing_cannot_take_up_what_the_first_is_making(many: Path, embedder: Embedder) -> None:
    stop(embedder, one_a_sentence(many))
    with alone(one_a_sentence(many).uri), pytest.raises(InputError, match="by another program"):
        events(embedder, one_a_sentence(many))
    assert last(embedder, one_a_sentence(many)).n_taken_over > 0
