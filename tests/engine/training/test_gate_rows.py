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
    with pytest.raises(InputError, match="its drafter hash differs"):
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


def test_a_damaged_document_is_named(tmp_path: Path) -> None:
    path = collection(tmp_path / "r", n_documents=2)
    (path / "rows-000001.safetensors").write_bytes(b"torn")
    with pytest.raises(EngineError, match="rows-000001"):
        gate_rows.open_rows(path).read()
