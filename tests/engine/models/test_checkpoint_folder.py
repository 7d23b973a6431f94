"""Checkpoints are inspected before anything is loaded; what is unsafe or broken is refused with the way out."""

import json
from pathlib import Path

import pytest

from engine.errors import EngineError, InputError, ModelError
from engine.models import checkpoint_folder
from tests import fakes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fakes.save(fakes.model(), tmp_path / "m")
    return tmp_path / "m"


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_good_folder_tells_its_size(folder: Path) -> None:
    found = checkpoint_folder.inspect(str(folder))
    assert found.n_parameters == sum(p.numel() for p in fakes.model().parameters())


def test_missing_folder_is_refused() -> None:
    with pytest.raises(InputError, match=r"there is no folder \./nowhere"):
        checkpoint_folder.inspect("./nowhere")


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is empty"):
        checkpoint_folder.inspect(str(tmp_path))


def test_folder_of_gguf_files_asks_for_the_name_of_one(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    with pytest.raises(InputError, match="holds GGUF files") as err:
        checkpoint_folder.inspect(str(tmp_path))
    assert err.value.hint.endswith("m.gguf")


def test_pickled_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickled"):
        checkpoint_folder.inspect(str(folder))


def test_folder_without_weights_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="no weights"):
        checkpoint_folder.inspect(str(folder))


@pytest.mark.parametrize("name", ["config.json", "generation_config.json", "tokenizer_config.json"])
def test_code_of_the_models_own_is_noted_wherever_it_is_named(folder: Path, name: str) -> None:
    assert checkpoint_folder.inspect(str(folder)).own_code == ""
    change(folder / name, auto_map={"AutoModel": "x.Y"})
    assert checkpoint_folder.inspect(str(folder)).own_code == name


@pytest.mark.parametrize(
    ("key", "value"), [("_attn_implementation", "someone/kernel"), ("_x", {"a": 1}), ("_kernels", ["someone/kernel"])]
)
def test_a_private_key_that_may_name_something_is_refused(folder: Path, key: str, value: object) -> None:
    change(folder / "config.json", **{key: value})
    with pytest.raises(ModelError, match=f"private key {key}"):
        checkpoint_folder.inspect(str(folder))


@pytest.mark.parametrize(
    ("key", "value"),
    [("_attn_implementation_autoset", True), ("_remove_final_layer_norm", False), ("_old", None), ("_pattern", 6)],
)
def test_a_private_key_that_only_records_a_fact_is_allowed(folder: Path, key: str, value: object) -> None:
    change(folder / "config.json", **{key: value})
    assert checkpoint_folder.inspect(str(folder)).n_parameters > 0


def test_quantised_weights_are_refused_for_that_and_not_for_a_key(folder: Path) -> None:
    settings = {"quant_method": "aqlm", "_load_in_4bit": True, "_names": "something"}
    change(folder / "config.json", quantization_config=settings)
    with pytest.raises(ModelError, match="aqlm"):
        checkpoint_folder.inspect(str(folder))


def test_the_weights_that_count_are_those_that_transformers_reads(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    (folder / "part.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    index.write_text(json.dumps({"weight_map": {"w": "part.safetensors"}}))
    files = checkpoint_folder.weight_files(folder, "m")
    assert [path.name for path in files] == ["model.safetensors"], "an index beside it does not count"
    change(folder / "config.json", transformers_weights=index.name)
    assert [path.name for path in checkpoint_folder.weight_files(folder, "m")] == ["part.safetensors"]


def test_weights_under_a_name_that_transformers_does_not_read_are_refused_by_that_name(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "consolidated.safetensors")
    with pytest.raises(ModelError, match=r"has no model\.safetensors .* not read \'consolidated\.safetensors\'"):
        checkpoint_folder.inspect(str(folder))


def test_private_key_is_refused_even_inside_a_nested_configuration(folder: Path) -> None:
    change(folder / "config.json", text_config={"layers": [{"_attn_implementation": "someone/kernel"}]})
    with pytest.raises(ModelError, match="_attn_implementation"):
        checkpoint_folder.inspect(str(folder))


def test_harmless_private_key_of_older_checkpoints_is_allowed(folder: Path) -> None:
    change(folder / "config.json", _name_or_path="x")
    assert checkpoint_folder.inspect(str(folder)).config["_name_or_path"] == "x"


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00"])
def test_broken_configuration_is_refused(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"config\.json"):
        checkpoint_folder.inspect(str(folder))


@pytest.mark.parametrize("n_kept", [0, 5, 200, -1])
def test_truncated_weights_are_refused(folder: Path, n_kept: int) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:n_kept])
    with pytest.raises(ModelError, match="damaged or incomplete"):
        checkpoint_folder.inspect(str(folder))


@pytest.mark.parametrize("spec", ["", "  ", "~no-such-user-here/x", "x" * 300, "a\0b"])
def test_impossible_path_is_refused(spec: str) -> None:
    with pytest.raises(InputError):
        checkpoint_folder.inspect(spec)


def test_folder_whose_name_begins_like_a_builtin_is_a_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    folder.rename("builtin-like")
    assert checkpoint_folder.inspect("./builtin-like").n_parameters > 0


def test_second_copy_of_the_weights_is_not_counted(folder: Path) -> None:
    before = checkpoint_folder.inspect(str(folder)).n_parameters
    (folder / "consolidated.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    assert checkpoint_folder.inspect(str(folder)).n_parameters == before


def test_unknown_builtin_model_names_those_there_are() -> None:
    with pytest.raises(InputError, match="builtin:small"):
        checkpoint_folder.inspect("builtin:huge", drafter=True)


@pytest.mark.parametrize("spec", ["someone/some-model", "a//b", "someone/../x"])
def test_hub_id_that_is_not_cached_is_refused_without_a_download(spec: str) -> None:
    with pytest.raises(EngineError, match=r"hub cache|no folder"):
        checkpoint_folder.inspect(spec)


def test_fingerprint_tells_weights_words_and_configuration_apart(folder: Path) -> None:
    first = checkpoint_folder.fingerprint(str(folder))
    assert checkpoint_folder.fingerprint(str(folder)) == first
    weights = folder / "model.safetensors"
    raw = weights.read_bytes()
    weights.write_bytes(raw[:-4] + b"\x01\x02\x03\x04")
    other = checkpoint_folder.fingerprint(str(folder))
    weights.write_bytes(raw)
    change(folder / "tokenizer_config.json", added=1)
    assert len({first, other, checkpoint_folder.fingerprint(str(folder))}) == 3


def test_all_built_in_weights_stay_below_their_limits() -> None:
    sizes = [path.stat().st_size for path in checkpoint_folder.builtin_folder("").rglob("*") if path.is_file()]
    assert max(sizes) < 16 << 20
    assert sum(sizes) < 30 << 20
