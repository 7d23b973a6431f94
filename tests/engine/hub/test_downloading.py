"""A file arrives whole or not at all: continued where it broke off, checked, deleted if it is wrong."""

import errno
from pathlib import Path

import pytest

from engine.errors import EngineError, ModelError
from engine.hub import downloading
from engine.hub.describing import HubSite, RemoteFile, partial_file
from engine.hub.downloading import Source, download
from engine.hub.refusals import Asked
from tests.hub_server import COMMIT, TOKEN, Hub, Repository

NAME = "model.safetensors"


@pytest.fixture
def source(site: HubSite) -> Source:
    return Source(site, Asked(site.endpoint, "org/tiny", "main", site.cache), COMMIT)


@pytest.fixture
def remote(repository: Repository) -> RemoteFile:
    return RemoteFile(NAME, len(repository.files[NAME]), repository.checksum(NAME), "sha256")


def blob(source: Source, remote: RemoteFile) -> Path:
    return source.storage / "blobs" / remote.checksum


def ranges(hub: Hub) -> list[str]:
    return [reach for path, reach in hub.asked("GET") if path.endswith(NAME)]


def test_a_file_is_downloaded_once(source: Source, remote: RemoteFile, hub: Hub, files: dict[str, bytes]) -> None:
    seen: list[int] = []
    assert download(source, remote, seen.append) == remote.n_bytes
    assert blob(source, remote).read_bytes() == files[NAME]
    assert (seen[0], seen[-1]) == (0, remote.n_bytes)
    assert download(source, remote, seen.append) == 0
    assert ranges(hub) == [""]


def test_a_connection_that_breaks_is_continued_where_it_broke(
    source: Source, remote: RemoteFile, hub: Hub, repository: Repository
) -> None:
    repository.break_after = [1000, 500]
    assert download(source, remote, lambda _n: None) == remote.n_bytes
    assert blob(source, remote).read_bytes() == repository.files[NAME]
    assert ranges(hub) == ["", "bytes=1000-", "bytes=1500-"]


def test_a_hub_that_breaks_off_again_and_again_is_given_up_and_what_is_there_is_kept(
    source: Source, remote: RemoteFile, hub: Hub, repository: Repository
) -> None:
    repository.break_after = [1000, 0, 0, 0]
    with pytest.raises(EngineError, match=r"cannot be reached .*it continues from what is there"):
        download(source, remote, lambda _n: None)
    assert partial_file(source.storage, remote).stat().st_size == 1000
    repository.break_after = []
    assert download(source, remote, lambda _n: None) == remote.n_bytes - 1000
    assert ranges(hub)[-1] == "bytes=1000-"


def test_a_server_that_ignores_ranges_is_read_from_the_start(
    source: Source, remote: RemoteFile, repository: Repository
) -> None:
    repository.ignores_range, repository.break_after = True, [1000]
    download(source, remote, lambda _n: None)
    assert blob(source, remote).read_bytes() == repository.files[NAME]


def test_a_wrong_content_is_deleted_and_said(source: Source, remote: RemoteFile, repository: Repository) -> None:
    repository.wrong = {NAME: b"x" * remote.n_bytes}
    with pytest.raises(ModelError, match=r"does not have the checksum .*it was deleted; get it again"):
        download(source, remote, lambda _n: None)
    assert not blob(source, remote).exists()
    assert not partial_file(source.storage, remote).exists()


def test_more_than_the_hub_stated_is_not_written(source: Source, remote: RemoteFile, repository: Repository) -> None:
    repository.wrong = {NAME: b"x" * (remote.n_bytes + 1)}
    with pytest.raises(ModelError, match="longer than the hub states"):
        download(source, remote, lambda _n: None)
    assert not blob(source, remote).exists()


def test_small_files_are_checked_with_gits_hash(source: Source, repository: Repository) -> None:
    config = RemoteFile("config.json", len(repository.files["config.json"]), repository.checksum("config.json"), "git")
    download(source, config, lambda _n: None)
    repository.wrong = {"tokenizer.json": b"{}"}
    wrong = RemoteFile("tokenizer.json", 2, repository.checksum("tokenizer.json"), "git")
    with pytest.raises(ModelError, match=r"tokenizer\.json does not have the checksum"):
        download(source, wrong, lambda _n: None)


def test_leftovers_longer_than_the_file_are_dropped(source: Source, remote: RemoteFile) -> None:
    partial = partial_file(source.storage, remote)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"y" * (remote.n_bytes + 10))
    assert download(source, remote, lambda _n: None) == remote.n_bytes


def test_a_complete_leftover_is_checked_and_not_downloaded(source: Source, remote: RemoteFile, hub: Hub) -> None:
    partial = partial_file(source.storage, remote)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(hub.repositories["org/tiny"].files[NAME])
    assert download(source, remote, lambda _n: None) == 0
    assert not ranges(hub)


def test_a_disk_that_fills_up_half_way_keeps_what_is_there(
    source: Source, remote: RemoteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(target: object, chunk: bytes, file: object) -> None:
        target.write(chunk[:700])  # type: ignore[attr-defined]
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloading, "_write", full)
    with pytest.raises(OSError, match="No space left"):
        download(source, remote, lambda _n: None)
    assert partial_file(source.storage, remote).stat().st_size == 700


def test_the_token_is_sent_to_the_hub(
    source: Source, remote: RemoteFile, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    download(source, remote, lambda _n: None)
    assert hub.tokens == [f"Bearer {TOKEN}"]
