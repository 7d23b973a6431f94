"""A file is hashed once, and again only when its size or date has changed."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from engine.models.gguf import content_hash


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "m.gguf").write_bytes(b"abc" * 1000)
    return tmp_path / "m.gguf"


def test_hash_is_that_of_the_content_and_is_noted(file: Path) -> None:
    assert content_hash.noted(file) is None
    assert [step.done for step in content_hash.compute(file)] == [3000]
    assert content_hash.noted(file) == sha256(file.read_bytes()).hexdigest()
    assert list(content_hash.compute(file)) == [], "nothing is read again"


def test_a_changed_file_is_hashed_again(file: Path) -> None:
    list(content_hash.compute(file))
    os.utime(file, ns=(1, 1))
    assert content_hash.noted(file) is None


def test_a_damaged_note_is_no_note(file: Path) -> None:
    list(content_hash.compute(file))
    (note,) = (content_hash.root() / "hashes").iterdir()
    note.write_text("{")
    assert content_hash.noted(file) is None


def test_a_missing_file_has_no_hash(file: Path) -> None:
    assert content_hash.noted(file.with_name("none.gguf")) is None
