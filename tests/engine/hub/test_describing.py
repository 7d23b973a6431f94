"""What a download would bring is said before: size, licence, files, place, and why not."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from engine.errors import EngineError, InputError, ModelError
from engine.events import ModelDescribed
from engine.hub import describing
from engine.hub.describing import HubSite, describe
from engine.hub.hub_id import parse_id
from tests.hub_server import COMMIT, TOKEN, Hub, Repository

_Usage = namedtuple("_Usage", "total used free")


def described(site: HubSite, spec: str = "org/tiny", revision: str = "main") -> ModelDescribed:
    return describe(site, parse_id(spec), revision).event


def test_size_licence_files_place_and_what_is_free_are_said(
    site: HubSite, hub: Hub, files: dict[str, bytes], tmp_path: Path
) -> None:
    event = described(site)
    assert (event.spec, event.commit, event.licence) == ("org/tiny", COMMIT, "apache-2.0")
    assert {file.name for file in event.files} == {
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors",
        "chat_template.jinja",
    }  # fmt: skip
    assert event.n_bytes == event.missing_bytes == sum(len(files[file.name]) for file in event.files)
    assert event.folder == str(tmp_path / "cache" / "models--org--tiny")
    assert event.free_bytes == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.2)
    assert (event.n_parameters, event.family, event.why_not) == (1234, "llama", "")
    assert "code of its own" in event.notes[0]
    assert hub.asked("GET") == [("api/models/org/tiny/revision/main", "")], "nothing was downloaded"
    assert not site.cache.exists(), "nothing was written"


def test_a_disk_that_is_too_small_is_said_with_both_sizes(site: HubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: _Usage(10**9, 10**9 - 1000, 1000))
    event = described(site)
    assert "1 kB are free" in event.why_not
    assert "HF_HOME" in event.hint


def test_a_gated_model_is_described_and_refused_until_a_token_may_read_it(
    site: HubSite, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.gated, repository.licence = True, "gemma"
    event = described(site)
    assert event.gated
    assert "wants its terms accepted" in event.why_not
    assert f"{site.endpoint}/org/tiny" in event.hint
    assert "HF_TOKEN" in event.hint
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert described(site).why_not == ""
    monkeypatch.setenv("HF_TOKEN", "hf_somebodyelse")
    assert "account of the token" in described(site).hint


def test_a_licence_that_is_not_stated_is_empty(site: HubSite, repository: Repository) -> None:
    repository.licence = ""
    assert described(site).licence == ""


def test_a_hub_that_states_no_checksums_is_refused(site: HubSite, repository: Repository) -> None:
    repository.without_checksums = True
    with pytest.raises(ModelError, match="states no size or checksum"):
        described(site)


@pytest.mark.parametrize(
    ("spec", "revision", "reason"),
    [
        ("org/nothing", "main", "there is no model org/nothing"),
        ("org/tiny", "v9", "has no revision v9"),
        ("org/tiny", "../x", "is no revision"),
        ("org/tiny/other.gguf", "main", r"no file other\.gguf"),
    ],
)
def test_a_wrong_id_or_revision_is_one_line(site: HubSite, spec: str, revision: str, reason: str) -> None:
    with pytest.raises(EngineError, match=reason) as refusal:
        described(site, spec, revision)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "refused the token"), (403, "forbids"), (429, "fewer requests"), (500, "problem of its own"), (418, "418")],
)
def test_every_status_of_a_hub_is_one_line(site: HubSite, repository: Repository, status: int, reason: str) -> None:
    repository.status = status
    with pytest.raises(EngineError, match=reason) as refusal:
        described(site)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("commit", ["../../etc", "main", ""])
def test_a_commit_that_is_none_leads_nowhere(site: HubSite, repository: Repository, commit: str) -> None:
    repository.commit = commit
    with pytest.raises(EngineError, match="does not answer as a hub"):
        described(site)


def test_no_network_is_one_line_with_the_host_and_without_secrets(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9 cannot be reached") as refusal:
        described(HubSite("http://user:password@127.0.0.1:9", tmp_path))
    assert "password" not in str(refusal.value)


def test_a_user_who_wants_to_stay_offline_stays_offline(site: HubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="HF_HUB_OFFLINE is set"):
        described(site)


def test_the_free_space_of_a_folder_to_come_is_that_of_its_disk(tmp_path: Path) -> None:
    assert describing.free_bytes(tmp_path / "a" / "b") > 0
