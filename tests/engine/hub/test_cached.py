"""The cache is listed with what each model is, and a removal takes that model alone and says whom else it concerns."""

import json
import shutil
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.events import CachedModel
from engine.hub import cached, getting, records
from engine.hub.cached import is_instruct, listed, remove
from engine.hub.describing import HubSite
from tests.hub_server import Hub, Repository


@pytest.fixture(autouse=True)
def _own_cache(site: HubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache of the test is the one that models are loaded from."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(site.cache))


def get(site: HubSite, spec: str = "org/tiny", revision: str = "main") -> None:
    getting.get(site, spec, revision, lambda _event: None)


def models(site: HubSite) -> dict[str, CachedModel]:
    return {model.repo: model for model in listed(site).models}


def test_an_empty_cache_lists_nothing(site: HubSite) -> None:
    assert listed(site).models == ()
    assert listed(site).folder == str(site.cache)


def test_a_model_is_listed_with_size_licence_and_what_it_is_loaded_as(site: HubSite) -> None:
    get(site)
    (model,) = listed(site).models
    assert (model.repo, model.spec, model.licence) == ("org/tiny", "org/tiny", "apache-2.0")
    assert (model.family, model.instruct, model.why_not) == ("llama", True, "")
    assert model.context > 0
    assert model.n_bytes > 100_000
    assert model.by_draftscope


def test_a_model_that_cannot_be_loaded_is_listed_with_the_reason(site: HubSite, repository: Repository) -> None:
    repository.files["config.json"] = json.dumps({"model_type": "unheard-of"}).encode()
    get(site)
    assert "unheard-of" in models(site)["org/tiny"].why_not


def test_a_model_of_another_program_has_the_licence_of_its_card(site: HubSite) -> None:
    get(site)
    records.forget("org/tiny")
    card = next((site.storage("org/tiny") / "snapshots").iterdir()) / "README.md"
    card.write_text('---\nlicense: "mit"\n---\n# card')
    model = models(site)["org/tiny"]
    assert (model.licence, model.by_draftscope) == ("mit", False)


def test_an_unfinished_download_is_listed_as_one(site: HubSite, repository: Repository) -> None:
    repository.break_after = [1000, 0, 0, 0]
    with pytest.raises(Exception, match="cannot be reached"):
        get(site)
    model = models(site)["org/tiny"]
    assert model.unfinished_bytes == 1000
    assert "not finished" in model.why_not


def test_an_unfinished_first_file_is_listed_too(site: HubSite) -> None:
    blobs = site.storage("org/begun") / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "x.draftscope.incomplete").write_bytes(b"12345")
    assert models(site)["org/begun"].unfinished_bytes == 5
    assert listed(site).problems == ()
    assert remove(cached.removal("org/begun", site), site).freed_bytes == 5
    assert not site.storage("org/begun").exists()


def test_a_damaged_repository_is_named_and_stops_nothing(site: HubSite) -> None:
    get(site)
    broken = site.storage("org/broken") / "snapshots"
    broken.mkdir(parents=True)
    (broken / "a-file").write_text("x")
    answer = listed(site)
    assert [model.repo for model in answer.models] == ["org/tiny"]
    assert "org--broken" in answer.problems[0]


def test_a_removal_frees_what_it_said_and_nothing_is_left(site: HubSite) -> None:
    get(site)
    what = cached.removal("org/tiny", site)
    assert what.freed_bytes == models(site)["org/tiny"].n_bytes
    assert [note for note in what.notes if "shared with every program" in note] == list(what.notes)
    assert remove(what, site).freed_bytes == what.freed_bytes
    assert listed(site).models == ()
    assert not site.storage("org/tiny").exists()
    assert records.recorded("org/tiny").commits == ()


def test_a_copy_with_the_same_commit_stays(site: HubSite, hub: Hub, repository: Repository) -> None:
    hub.repositories["org/copy"] = repository
    get(site)
    get(site, "org/copy")
    for spec, other in (("org/tiny", "org/copy"), ("org/copy", "")):
        what = cached.removal(spec, site)
        assert what.freed_bytes > 100_000
        remove(what, site)
        assert set(models(site)) == ({other} if other else set())


def test_what_another_program_downloaded_is_said_before_it_goes(site: HubSite, repository: Repository) -> None:
    get(site)
    records.forget("org/tiny")
    assert any("not downloaded by Draftscope" in note for note in cached.removal("org/tiny", site).notes)
    repository.commit = "f" * 40
    get(site)
    assert any("another program downloaded 1 revision" in note for note in cached.removal("org/tiny", site).notes)


def test_what_is_not_there_cannot_be_removed(site: HubSite) -> None:
    with pytest.raises(InputError, match="is not in the hub cache"):
        cached.removal("org/none", site)


@pytest.mark.parametrize(
    ("name", "template", "instruct"),
    [("Qwen3-0.6B", True, True), ("Qwen3-0.6B-Base", True, False), ("gemma-3-1b-pt", True, False), ("x", False, False)],
)
def test_an_instruct_model_has_a_template_and_is_no_base_model_by_name(
    tmp_path: Path, name: str, template: bool, instruct: bool
) -> None:
    content = {"chat_template": "{{ messages }}"} if template else {}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(content))
    assert is_instruct(f"org/{name}", tmp_path) is instruct
    shutil.copy(tmp_path / "tokenizer_config.json", tmp_path / "x")
    (tmp_path / "tokenizer_config.json").write_text("{")
    assert not is_instruct(f"org/{name}", tmp_path)
