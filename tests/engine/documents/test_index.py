"""An index on disk: one step from the old to the new, whatever happens in between, and what cannot be opened."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from msgspec.structs import replace
from numpy.typing import NDArray

from engine.documents import building as building_module
from engine.documents import index as index_module
from engine.documents.building import Building
from engine.documents.chunking import Chunk
from engine.documents.index import Damaged, FileRecord, IndexedDocument, NoIndex, OpenIndex, Recipe, open_index
from engine.documents.locking import alone
from engine.documents.unfinished import Leftover
from engine.errors import EngineError, InputError

RECIPE = Recipe(("/docs",), "tiny", "print", 4, "target", "words", 64)


def chunk(document: str, number: int = 0, text: str = "salt and sea") -> Chunk:
    return Chunk(f"{document}:{number}", document, f"{document}.txt", "", document, "", 0, len(text), text, 3, False)


def vectors(n: int, seed: int = 0, width: int = 4) -> NDArray[np.float32]:
    made = np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)
    unit: NDArray[np.float32] = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


def files(*documents: str) -> list[FileRecord]:
    return [FileRecord(f"{name}.txt", 1, 1, name, (IndexedDocument(name, "", name),)) for name in documents]


def make(uri: str, *documents: str, before: OpenIndex | None = None, anew: bool = False) -> OpenIndex:
    with alone(uri):
        building = Building(uri, RECIPE, before, anew=anew)
        building.add([chunk(name) for name in documents], vectors(len(documents)), [0])
        building.make_searchable()
        building.commit(building.head(0, None), files(*documents))
    return open_index(uri)


def ids(index: OpenIndex) -> set[str]:
    return set(index.chunks.to_arrow()["id"].to_pylist())


def test_what_was_added_is_there_when_opened(tmp_path: Path) -> None:
    found = make(str(tmp_path / "i"), "a", "b")
    assert ids(found) == {"a:0", "b:0"}
    assert (found.head.n_chunks, found.head.n_truncated, found.head.recipe) == (2, 1, RECIPE)
    assert found.files == tuple(files("a", "b"))


def test_the_index_before_is_read_until_the_new_one_is_complete_and_by_who_has_it_open(tmp_path: Path) -> None:
    uri = str(tmp_path / "i")
    old = make(uri, "a")
    building = Building(uri, RECIPE, old, anew=False)
    building.add([chunk("b")], vectors(1), [])
    building.remove(["a"])
    building.make_searchable()
    assert ids(open_index(uri)) == {"a:0"}
    building.commit(building.head(0, None), files("b"))
    assert ids(open_index(uri)) == {"b:0"}
    assert ids(old) == {"a:0"}


def test_what_a_killed_indexing_left_behind_is_undone_by_one_that_makes_another(tmp_path: Path) -> None:
    uri = str(tmp_path / "i")
    make(uri, "a")
    other = Building(uri, replace(RECIPE, chunk_tokens=32), open_index(uri), anew=True)
    other.add([chunk("lost")], vectors(1), [])
    assert ids(make(uri, "b", before=open_index(uri))) == {"a:0", "b:0"}


def test_what_a_killed_indexing_left_behind_is_there_for_one_that_makes_the_same(tmp_path: Path) -> None:
    uri = str(tmp_path / "i")
    make(uri, "a")
    Building(uri, RECIPE, open_index(uri), anew=False).add([chunk("b")], vectors(1), [])
    left = Building(uri, RECIPE, open_index(uri), anew=False).left
    assert isinstance(left, Leftover) and left.ids == {"b:0"} and left.named.keys() == {"a", "b"}
    assert ids(open_index(uri)) == {"a:0"}


def test_a_process_that_is_killed_while_it_writes_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    uri = str(tmp_path / "i")
    make(uri, "a")
    code = (
        "import os, signal, sys; from tests.engine.documents.test_index import *\n"
        "with alone(sys.argv[1]):\n"
        "    building = Building(sys.argv[1], RECIPE, open_index(sys.argv[1]), anew=True)\n"
        "    building.add([chunk('b')], vectors(1), [])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, uri], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    assert ids(open_index(uri)) == {"a:0"}
    assert ids(make(uri, "c", before=open_index(uri))) == {"a:0", "c:0"}


def test_the_library_writes_nothing_to_the_terminal_where_a_first_index_is_made(tmp_path: Path) -> None:
    code = (
        "import sys; from engine.machine.quiet import quiet_logs; quiet_logs()\n"
        "import lancedb; from tests.engine.documents.test_index import make; make(sys.argv[1], 'a')\n"
    )
    alone = {name: value for name, value in os.environ.items() if name != "LANCEDB_LOG"}
    words = [sys.executable, "-c", code, str(tmp_path / "i")]
    done = subprocess.run(words, check=True, capture_output=True, text=True, env=alone)
    assert done.stdout == done.stderr == ""


def test_an_indexing_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    uri = str(tmp_path / "i")
    first = Building(uri, RECIPE, None, anew=False)
    first.abandon()
    assert not (tmp_path / "i" / "chunks.lance").exists()
    make(uri, "a")
    second = Building(uri, RECIPE, open_index(uri), anew=True)
    second.add([chunk("b")], vectors(1), [])
    second.abandon()
    assert ids(open_index(uri)) == {"a:0"}


@pytest.mark.parametrize("given_up", [True, False])
def test_passages_that_are_restored_are_not_taken_for_those_of_another_embedder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given_up: bool
) -> None:
    uri, other = str(tmp_path / "i"), replace(RECIPE, embedder_fingerprint="other")
    make(uri, "a")
    stopped = Building(uri, other, open_index(uri), anew=True)
    stopped.add([chunk("b")], vectors(1), [])
    with monkeypatch.context() as full:
        full.setattr(Building, "_publish", refuse)
        if given_up:
            stopped.abandon()
        else:
            with pytest.raises(EngineError, match="could not be written"):
                Building(uri, RECIPE, open_index(uri), anew=False)
    again = Building(uri, other, open_index(uri), anew=True)
    assert not isinstance(again.left, Leftover)
    again.add([chunk("b")], vectors(1), [])
    again.commit(again.head(0, None), files("b"))
    assert ids(open_index(uri)) == {"b:0"}


def refuse(*_: object) -> None:
    raise OSError("no space")


def test_an_index_is_made_anew_with_other_vectors(tmp_path: Path) -> None:
    uri = str(tmp_path / "i")
    old = make(uri, "a", "b")
    building = Building(uri, replace(RECIPE, dimension=8), old, anew=True)
    building.add([chunk("c")], vectors(1, width=8), [])
    building.make_searchable()
    building.commit(building.head(0, None), files("c"))
    assert ids(open_index(uri)) == {"c:0"}


def test_passages_can_be_named_after_another_file(tmp_path: Path) -> None:
    uri = str(tmp_path / "i")
    building = Building(uri, RECIPE, make(uri, "it's"), anew=False)
    building.rename({"it's": ("b.txt", IndexedDocument("it's", "n", "B"))})
    building.make_searchable()
    building.commit(building.head(0, None), files("it's"))
    (row,) = open_index(uri).chunks.to_arrow().to_pylist()
    assert (row["source"], row["name"], row["title"]) == ("b.txt", "n", "B")


@contextmanager
def largest_file(n_bytes: int) -> Iterator[None]:
    """A disk on which no file may grow further."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_in_one_line_and_the_index_before_stays(tmp_path: Path) -> None:
    uri = str(tmp_path / "i")
    building = Building(uri, RECIPE, make(uri, "a"), anew=False)
    with largest_file(4096), pytest.raises(EngineError, match=r"could not be written .*File too large") as caught:
        building.add([chunk(f"b{i}") for i in range(4000)], vectors(4000), [])
    assert ".rs" not in caught.value.message and "as it was" in caught.value.hint
    assert ids(open_index(uri)) == {"a:0"}


