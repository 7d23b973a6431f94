"""The built-in target with more layers: the same logits bit for bit, more work; its questions and gate still fit."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from engine.commands import Load
from engine.errors import InputError
from engine.models import checkpoint_folder, checks, timing_shapes
from engine.models.hashes import model_hash
from engine.session.session import Session
from engine.sprinter.cards import BUILTIN
from engine.sprinter.files import open_gate

SPEC = "timing:builtin-x3"


def loaded(target: str, drafter: str = "none", runtime: str = "auto") -> Session:
    session = Session()
    list(session.do(Load(target, drafter, device="cpu", runtime=runtime)))  # type: ignore[arg-type]
    return session


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_the_logits_are_those_of_the_built_in_target_bit_for_bit(runtime: str) -> None:
    logits = []
    for target in ("builtin", SPEC):
        model = loaded(target, runtime=runtime).target
        assert model is not None
        ids = torch.tensor(model.tokenizer("The harbour master")["input_ids"])
        sequence = model.sequence()
        with torch.inference_mode():
            sequence.prefill(ids[:-1])
            logits.append(sequence.forward(ids[-1:]))
    assert torch.equal(*logits)
    assert bool(logits[0].any())


def test_every_layer_that_was_added_computes_with_the_weights_of_its_own_and_writes_nothing() -> None:
    model = loaded(SPEC).target
    assert model is not None
    layers = model.model.model.layers
    assert [layer.self_attn.layer_idx for layer in layers] == list(range(30))
    for place, layer in enumerate(layers):
        assert bool(layer.mlp.down_proj.weight.any()) == bool(layer.self_attn.o_proj.weight.any()) == (place % 3 == 0)
        assert torch.equal(layer.mlp.up_proj.weight, layers[place - place % 3].mlp.up_proj.weight)


def test_its_size_is_known_before_it_is_loaded_and_what_it_writes_is_labelled() -> None:
    checkpoint = checkpoint_folder.inspect(SPEC)
    with torch.device("meta"):
        made = AutoModelForCausalLM.from_config(checks.configuration(checkpoint))
    own = checkpoint_folder.inspect("builtin")
    assert made.config.num_hidden_layers == 3 * own.config["num_hidden_layers"]  # type: ignore[operator]
    assert checkpoint.n_parameters == sum(weight.numel() for weight in made.parameters())
    assert "the times are not" in (model.note if (model := loaded(SPEC).target) is not None else "")


def test_the_gate_of_the_built_in_pair_is_that_of_the_deepened_one() -> None:
    pair = loaded(SPEC, "builtin").models
    assert pair is not None and pair.drafter is not None
    assert model_hash(SPEC) == model_hash("builtin") != ""
    assert open_gate(BUILTIN, pair.target, pair.drafter).card is not None


def test_a_drafter_and_impossible_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="is a target"):
        checkpoint_folder.inspect(SPEC, drafter=True)
    for spec in ("timing:builtin-x1", "timing:builtin-x65"):
        with pytest.raises(InputError, match="2 to 64"):
            checkpoint_folder.inspect(spec)
    with pytest.raises(InputError, match="no timing pair"):
        checkpoint_folder.inspect("timing:builtin-x")
    assert timing_shapes.times_as_deep("builtin") == 1
