"""The folder of rows: whole documents, other collections refused, damage named."""

from pathlib import Path

import msgspec
import pytest

from engine.errors import EngineError, InputError, InUse
from engine.training import gate_rows
from tests.engine.training.test_gate_training import START, collection, rows


def test_rows_are_read_in_order_of_their_documents(tmp_path: Path) -> None:
    folder = gate_rows.begin(tmp_path / "r", START)
    for document in (2, 0, 1):
        folder.write(document, rows(document, n=3))
    assert folder.read().documents.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    known = folder.document(2)
    assert known is not None
    assert known.q.tolist() == rows(2, n=3).q.tolist()
    assert folder.document(3) is None


def test_another_collection_is_not_mixed_in(tmp_path: Path) -> None:
    collection(tmp_path / "r", n_documents=1)
    with pytest.raises(InputError, match="it differs in the drafter's weights"):
        gate_rows.begin(tmp_path / "r", msgspec.structs.replace(START, drafter_hash="x"))
    assert gate_rows.begin(tmp_path / "r", START).start == START


def test_two_collections_into_one_folder_are_refused_and_a_stopped_one_continues(tmp_path: Path) -> None:
    with gate_rows.collecting(tmp_path / "r", START) as folder:
        folder.write(0, rows(0, n=3))
        refused = pytest.raises(InUse, match="another program collects rows")
        with refused, gate_rows.collecting(tmp_path / "r", START):
            pass
    with gate_rows.collecting(tmp_path / "r", START) as folder:
        assert folder.document(0) is not None


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="holds something else"):
        gate_rows.begin(tmp_path, START)


@pytest.mark.parametrize("torn", [b"", b'{"target": "t"'])
def test_a_description_that_is_damaged_is_named(tmp_path: Path, torn: bytes) -> None:
    gate_rows.begin(tmp_path / "r", START)
    (tmp_path / "r" / "collection.json").write_bytes(torn)
    with (
        pytest.raises(InputError, match="is damaged, so that it is not known"),
        gate_rows.collecting(tmp_path / "r", START),
    ):
        pass


def test_what_differs_is_said_in_words(tmp_path: Path) -> None:
    gate_rows.begin(tmp_path / "r", START)
    with pytest.raises(InputError, match="it differs in the number of tokens a document"):
        gate_rows.begin(tmp_path / "r", msgspec.structs.replace(START, n_new=START.n_new + 1))


def test_nothing_is_left_in_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="holds something else"), gate_rows.collecting(tmp_path, START):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


def test_a_collection_that_was_stopped_before_its_description_begins_anew(tmp_path: Path) -> None:
    for name in (".lock", "collection.partial"):
        (tmp_path / name).write_text("half", encoding="utf-8")
    with gate_rows.collecting(tmp_path, START) as folder:
        assert gate_rows.open_rows(tmp_path) == folder


def test_a_damaged_document_is_named(tmp_path: Path) -> None:
    path = collection(tmp_path / "r", n_documents=2)
    (path / "rows-000001.safetensors").write_bytes(b"torn")
    with pytest.raises(EngineError, match="rows-000001"):
        gate_rows.open_rows(path).read()
