"""Only what loading needs is downloaded: no pickles, no code, no other formats."""

import pytest

from engine.errors import ModelError
from engine.hub.file_choice import brings_code, needed_files
from engine.hub.hub_id import HubId

PLAIN = HubId("org/x")
SMALL = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
OTHERS = (
    "README.md", "LICENSE", "pytorch_model.bin", "tf_model.h5", "modeling_x.py", "onnx/model.onnx", "x-Q4.gguf",
    "original/consolidated.00.pth", "consolidated.safetensors", "adapter_model.safetensors", "../../x.safetensors",
    "fp16/model.safetensors", ".gitattributes", "training_args.json",
)  # fmt: skip


def test_weights_tokenizer_configuration_and_template_are_needed_and_nothing_else() -> None:
    names = (*OTHERS, *SMALL, "model.safetensors")
    assert needed_files(PLAIN, names) == (*sorted(SMALL), "model.safetensors")


def test_all_shards_and_their_index_are_needed() -> None:
    shards = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    names = (*OTHERS, "config.json", "model.safetensors.index.json", *shards)
    assert needed_files(PLAIN, names) == ("config.json", "model.safetensors.index.json", *shards)


def test_one_file_is_preferred_to_shards_as_transformers_does() -> None:
    names = ("config.json", "model.safetensors", "model-00001-of-00001.safetensors", "model.safetensors.index.json")
    assert needed_files(PLAIN, names) == ("config.json", "model.safetensors")


def test_a_named_gguf_file_is_all_that_is_needed() -> None:
    assert needed_files(HubId("org/x", "q/x-Q4.gguf"), ("q/x-Q4.gguf", "q/x-Q8.gguf", *SMALL)) == ("q/x-Q4.gguf",)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("config.json", "pytorch_model.bin"), "pickled weights only"),
        (("config.json", "a-Q4.gguf"), "org/x/FILE: a-Q4.gguf"),
        (("config.json",), "no weights"),
        (("model.safetensors",), "no config.json"),
        ((), "no weights"),
    ],
)
def test_what_could_not_be_loaded_is_refused_with_the_reason(names: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ModelError) as refusal:
        needed_files(PLAIN, names)
    assert reason in str(refusal.value)


def test_a_gguf_file_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ModelError, match=r"no file b\.gguf.*a\.gguf"):
        needed_files(HubId("org/x", "b.gguf"), ("a.gguf",))


def test_code_in_a_repository_is_noticed() -> None:
    assert brings_code(OTHERS)
    assert not brings_code(SMALL)