def test_two_cannot_make_the_same_index_at_once(tmp_path: Path) -> None:
    with alone(str(tmp_path / "i")), pytest.raises(InputError, match="by another program"), alone(str(tmp_path / "i")):
        pass


def test_folders_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"), alone(str(tmp_path)):
        pass
    with pytest.raises(InputError, match="is a file"), alone(str(tmp_path / "letter.txt")):
        pass
    with pytest.raises(InputError, match="cannot hold an index"), alone("/dev/null/i"):
        pass


def test_an_object_store_is_locked_for_this_machine(tmp_path: Path) -> None:
    with alone("s3://bucket/index"), pytest.raises(InputError, match="another program"), alone("s3://bucket/index"):
        pass


def test_an_address_is_opened_by_the_same_code(tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/i"
    assert ids(make(uri, "a")) == {"a:0"}
    assert ids(open_index(str(tmp_path / "i"))) == {"a:0"}


def test_tables_of_others_in_an_object_store_are_left_alone(tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/i"
    others = index_module.connect(uri)
    others.create_table("theirs", [{"a": 1}])
    first = Building(uri, RECIPE, None, anew=False)
    first.add([chunk("lost")], vectors(1), [])
    first.abandon()
    assert index_module.names(others) == ["theirs"]
    assert ids(make(uri, "a")) == {"a:0"}
    building_module.discard(uri)
    assert index_module.names(others) == ["theirs"] and others.open_table("theirs").count_rows() == 1


@pytest.mark.parametrize("table", ["manifest", "chunks"])
def test_damaged_tables_in_an_object_store_are_deleted(tmp_path: Path, table: str) -> None:
    uri = f"file://{tmp_path}/i"
    make(uri, "a")
    for path in (tmp_path / "i").glob(f"{table}.lance/_versions/*.manifest"):
        path.write_bytes(b"junk")
    building_module.discard(uri)
    assert ids(make(uri, "b")) == {"b:0"}


def test_where_there_is_no_index_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoIndex, match=r"there is no index at .*rag index DIR"):
        open_index(str(tmp_path / "none"))
    with pytest.raises(NoIndex):
        open_index(f"file://{tmp_path}/none")


def test_an_index_that_is_not_there_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for name in ("none", "folder", "file"):
        with pytest.raises(NoIndex):
            index_module.refuse_missing(str(tmp_path / name))
    for uri in ("builtin", "s3://bucket/index"):
        index_module.refuse_missing(uri)


def test_memory_that_runs_out_is_no_damage() -> None:
    with pytest.raises(MemoryError), index_module.reading("i"):
        raise SystemError("error return without exception set")
    with pytest.raises(Damaged), index_module.reading("i"):
        raise SystemError("unknown opcode")


def test_an_address_that_cannot_be_reached_is_not_called_damaged() -> None:
    with pytest.raises(EngineError, match=r"the index at http://x/y cannot be reached .*check its address") as err:
        open_index("http://x/y")
    assert not isinstance(err.value, Damaged)


@pytest.mark.parametrize("kind", ["manifest.lance/_versions/*.manifest", "chunks.lance/_versions/*.manifest"])
def test_a_damaged_index_is_named(tmp_path: Path, kind: str) -> None:
    make(str(tmp_path / "i"), "a")
    for path in (tmp_path / "i").glob(kind):
        path.write_bytes(b"junk")
    with pytest.raises(Damaged, match="is damaged") as err:
        open_index(str(tmp_path / "i"))
    # Where the documents come from stands in the manifest.
    documents = "DOCUMENTS" if kind.startswith("manifest") else " ".join(RECIPE.roots)
    assert err.value.hint == f"make it anew: draftscope rag index {documents} --index {tmp_path / 'i'} --rebuild"
    assert "draftscope rag index 'my notes' --index" in err.value.of(["my notes"]).hint
    building_module.discard(str(tmp_path / "i"))
    assert ids(make(str(tmp_path / "i"), "b")) == {"b:0"}


def test_a_missing_table_is_damage(tmp_path: Path) -> None:
    make(str(tmp_path / "i"), "a")
    (tmp_path / "i" / "chunks.lance").rename(tmp_path / "gone")
    with pytest.raises(Damaged):
        open_index(str(tmp_path / "i"))


def test_an_index_of_a_newer_program_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(str(tmp_path / "i"), "a")
    monkeypatch.setattr(index_module, "SCHEMA", 0)
    with pytest.raises(InputError, match="made by a newer Draftscope"):
        open_index(str(tmp_path / "i"))


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(EngineError, match=r"LanceDB is not installed .*pip install lancedb"):
        index_module.connect(str(tmp_path))


def test_many_passages_get_an_approximate_index_that_finds_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building_module, "EXACT_UP_TO", 500)
    building = Building(str(tmp_path / "i"), RECIPE, None, anew=False)
    building.add([chunk("d", i) for i in range(1_000)], vectors(1_000), [])
    building.make_searchable()
    n_probes, recall = building.probes(vectors(20, seed=1))
    assert building.is_approximate() and n_probes > 0 and recall >= 0.95
    assert building.head(n_probes, recall).n_trained == 1_000
    assert len(building.sample(7)) == 7


def test_the_lock_is_the_one_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "i").mkdir()
    with FileLock(tmp_path / "i" / ".lock"), pytest.raises(InputError, match="another program"):
        make(str(tmp_path / "i"), "a")
