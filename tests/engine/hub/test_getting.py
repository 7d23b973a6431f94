"""A model is got whole, entered into the cache as its own tools do, and never half in use."""

import errno
from pathlib import Path

import pytest
from filelock import FileLock
from huggingface_hub import constants, snapshot_download

from engine.errors import EngineError, InputError, ModelError
from engine.events import Event, FileDownloaded, ModelDescribed, ModelDownloaded, Progressed
from engine.hub import downloading, getting, records
from engine.hub.describing import HubSite
from engine.models import checkpoint_folder
from tests.hub_server import COMMIT, Hub, Repository

OTHER = "fedcba9876543210fedcba9876543210fedcba98"


def got(site: HubSite, spec: str = "org/tiny", revision: str = "main") -> list[Event]:
    events: list[Event] = []
    getting.get(site, spec, revision, events.append)
    return events


def downloaded(events: list[Event]) -> ModelDownloaded:
    last = events[-1]
    assert isinstance(last, ModelDownloaded)
    return last


def test_it_says_what_it_will_bring_then_its_progress_each_file_and_the_end(site: HubSite) -> None:
    first, *middle, last = got(site)
    assert isinstance(first, ModelDescribed)
    assert isinstance(last, ModelDownloaded)
    progress = [event for event in middle if isinstance(event, Progressed)]
    assert [event.done for event in progress] == sorted(event.done for event in progress)
    assert (progress[-1].done, progress[-1].total, progress[-1].unit) == (first.n_bytes, first.n_bytes, "bytes")
    assert [event.name for event in middle if isinstance(event, FileDownloaded)] == list(last.files)
    assert (last.spec, last.n_bytes, last.fetched_bytes) == ("org/tiny", first.n_bytes, first.n_bytes)


def test_what_was_got_can_be_loaded_by_its_id(site: HubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    event = downloaded(got(site))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(site.cache))
    assert snapshot_download("org/tiny", local_files_only=True, cache_dir=site.cache) == event.path
    assert {path.name for path in Path(event.path).iterdir()} == set(event.files)


def test_getting_it_again_downloads_nothing(site: HubSite, hub: Hub) -> None:
    got(site)
    hub.requests.clear()
    assert downloaded(got(site)).fetched_bytes == 0
    assert hub.asked("GET") == [("api/models/org/tiny/revision/main", "")]


def test_a_model_that_is_half_there_is_not_the_current_one(
    site: HubSite, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.break_after = [10, 0, 0, 0]
    with pytest.raises(EngineError, match="cannot be reached"):
        got(site)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(site.cache))
    with pytest.raises(EngineError, match="models get org/tiny"):
        checkpoint_folder.inspect("org/tiny")
    assert downloaded(got(site)).fetched_bytes == len(repository.files["model.safetensors"]) - 10


def test_a_new_commit_shares_the_files_that_did_not_change(site: HubSite, repository: Repository) -> None:
    got(site)
    repository.commit = OTHER
    repository.files["config.json"] += b"\n"
    event = downloaded(got(site))
    assert event.commit == OTHER
    assert event.fetched_bytes == len(repository.files["config.json"])
    assert (site.storage("org/tiny") / "refs" / "main").read_text() == OTHER


def test_another_revision_is_loaded_by_its_path_and_does_not_become_the_current_one(site: HubSite) -> None:
    event = downloaded(got(site, revision="v1"))
    assert event.spec == event.path
    assert not (site.storage("org/tiny") / "refs" / "main").exists()
    assert downloaded(got(site, revision=COMMIT)).spec == event.path


def test_a_gguf_file_comes_alone_and_is_loaded_by_its_path(site: HubSite) -> None:
    event = downloaded(got(site, "org/tiny/model-Q4.gguf"))
    assert event.files == ("model-Q4.gguf",)
    assert event.spec == event.path
    assert Path(event.path).read_bytes() == b"GGUF"


def test_a_model_that_cannot_be_got_is_described_and_nothing_is_written(site: HubSite, repository: Repository) -> None:
    repository.gated = True
    events: list[Event] = []
    with pytest.raises(InputError, match="gated"):
        getting.get(site, "org/tiny", "main", events.append)
    assert [type(event) for event in events] == [ModelDescribed]
    assert not site.storage("org/tiny").exists()


def test_two_downloads_of_one_model_do_not_meet(site: HubSite) -> None:
    path = site.cache / ".locks" / "models--org--tiny" / "draftscope.lock"
    path.parent.mkdir(parents=True)
    with FileLock(path), pytest.raises(InputError, match="being downloaded already"):
        got(site)
    assert downloaded(got(site)).fetched_bytes > 0


def test_a_full_disk_is_one_line_with_the_way_out(site: HubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloading, "_write", full)
    with pytest.raises(EngineError, match=r"the disk is full at .*it continues from what is there") as refusal:
        got(site)
    assert "\n" not in str(refusal.value)


def test_a_cache_that_must_not_be_written_is_one_line(site: HubSite) -> None:
    site.cache.parent.mkdir(exist_ok=True)
    site.cache.write_text("a file")
    with pytest.raises(EngineError, match=r"cannot be written .*HF_HOME"):
        got(site)


def test_a_wrong_file_stops_the_download_and_the_others_are_kept(site: HubSite, repository: Repository) -> None:
    repository.wrong = {"model.safetensors": b"x" * len(repository.files["model.safetensors"])}
    with pytest.raises(ModelError, match="checksum"):
        got(site)
    repository.wrong = {}
    assert downloaded(got(site)).fetched_bytes == len(repository.files["model.safetensors"])


def test_what_was_got_is_remembered_with_its_licence(site: HubSite) -> None:
    got(site)
    record = records.recorded("org/tiny")
    assert (record.commits, record.licence) == ((COMMIT,), "apache-2.0")
    assert record.downloaded_utc.endswith("Z")


def test_looking_up_downloads_nothing(site: HubSite, hub: Hub) -> None:
    events: list[Event] = []
    getting.look_up(site, "org/tiny", "main", events.append)
    assert [type(event) for event in events] == [ModelDescribed]
    assert len(hub.asked("GET")) == 1
