"""The file of a pool: continued after a stop, torn lines dropped, one writer at a time."""

from pathlib import Path

import pytest

from engine.errors import EngineError, InputError
from engine.evaluation.pool_file import PoolContent, PoolFile, TriedQuestion
from engine.rag.demonstration_pool import PooledDemonstration

CONTENT = PoolContent(("world", "5", "hybrid"))
KEPT = TriedQuestion("q1", PooledDemonstration("q1", "single", "Who?", "Ked", ("a text",), (("when?", "now"),)))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("engine.machine.paths.user_cache", lambda: tmp_path)
    return tmp_path


def test_what_was_tried_is_there_again_and_a_torn_line_is_dropped() -> None:
    file = PoolFile(CONTENT)
    assert file.tried == ()
    file.add(KEPT)
    file.add(TriedQuestion("q2"))
    file.close()
    file.path.write_bytes(file.path.read_bytes() + b'{"id": "q3", "ke')
    again = PoolFile(CONTENT)
    assert again.tried == (KEPT, TriedQuestion("q2")) and again.path.read_bytes().endswith(b"\n")
    again.close()
    other = PoolFile(PoolContent(("world", "6", "hybrid")))
    assert other.tried == ()
    other.close()


def test_two_writers_at_once_are_refused() -> None:
    file = PoolFile(CONTENT)
    with pytest.raises(InputError, match="being made by another program; wait until it ends"):
        PoolFile(CONTENT)
    file.close()


def test_a_disk_that_refuses_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    file = PoolFile(CONTENT)

    def refuse(*arguments: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(EngineError, match=r"cannot be written .No space left on device.; free the disk"):
        file.add(KEPT)
    file.close()


def test_a_disk_that_fills_while_a_torn_line_is_dropped_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    file = PoolFile(CONTENT)
    file.add(KEPT)
    file.close()
    torn = file.path.read_bytes() + b'{"id": "q3", "ke'
    file.path.write_bytes(torn)

    def half(path: Path, content: bytes) -> None:
        with path.open("wb") as opened:
            opened.write(content[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", half)
        with pytest.raises(EngineError, match="free the disk"):
            PoolFile(CONTENT)
    assert file.path.read_bytes() == torn
    again = PoolFile(CONTENT)
    assert again.tried == (KEPT,)
    again.close()
