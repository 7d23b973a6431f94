"""Labels lie beside the trace: cleaned, replaced whole, and nothing of a file from elsewhere is believed."""

from pathlib import Path

import pytest

from engine.store import labels
from engine.store.labels import LABELS, Labels


def test_labels_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = Labels("A title", ("a", "b"), "first\nsecond")
    labels.write(tmp_path, written)
    assert labels.read(tmp_path) == written
    assert [path.name for path in tmp_path.iterdir()] == [LABELS]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"title": 1}', b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_cannot_be_read_is_no_label(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LABELS).write_bytes(content)
    assert labels.read(tmp_path) == Labels()


def test_a_link_and_a_huge_file_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "real").write_text('{"title": "secret"}')
    (tmp_path / LABELS).symlink_to(tmp_path / "real")
    assert labels.read(tmp_path) == Labels()
    (tmp_path / LABELS).unlink()
    (tmp_path / LABELS).write_text('{"title": "' + "x" * 2**20 + '"}')
    assert labels.read(tmp_path) == Labels()


def test_hostile_labels_become_harmless() -> None:
    cleaned = labels.cleaned(Labels("a\x1b\nb" * 1000, ("x\n", " ", "x", *map(str, range(200))), "one\x07\r\n\ntwo "))
    assert len(cleaned.title) <= 200
    assert "\n" not in cleaned.title
    assert len(cleaned.tags) == 64
    assert cleaned.note == "one\n\ntwo"
