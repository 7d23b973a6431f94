import os
import threading
from pathlib import Path

import pytest

from engine.errors import EngineError, InputError
from engine.reports import writing


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_is_replaced_only_when_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "r.html"
    writing.write(path, b"a", force=False)
    with pytest.raises(InputError, match="--force"):
        writing.write(path, b"b", force=False)
    assert path.read_bytes() == b"a"
    writing.write(path, b"b", force=True)
    assert path.read_bytes() == b"b" and names(path.parent) == ["r.html"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.html"
    path.write_bytes(b"old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(EngineError, match="No space left") as caught:
        writing.write(path, b"new", force=True)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old" and names(tmp_path) == ["r.html"]


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        writing.write(tmp_path, b"a", force=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EngineError, match="could not be written"):
        writing.write(tmp_path / "file" / "r.html", b"a", force=True)


@pytest.mark.parametrize("is_link", [False, True])
def test_a_pipe_or_a_device_keeps_its_place(tmp_path: Path, is_link: bool) -> None:
    pipe, path = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    path.symlink_to(pipe if not is_link else "/dev/null")
    before = sorted(names(tmp_path))
    for out in (path,) if is_link else (path, pipe):
        with pytest.raises(InputError, match="not a file"):
            writing.write(out, b"a", force=True)
        with pytest.raises(OSError, match="not a file"):
            writing.replace(out, b"a")
    assert sorted(names(tmp_path)) == before and pipe.is_fifo() and path.is_symlink()


def test_two_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    contents = [bytes([letter]) * 100_000 for letter in b"abcd"]
    threads = [threading.Thread(target=writing.write, args=(path, c), kwargs={"force": True}) for c in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents and names(tmp_path) == ["r.html"]
