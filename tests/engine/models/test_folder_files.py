"""A model folder may hold only regular files of bounded size, and its index names only safetensors files in it."""

import json
import os
from pathlib import Path

import pytest

from engine.errors import ModelError
from engine.models import checkpoint_folder, folder_files
from tests import fakes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fakes.save(fakes.model(), tmp_path / "m")
    return tmp_path / "m"


def index(folder: Path, name: str) -> Path:
    """An index in place of the single weight file, which stays as a decoy of the same last name."""
    decoy = folder / name.replace("\\", "/").rpartition("/")[2].strip(".\0 ")
    weights = folder / "model.safetensors"
    weights.rename(decoy if decoy != folder else folder / "decoy.safetensors")
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps({"weight_map": {"w": name}}))
    return path


@pytest.mark.parametrize(
    "name", ["sub/shard.safetensors", "../outside/shard.safetensors", "..\\shard.safetensors", "/etc/shard.safetensors"]
)
def test_index_that_leaves_the_folder_is_refused(folder: Path, name: str) -> None:
    index(folder, name)
    with pytest.raises(ModelError, match="which is not in this folder"):
        checkpoint_folder.inspect(str(folder))


@pytest.mark.parametrize("name", ["shard.bin", "shard.pt", "shard"])
def test_index_that_names_a_pickle_is_refused(folder: Path, name: str) -> None:
    index(folder, name)
    with pytest.raises(ModelError, match="no safetensors file"):
        checkpoint_folder.inspect(str(folder))


def test_index_that_names_a_missing_file_is_refused_with_its_name(folder: Path) -> None:
    index(folder, "shard.safetensors").write_text('{"weight_map": {"w": "other.safetensors"}}')
    with pytest.raises(ModelError, match=r"lacks 'other\.safetensors'"):
        checkpoint_folder.inspect(str(folder))


def test_index_of_files_in_the_folder_is_followed(folder: Path) -> None:
    index(folder, "shard.safetensors")
    assert checkpoint_folder.inspect(str(folder)).n_parameters > 0


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize(
    "name",
    [
        "config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json", "special_tokens_map.json",
        "added_tokens.json", "merges.txt", "tokenizer.model", "chat_template.jinja", "model.safetensors",
        "additional_chat_templates/x.jinja",
    ],
)  # fmt: skip
def test_pipe_or_device_is_refused_before_anything_opens_it(folder: Path, name: str, kind: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(ModelError, match=f"{path.name} is a {kind}, not a file"):
        checkpoint_folder.inspect(str(folder))


def test_socket_of_another_program_beside_the_model_does_not_matter(folder: Path) -> None:
    os.mkfifo(folder / "server.sock")
    assert checkpoint_folder.inspect(str(folder)).n_parameters > 0


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_file_too_large_to_read_is_refused_unread(folder: Path, name: str) -> None:
    with (folder / name).open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(ModelError, match="more than the"):
        checkpoint_folder.inspect(str(folder))


@pytest.mark.parametrize("name", ["config.json", "generation_config.json", "tokenizer_config.json"])
@pytest.mark.parametrize("depth", [200, 900, 100_000])
def test_deep_json_is_refused_as_such(folder: Path, name: str, depth: int) -> None:
    (folder / name).write_text('{"x": ' + "[" * depth + "]" * depth + "}")
    with pytest.raises(ModelError, match="levels deep"):
        checkpoint_folder.inspect(str(folder))


def test_object_of_usual_depth_is_read(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"a": {"b": [{"c": 1}]}}')
    assert folder_files.read_json(tmp_path / "c.json", "m") == {"a": {"b": [{"c": 1}]}}


def test_adapter_over_another_model_is_refused(folder: Path) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "someone/else"}')
    with pytest.raises(ModelError, match="is an adapter"):
        checkpoint_folder.inspect(str(folder))


def test_weights_under_another_name_are_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "transformers_weights": "sub/x.safetensors"}))
    with pytest.raises(ModelError, match="names weights of its own"):
        checkpoint_folder.inspect(str(folder))


def test_folder_whose_name_is_no_text_is_refused_for_that(folder: Path) -> None:
    other = folder.with_name("mod\udcff")
    folder.rename(other)
    with pytest.raises(ModelError, match="is not valid UTF-8"):
        checkpoint_folder.inspect(str(other))
