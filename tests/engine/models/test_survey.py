"""Which models are offered, and the reasons why one cannot serve."""

import json
import shutil
from pathlib import Path
from threading import Event as Flag

import pytest
from huggingface_hub import constants

from engine.commands import Load
from engine.errors import EngineError, InputError, ModelError
from engine.events import ModelOption, Role, Surveyed
from engine.models import checkpoint_folder, devices, weights
from engine.models.survey import survey
from engine.session.session import Session
from tests import fakes, vocabularies


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache."""
    folder = tmp_path / "hub"
    folder.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint, and one with another tokenizer."""
    folder = tmp_path_factory.mktemp("made")
    fakes.save(fakes.model(), folder / "good")
    fakes.save(fakes.model(), folder / "other", words=fakes.tokenizer(seed=2))
    return folder


def put(cache: Path, spec: str, checkpoint: Path) -> Path:
    """A checkpoint in the hub cache, as the hub client lays it out; returns its snapshot."""
    repository = cache / f"models--{spec.replace('/', '--')}"
    snapshot = repository / "snapshots" / ("0" * 40)
    shutil.copytree(checkpoint, snapshot)
    (repository / "blobs").mkdir()
    for file in snapshot.iterdir():
        blob = repository / "blobs" / file.name
        file.rename(blob)
        file.symlink_to(Path("../../blobs") / file.name)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    return snapshot


def look(target: str = "builtin", *known: str) -> Surveyed:
    return survey(target, known, device="cpu", dtype="auto", cancelled=Flag())


def option(found: Surveyed, spec: str, role: Role) -> ModelOption:
    return next(one for one in found.options if (one.spec, one.role) == (spec, role))


def change(file: Path, **values: object) -> None:
    text = file.read_text()
    file.unlink()
    file.write_text(json.dumps({**json.loads(text), **values}))


def test_built_in_models_are_offered_where_there_is_no_cache(cache: Path) -> None:
    cache.rmdir()
    found = look()
    assert [one.spec for one in found.options if one.role == "target"] == ["builtin"]
    assert all(not one.why_not and one.n_bytes > 0 for one in found.options)
    assert found.problem == ""


def test_cached_models_are_offered_with_the_size_of_their_weights(cache: Path, made: Path) -> None:
    put(cache, "org/good", made / "good")
    found = option(look("org/good"), "org/good", "target")
    assert (found.why_not, found.n_bytes) == ("", (made / "good" / "model.safetensors").stat().st_size)


def test_drafter_of_another_tokenizer_is_offered_as_one_that_drafts_through_text(cache: Path, made: Path) -> None:
    put(cache, "org/good", made / "good")
    put(cache, "org/other", made / "other")
    found = look("org/good")
    ways = [(one.why_not, one.drafts_through) for one in found.options if one.role == "drafter"]
    assert (option(found, "org/good", "drafter").drafts_through, set(ways)) == ("ids", {("", "ids"), ("", "text")})
    assert option(found, "org/other", "drafter").drafts_through == "text"
    assert option(found, "org/other", "target").drafts_through == "ids"
    assert option(found, "builtin", "drafter").drafts_through == "text"


def test_drafter_whose_tokenizer_loses_text_is_offered_with_the_reason(cache: Path, made: Path) -> None:
    put(cache, "org/good", made / "good")
    fakes.save(fakes.model(), made / "lossy", words=vocabularies.blanks_lost())
    put(cache, "org/lossy", made / "lossy")
    why_not = option(look("org/good"), "org/lossy", "drafter").why_not
    assert why_not.startswith("org/lossy does not share the tokenizer of org/good: token 0 is ")
    assert "org/lossy loses text: 'boat harbour' begins with token 0, 'boat'" in why_not


def test_survey_and_load_give_the_same_reason(cache: Path, made: Path) -> None:
    put(cache, "org/good", made / "good")
    fakes.save(fakes.model(), made / "lossy", words=vocabularies.blanks_lost())
    put(cache, "org/lossy", made / "lossy")
    with pytest.raises(InputError) as refused:
        list(Session().do(Load("org/good", "org/lossy")))
    assert option(look("org/good"), "org/lossy", "drafter").why_not == refused.value.message


def test_reasons_of_files_are_said_for_both_roles(cache: Path, made: Path) -> None:
    pickled = put(cache, "org/pickled", made / "good")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    coded = put(cache, "org/coded", made / "good")
    change(coded / "config.json", auto_map={"AutoModel": "x.Y"}, model_type="someones_own")
    broken = put(cache, "org/broken", made / "good")
    (broken.parent.parent / "blobs" / "model.safetensors").unlink()
    found = look()
    for spec, word in (("pickled", "pickled"), ("coded", "auto_map"), ("broken", "damaged or incomplete")):
        assert word in option(found, f"org/{spec}", "target").why_not
        assert word in option(found, f"org/{spec}", "drafter").why_not


