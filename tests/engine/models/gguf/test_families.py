"""What a file says of its model becomes its configuration; what is not known is refused, since it would be lost."""

from pathlib import Path

import numpy as np
import pytest

from engine.errors import ModelError
from engine.models.gguf import families, header
from tests import fakes, gguf_files


def configuration(tmp_path: Path, family: str = "llama", **changes: object) -> dict[str, object]:
    named = {key.replace("__", "."): value for key, value in changes.items()}
    path = gguf_files.write(tmp_path / "m.gguf", fakes.model(family), changes=named)  # type: ignore[arg-type]
    return families.configuration(header.read(str(path)))


def test_the_shape_is_that_of_the_file(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    assert (config["hidden_size"], config["num_hidden_layers"], config["num_key_value_heads"]) == (32, 2, 2)
    assert config["tie_word_embeddings"] is False
    assert config["vocab_size"] == fakes.N_ENTRIES


def test_a_linear_scaling_of_the_rotary_embedding_is_kept(tmp_path: Path) -> None:
    config = configuration(tmp_path, llama__rope__scaling__type="linear", llama__rope__scaling__factor=4.0)
    assert config["rope_parameters"] == {"rope_type": "linear", "rope_theta": 10_000.0, "factor": 4.0}


@pytest.mark.parametrize(
    "setting",
    [
        {"llama__rope__scaling__type": "yarn", "llama__rope__scaling__factor": 4.0},
        {"llama__expert_count": 8},
        {"llama__rope__dimension_count": 4},
        {"llama__attention__clamp_kqv": 8.0},
    ],
)
def test_a_setting_that_would_be_lost_is_refused(tmp_path: Path, setting: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="is not known here, and without it the model would be another"):
        configuration(tmp_path, **setting)


def test_a_setting_of_zero_changes_nothing(tmp_path: Path) -> None:
    assert configuration(tmp_path, llama__expert_count=0)["hidden_size"] == 32


def test_unknown_architecture_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    path = gguf_files.write(tmp_path / "m.gguf", fakes.model(), changes={"general.architecture": "mamba"})
    with pytest.raises(ModelError, match="the architecture 'mamba' is not converted") as err:
        families.configuration(header.read(str(path)))
    assert "llama, qwen2" in err.value.hint


def test_missing_number_of_key_heads_is_refused_since_rows_would_stay_in_another_order(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="head_count_kv is missing"):
        configuration(tmp_path, llama__attention__head_count_kv=None)


def test_missing_tensor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"the tensor blk\.2\.attn_k\.weight is missing"):
        configuration(tmp_path, llama__block_count=3)


def test_rotary_factors_of_another_rule_are_refused(tmp_path: Path) -> None:
    more = {"rope_freqs.weight": np.linspace(1, 3, 4, dtype=np.float32)}
    path = gguf_files.write(tmp_path / "m.gguf", fakes.model(), more=more)
    with pytest.raises(ModelError, match="not by the rule of Llama 3"):
        families.configuration(header.read(str(path)))


def test_the_largest_gemma_has_another_scale_of_queries(tmp_path: Path) -> None:
    small = configuration(tmp_path, "gemma2")
    assert (small["query_pre_attn_scalar"], small["attn_logit_softcapping"]) == (8, 50.0)
