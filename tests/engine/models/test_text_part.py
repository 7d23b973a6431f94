"""Models that read pictures beside text: the text part alone is loaded, and writes what the whole model writes."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForImageTextToText, PreTrainedModel

from engine.commands import Load
from engine.errors import ModelError
from engine.models import checkpoint_folder, checks
from engine.session.session import Session
from tests import fakes
from tests.engine.models import test_loading
from tests.engine.session.running import emitted, run

_PICTURES = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 28,
    "patch_size": 14,
}  # fmt: skip


def model_for_pictures(kind: str, text: str, **places: int) -> PreTrainedModel:
    """A tiny model that reads pictures beside text. text: the family of its text part; places: ids of pictures."""
    part = fakes.config(text).to_dict()
    config = AutoConfig.for_model(kind, text_config=part, vision_config=dict(_PICTURES), **places)
    torch.manual_seed(0)
    made: PreTrainedModel = AutoModelForImageTextToText.from_config(config).eval()
    return made


def gemma_for_pictures() -> PreTrainedModel:
    """As Gemma 3 is from 4 B on."""
    ids = {"boi_token_index": 297, "eoi_token_index": 298, "image_token_index": 299}
    return model_for_pictures("gemma3", "gemma3_text", mm_tokens_per_image=4, **ids)


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_text_part_of_a_model_for_pictures_writes_what_the_whole_model_writes(runtime: str, tmp_path: Path) -> None:
    whole = gemma_for_pictures()
    folder = fakes.save(whole, tmp_path / "m")
    session = Session()
    list(session.do(Load(folder, "lookup", runtime=runtime)))
    assert session.target is not None and session.target.runtime == runtime
    assert type(session.target.model).__name__ == "Gemma3ForCausalLM", "what reads pictures takes no memory"
    ids = session.target.tokenizer("The harbour lay quiet")["input_ids"]
    events = run(session, "The harbour lay quiet", max_new_tokens=24, gamma=3)
    expected = whole.generate(
        torch.tensor([ids]), max_new_tokens=24, do_sample=False, eos_token_id=None, pad_token_id=0
    )
    assert list(emitted(events)) == expected[0, len(ids) :].tolist()


def test_head_of_a_text_part_is_the_embedding_where_the_whole_says_so(tmp_path: Path) -> None:
    whole = gemma_for_pictures()
    folder = fakes.save(whole, tmp_path / "m")
    test_loading.change(tmp_path / "m", tie_word_embeddings=True)
    content = json.loads((tmp_path / "m" / "config.json").read_text())
    content["text_config"]["tie_word_embeddings"] = False
    (tmp_path / "m" / "config.json").write_text(json.dumps(content))
    config = checks.configuration(checkpoint_folder.inspect(folder))
    assert (config.model_type, config.tie_word_embeddings) == ("gemma3_text", True)
    session = Session()
    list(session.do(Load(folder, "none")))
    assert session.target is not None
    model = session.target.model
    assert torch.equal(model.get_output_embeddings().weight, model.get_input_embeddings().weight)


def test_weights_that_the_text_part_lacks_are_no_random_ones(tmp_path: Path) -> None:
    folder = fakes.save(gemma_for_pictures(), tmp_path / "m")
    file = tmp_path / "m" / "model.safetensors"
    kept = {name: weight for name, weight in load_file(file).items() if "layers.1.mlp" not in name or "vision" in name}
    save_file(kept, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks|weights"):
        list(Session().do(Load(folder, "none")))


def test_model_whose_text_part_transformers_does_not_load_alone_is_refused_with_the_reason(tmp_path: Path) -> None:
    folder = fakes.save(model_for_pictures("llava", "llama", image_token_index=299), tmp_path / "m")
    with pytest.raises(ModelError, match=r"llava is not a causal .* but one for more than text, and transformers"):
        list(Session().do(Load(folder, "none")))
