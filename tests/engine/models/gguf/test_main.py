"""The process of a conversion reports on stdout how it ended."""

import json
import threading
from pathlib import Path

import pytest

from engine.models.gguf import __main__ as child
from engine.models.gguf import conversion
from tests import fakes, gguf_files


@pytest.fixture(autouse=True)
def _without_the_watch_on_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_end_with_parent", threading.Event().set)


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    return json.loads(capsys.readouterr().out.splitlines()[-1])  # type: ignore[no-any-return]


def test_a_good_end_is_an_empty_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = gguf_files.write(tmp_path / "m.gguf", fakes.model())
    assert child.main([str(file), str(tmp_path / "m"), "float32"]) == 0
    assert report(capsys) == {}
    assert (tmp_path / "m" / "tokenizer.json").exists()


def test_a_refusal_is_passed_on_with_its_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.gguf").write_bytes(b"")
    assert child.main([str(tmp_path / "m.gguf"), str(tmp_path / "m"), "float32"]) == 2
    assert report(capsys) == {"message": "m.gguf is empty", "hint": "download or copy the file again"}


@pytest.mark.parametrize(
    ("error", "reason"), [(MemoryError(), "memory ran out"), (OSError(28, "disk full"), "disk full")]
)
def test_whatever_a_library_raises_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(conversion, "convert", fail)
    file = gguf_files.write(tmp_path / "m.gguf", fakes.model())
    assert child.main([str(file), str(tmp_path / "m"), "float32"]) == 2
    assert reason in report(capsys)["message"]
