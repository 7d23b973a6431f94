"""`draftscope models`: says what a download brings, prints progress and result, and refuses in one line."""

import io
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag

import pytest
import typer

from engine.cli import main, models
from engine.errors import EngineError
from engine.events import Event
from engine.hub import getting
from engine.hub.child import HubRequest
from engine.hub.describing import HubSite
from engine.models.gguf.plan import root
from tests import fakes
from tests.hub_server import Hub, Repository, model_files, serving


class Terminal(io.StringIO):
    """An input at which somebody sits."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("model")
    fakes.save(fakes.model(), folder)
    return model_files(folder, template=True)


@pytest.fixture
def hub(files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that the commands ask without a process of their own, which is tested by itself."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with serving(tiny=Repository(dict(files))) as running:
        site = HubSite(running.address, tmp_path / "cache")

        def asked(request: HubRequest, _stopped: Flag) -> Iterator[Event]:
            events: list[Event] = []
            act = getting.get if request.action == "get" else getting.look_up
            try:
                act(site, request.spec, request.revision, events.append)
            except EngineError:
                yield from events
                raise
            yield from events

        monkeypatch.setattr(models, "hub_events", asked)
        yield running


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    """The objects that a command prints."""
    assert main(["models", *arguments, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The last line that a refused command prints."""
    assert main(["models", *arguments]) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_get_prints_what_it_brings_progress_files_and_a_summary(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    first, *middle, summary = called(capsys, "get", "org/tiny")
    assert (first["event"], first["licence"], first["bytes"]) == ("described", "apache-2.0", summary["bytes"])
    assert {line["event"] for line in middle} == {"progress", "file"}
    last = [line for line in middle if line["event"] == "progress"][-1]
    assert last["bytes"] == last["total_bytes"] == summary["bytes"]
    assert {"bytes_per_s", "left_s", "elapsed_s"} <= last.keys()
    assert summary["event"] == "summary"
    assert summary["spec"] == "org/tiny"
    assert Path(str(summary["path"])).is_dir()
    assert "model.safetensors" in summary["files"]  # type: ignore[operator]


def test_get_for_people_says_size_licence_files_and_place_first(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "get", "org/tiny"]) == 0
    out, err = capsys.readouterr()
    assert "licence  apache-2.0" in out
    assert "model.safetensors" in out
    assert "are free" in out
    assert out.splitlines()[-1].startswith("ready: ")
    assert "--target or --drafter org/tiny" in err


def test_a_dry_run_downloads_nothing(hub: Hub, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (line,) = called(capsys, "get", "org/tiny", "--dry-run")
    assert line["missing_bytes"] == line["bytes"]
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("agrees", [False, True])
def test_somebody_at_a_terminal_is_asked_once(
    hub: Hub, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, agrees: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: agrees)
    assert main(["models", "get", "org/tiny"]) == 0
    assert (tmp_path / "cache").exists() is agrees
    assert capsys.readouterr().out.count("licence") == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("get", "../x"), "names no model of a hub"),
        (("get", "org/none"), "there is no model org/none"),
        (("get", "org/tiny", "--revision", "v9"), "has no revision v9"),
        (("get", "org/tiny", "--revision", "../x"), "is no revision"),
        (("remove", "org/none", "--yes"), "is not in the hub cache"),
        (("pairs", "--dtype", "int3"), "unknown dtype"),
    ],
)
def test_every_mistake_is_one_line(
    hub: Hub, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], reason: str
) -> None:
    assert reason in refusal(capsys, *arguments)


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_gated_model_is_refused_after_saying_what_it_is(
    hub: Hub, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    hub.repositories["org/tiny"].gated = True
    assert "is gated" in refusal(capsys, "get", "org/tiny", *options)


def test_a_stop_keeps_what_is_there_and_says_so(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_request: HubRequest, stop: Flag) -> Iterator[Event]:
        stop.set()
        raise EngineError("stopped by the user", "get it again")
        yield

    monkeypatch.setattr(models, "hub_events", stopped)
    assert main(["models", "get", "org/tiny"]) == 130
    assert "it continues from what is there" in capsys.readouterr().err


def test_what_is_cached_is_listed_and_removed(hub: Hub, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert called(capsys, "list") == [
        {"event": "summary", "models": 0, "bytes": 0, "path": str(tmp_path / "cache"), "conversions": 0},
    ]
    called(capsys, "get", "org/tiny")
    model, summary = called(capsys, "list")
    assert (model["repo"], model["family"], model["instruct"], model["why_not"]) == ("org/tiny", "llama", True, "")
    assert summary["bytes"] == model["n_bytes"]
    assert main(["models", "list"]) == 0
    assert "apache-2.0  llama" in capsys.readouterr().out
    assert "add --yes" in refusal(capsys, "remove", "org/tiny")
    (removed,) = called(capsys, "remove", "org/tiny", "--yes")
    assert removed["freed_bytes"] == model["n_bytes"]
    assert called(capsys, "list")[-1]["models"] == 0


def test_a_removal_is_asked_for_and_can_be_declined(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    called(capsys, "get", "org/tiny")
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    assert main(["models", "remove", "org/tiny"]) == 0
    err = capsys.readouterr().err
    assert "shared with every program" in err
    assert "nothing was removed" in err
    assert (tmp_path / "cache" / "models--org--tiny").exists()
    shutil.rmtree(tmp_path / "cache")


def test_pairs_are_offered_with_reasons(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    *pairs, summary = called(capsys, "pairs", "--device", "cpu")
    assert summary["pairs"] == len(pairs)
    assert summary["fitting"] == sum(not pair["why_not"] for pair in pairs)
    assert main(["models", "pairs", "--device", "cpu"]) == 0
    out, err = capsys.readouterr()
    assert "google/gemma-3-1b-it" in out
    assert str(summary["stated"]) in err


def test_converted_files_are_listed_and_what_they_were_converted_into_is_removed(
    hub: Hub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file, folder = tmp_path / "m.gguf", root() / "m-0123456789abcdef-1"
    file.write_bytes(b"GGUF")
    fakes.save(fakes.model(), folder)
    (folder / "source.json").write_text(json.dumps({"file": str(file), "dtype": "float32"}))
    model, summary = called(capsys, "list")
    assert (model["repo"], model["converted_into"], model["dtype"]) == (str(file), str(folder), "float32")
    assert (model["family"], model["why_not"], summary["models"], summary["conversions"]) == ("llama", "", 0, 1)
    assert main(["models", "list"]) == 0
    out, err = capsys.readouterr()
    assert str(file) in out and str(folder) in out and "the file stays" in err
    assert "add --yes" in refusal(capsys, "remove", str(file))
    file.unlink()
    assert called(capsys, "list")[0]["why_not"] == "its file is gone"
    (removed,) = called(capsys, "remove", str(file), "--yes")
    assert removed == {"event": "summary", "spec": str(file), "freed_bytes": model["n_bytes"]}
    assert not folder.exists() and "names no model of a hub" in refusal(capsys, "remove", str(file), "--yes")
