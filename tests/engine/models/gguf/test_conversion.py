"""A converted file is the model it was made of: the same numbers out, the same tokens, its chat template."""

from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from engine.errors import ModelError
from engine.models.gguf import conversion, header
from tests import fakes, gguf_files

FAMILIES = {
    "llama": {},
    "qwen2": {},
    "qwen3": {"head_dim": 8},
    "gemma2": {"head_dim": 8, "sliding_window": 12, "query_pre_attn_scalar": 8},
    "gemma3_text": {
        "head_dim": 8,
        "sliding_window": 12,
        "query_pre_attn_scalar": 8,
        "num_hidden_layers": 7,
        "sliding_window_pattern": 6,
    },  # the only one that llama.cpp knows
}
IDS = torch.arange(2, 42)[None]


def model(family: str, **changes: object) -> PreTrainedModel:
    return fakes.model(family, sharpness=2.0, **{**FAMILIES[family], **changes})


def converted(path: Path, folder: Path) -> PreTrainedModel:
    conversion.convert(header.read(str(path)), folder, torch.float32)
    loaded: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder)
    return loaded.eval()


@torch.inference_mode()
def logits(made: PreTrainedModel) -> torch.Tensor:
    return made(IDS).logits  # type: ignore[no-any-return]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_computes_what_the_original_computes(family: str, tmp_path: Path) -> None:
    made = model(family)
    loaded = converted(gguf_files.write(tmp_path / "m.gguf", made), tmp_path / "m")
    torch.testing.assert_close(logits(loaded), logits(made), rtol=1e-4, atol=1e-4)


def test_untied_output_and_other_rotary_base_are_kept(tmp_path: Path) -> None:
    made = model("llama", tie_word_embeddings=False, rope_parameters={"rope_type": "default", "rope_theta": 5e5})
    loaded = converted(gguf_files.write(tmp_path / "m.gguf", made), tmp_path / "m")
    torch.testing.assert_close(logits(loaded), logits(made), rtol=1e-4, atol=1e-4)


def test_llama_3_stretches_its_rotary_embedding_as_the_factors_in_the_file_say(tmp_path: Path) -> None:
    rope = {
        "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }  # fmt: skip
    made = model("llama", head_dim=64, rope_parameters=rope)
    plain = 1 / 5e5 ** (torch.arange(0, 64, 2).float() / 64)
    factors = (plain / made.model.rotary_emb.inv_freq).numpy().astype(np.float32)
    path = gguf_files.write(tmp_path / "m.gguf", made, more={"rope_freqs.weight": factors})
    loaded = converted(path, tmp_path / "m")
    torch.testing.assert_close(loaded.model.rotary_emb.inv_freq, made.model.rotary_emb.inv_freq)
    torch.testing.assert_close(logits(loaded), logits(made), rtol=1e-4, atol=1e-4)


def test_quantised_weights_become_the_values_that_their_blocks_stand_for(tmp_path: Path) -> None:
    made = model("llama")
    kind = gguf.GGMLQuantizationType.Q8_0
    loaded = converted(gguf_files.write(tmp_path / "m.gguf", made, kind=kind), tmp_path / "m")
    values = made.model.layers[1].mlp.down_proj.weight.detach().numpy()
    expected = gguf.quants.dequantize(gguf.quants.quantize(values, kind), kind)
    assert np.array_equal(loaded.model.layers[1].mlp.down_proj.weight.detach().numpy(), expected)


def test_tokens_template_and_ends_of_turns_are_the_files(tmp_path: Path) -> None:
    made, words = model("llama"), fakes.tokenizer()
    changes = {"tokenizer.ggml.eot_token_id": 5}
    loaded = converted(gguf_files.write(tmp_path / "m.gguf", made, words=words, changes=changes), tmp_path / "m")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "m")
    text = "The harbour at 12:30, isn't it?"
    assert tokenizer(text)["input_ids"] == words(text)["input_ids"]
    assert tokenizer.chat_template == gguf_files.TEMPLATE
    assert loaded.generation_config.eos_token_id == [0, 5]


def test_a_tensor_that_is_not_known_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = gguf_files.write(tmp_path / "m.gguf", model("llama"), more={"blk.0.gate.weight": np.ones(8, np.float32)})
    with pytest.raises(ModelError, match=r"blk\.0\.gate\.weight"):
        conversion.convert(header.read(str(path)), tmp_path / "m", torch.float32)
    assert not (tmp_path / "m").exists()
