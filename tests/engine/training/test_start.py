"""What a drafter starts from, and how large that makes it, from configurations alone."""

from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from engine.decoding.layer_subset import configured
from engine.errors import InputError, ModelError
from engine.training.drafter_config import DrafterConfig
from engine.training.start import own_size, parts_of, start_of
from tests import fakes

TWELVE = fakes.config("llama", num_hidden_layers=12)


def test_left_open_it_is_own_layers_from_twelve_on() -> None:
    eleven = fakes.config("llama", num_hidden_layers=11)
    for config, name in ((eleven, "new"), (TWELVE, "own-layers")):
        assert start_of(config, DrafterConfig(), n_vocabulary=fakes.N_ENTRIES).name == name


def test_target_with_a_costly_head_gets_new_weights() -> None:
    config = fakes.config("llama", num_hidden_layers=12, n_vocabulary=3000)
    assert start_of(config, DrafterConfig(), n_vocabulary=3000).name == "new"


@pytest.mark.parametrize("settings", [DrafterConfig(width=32), DrafterConfig(embed=True), DrafterConfig(start="new")])
def test_shape_that_is_asked_for_is_made_of_new_weights(settings: DrafterConfig) -> None:
    start = start_of(TWELVE, settings, n_vocabulary=fakes.N_ENTRIES)
    assert start.name == "new"
    assert start.shape is not None and start.size == start.shape.size
    assert start.size.n_trained == start.size.n_parameters


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma2", "gpt2"])
@pytest.mark.parametrize("tied", [True, False])
def test_size_of_own_layers_is_that_of_the_model_of_them(family: str, tied: bool) -> None:
    if family == "gpt2" and not tied:
        pytest.skip("its head is always its embedding")
    depth = {"n_layer": 5} if family == "gpt2" else {"num_hidden_layers": 5}
    config = fakes.config(family, tie_word_embeddings=tied, **depth)
    model = AutoModelForCausalLM.from_config(configured(config, (0, 1, 4)))
    size = own_size(config, 3)
    assert size.n_parameters == sum(p.numel() for p in model.parameters())
    table = model.get_input_embeddings().weight.numel()
    assert size.n_parameters - size.n_trained == table * (1 if tied else 2)
    assert size.n_parameters - size.n_multiplied == (0 if tied else table)
    assert parts_of(config).n_tables == (1 if tied else 2)


def test_one_layer_in_eight_is_kept_unless_named() -> None:
    for layers, kept in ((0, 3), (7, 7)):
        config = fakes.config("llama", num_hidden_layers=24)
        assert start_of(config, DrafterConfig(layers=layers), n_vocabulary=fakes.N_ENTRIES).size.layers == kept


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (DrafterConfig(start="own-layers", layers=12), "the target has 12"),
        (DrafterConfig(start="own-layers", width=64), "have their own width"),
        (DrafterConfig(start="folder"), "no folder to start from"),
        (DrafterConfig(start="folder", start_folder="  "), "no folder to start from"),
    ],
)
def test_impossible_start_is_refused(settings: DrafterConfig, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        start_of(TWELVE, settings, n_vocabulary=fakes.N_ENTRIES)


def test_single_layer_has_nothing_to_leave_out() -> None:
    with pytest.raises(InputError, match="no layers that can be left out"):
        start_of(
            fakes.config("llama", num_hidden_layers=1), DrafterConfig(start="own-layers"), n_vocabulary=fakes.N_ENTRIES
        )


def test_folder_has_the_size_of_its_model(tmp_path: Path) -> None:
    small = fakes.model("llama", num_hidden_layers=1)
    folder = fakes.save(small, tmp_path / "small")
    settings = DrafterConfig(start="folder", start_folder=folder)
    size = start_of(TWELVE, settings, n_vocabulary=fakes.N_ENTRIES).size
    assert size.n_parameters == size.n_trained == sum(p.numel() for p in small.parameters())
    with pytest.raises(InputError, match=r"the model in .* has 1"):
        start_of(TWELVE, DrafterConfig(start="folder", start_folder=folder, layers=2), n_vocabulary=fakes.N_ENTRIES)
    with pytest.raises((InputError, ModelError)):
        missing = DrafterConfig(start="folder", start_folder=str(tmp_path / "no"))
        start_of(TWELVE, missing, n_vocabulary=fakes.N_ENTRIES)