def test_recurrent_model_is_offered_with_the_reason(cache: Path, made: Path) -> None:
    snapshot = put(cache, "org/recurrent", made / "good")
    change(snapshot / "config.json", model_type="falcon_h1", architectures=["FalconH1ForCausalLM"])
    assert "recurrent state" in option(look(), "org/recurrent", "target").why_not


def test_model_larger_than_memory_is_offered_with_the_reason(
    cache: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cache, "org/good", made / "good")
    monkeypatch.setattr(devices, "free_bytes", lambda _device: 1000)
    assert "are free on cpu" in option(look(), "org/good", "target").why_not


def test_what_is_no_language_model_is_left_out(cache: Path, made: Path) -> None:
    snapshot = put(cache, "org/vision", made / "good")
    change(snapshot / "config.json", architectures=["CLIPModel"])
    empty = put(cache, "org/empty", made / "good")
    (empty / "config.json").unlink()
    (cache / "datasets--org--text").mkdir()
    (cache / "models--org--refs-only").mkdir()
    (cache / "version.txt").write_text("1")
    models = set(checkpoint_folder.BUILTIN_DRAFTERS) - {checkpoint_folder.BUILTIN_LONGSPEC}
    assert {one.spec for one in look().options} == models


def test_unreadable_cache_is_said_and_the_rest_is_offered(cache: Path) -> None:
    cache.rmdir()
    cache.write_text("a file where a folder should be")
    found = look()
    assert "cannot be read" in found.problem
    assert len(found.options) >= 3


@pytest.mark.parametrize("name", ["<b>bold<b>", "two\nlines", "right\u202eto-left", "ü…"])
def test_folder_of_any_name_is_offered_as_it_is(cache: Path, made: Path, tmp_path: Path, name: str) -> None:
    folder = str(shutil.copytree(made / "good", tmp_path / name))
    found = option(look(folder, folder), folder, "drafter")
    assert (found.spec, found.title, found.why_not) == (folder, name, "")


def test_folder_that_is_gone_is_offered_with_the_reason(cache: Path) -> None:
    assert "no folder" in option(look("builtin", "/nowhere/at/all"), "/nowhere/at/all", "target").why_not


def test_two_hundred_models_need_one_look_at_a_shared_vocabulary(
    cache: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = put(cache, "org/m000", made / "good")
    for number in range(1, 200):
        repository = cache / f"models--org--m{number:03}"
        (repository / "refs").mkdir(parents=True)
        (repository / "refs" / "main").write_text("0" * 40)
        (repository / "snapshots").mkdir()
        (repository / "snapshots" / ("0" * 40)).symlink_to(first)
    from engine.models import checks

    reads: list[str] = []
    read_tokenizer = checks._read_tokenizer
    monkeypatch.setattr(
        checks, "_read_tokenizer", lambda at, spec, timing: reads.append(spec) or read_tokenizer(at, spec, timing)
    )
    found = look("org/m000")
    assert sum(one.role == "drafter" and one.spec.startswith("org/") for one in found.options) == 200
    assert all(not one.why_not for one in found.options if one.spec.startswith("org/"))
    assert len(reads) <= 1 + len(checkpoint_folder.BUILTIN_DRAFTERS)


def test_survey_reads_no_weights_and_can_be_stopped(cache: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache, "org/good", made / "good")
    monkeypatch.setattr(weights, "read", lambda *_: pytest.fail("weights were read"))
    assert look("org/good").options
    cancelled = Flag()
    cancelled.set()
    with pytest.raises(EngineError, match="stopped"):
        survey("org/good", (), device="cpu", dtype="auto", cancelled=cancelled)


def test_unfit_target_leaves_its_drafters_judged_alone(cache: Path, made: Path) -> None:
    put(cache, "org/good", made / "good")
    found = look("./nowhere")
    assert option(found, "org/good", "drafter").why_not == ""


def test_private_key_is_the_reason_that_a_load_gives(cache: Path, made: Path) -> None:
    snapshot = put(cache, "org/private", made / "good")
    change(snapshot / "config.json", _attn_implementation="someone/kernel")
    with pytest.raises(ModelError) as refused:
        list(Session().do(Load("org/private", "none")))
    assert option(look(), "org/private", "target").why_not == refused.value.message


def test_folder_without_permission_is_offered_with_the_reason(
    cache: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cache, "org/secret", made / "good")
    exists = Path.exists

    def refuse(path: Path) -> bool:
        if "org--secret" in str(path) and path.name.endswith(".json"):
            raise PermissionError(13, "Permission denied")
        return exists(path)

    monkeypatch.setattr(Path, "exists", refuse)
    assert "cannot be read (Permission denied)" in option(look(), "org/secret", "target").why_not
