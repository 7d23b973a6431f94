"""Files of LongSpec drafters: both layouts load, and what does not fit is refused in one line."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from engine.commands import Load
from engine.errors import EngineError
from engine.longspec import files, target_fit
from engine.longspec.shape import UNUSED, WINDOW, tensor_shapes
from engine.session.session import Session
from tests import fakes, longspec


@pytest.fixture(scope="module")
def made() -> PreTrainedModel:
    return fakes.model(sharpness=2.0)


@pytest.fixture(scope="module")
def target(made: PreTrainedModel, tmp_path_factory: pytest.TempPathFactory) -> str:
    return fakes.save(made, tmp_path_factory.mktemp("target") / "t")


@pytest.fixture
def own(made: PreTrainedModel, target: str, tmp_path: Path) -> Path:
    return Path(longspec.save(longspec.block_for(made), tmp_path / "own", target))


@pytest.fixture
def published(made: PreTrainedModel, tmp_path: Path) -> Path:
    return Path(longspec.save_published(longspec.block_for(made, window=WINDOW), tmp_path / "published", made))


def changed(folder: Path, **values: object) -> None:
    """Change values of a folder's configuration."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | values), "utf-8")


def refusal(target: str, folder: Path) -> str:
    """The line with which loading the pair is refused."""
    session = Session()
    with pytest.raises(EngineError) as caught:
        list(session.do(Load(target, str(folder))))
    assert session.target is None
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_the_published_layout_has_twenty_tensors_of_which_four_are_not_used(published: Path) -> None:
    stored = load_file(published / "model.safetensors")
    checked = files.check(str(published))
    assert len(stored) == 20
    assert stored.keys() - tensor_shapes(checked.shape).keys() == set(UNUSED)
    assert checked.shape.window == 512


@pytest.mark.parametrize("layout", ["own", "published"])
def test_both_layouts_give_back_the_weights(layout: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(layout)
    stored = load_file(folder / "model.safetensors")
    block = files.load(files.check(str(folder)), device=torch.device("cpu"), dtype=torch.float32)
    for name, weight in block.named_parameters():
        assert torch.equal(weight, stored[name])
        assert not weight.requires_grad
    assert not block.training


def test_ours_names_its_target_and_window(own: Path, target: str) -> None:
    checked = files.check(str(own))
    assert checked.target == target
    assert checked.target_hash
    assert checked.shape.window == longspec.WINDOW


def test_other_weights_of_the_same_shapes_are_another_target(own: Path, target: str, tmp_path: Path) -> None:
    other = fakes.save(fakes.model(seed=9), tmp_path / "other")
    assert refusal(other, own) == (
        f"{own} was trained for the target {target}, and the files of {other} differ from it"
    )


def test_a_moved_target_is_still_the_same(own: Path, made: PreTrainedModel, tmp_path: Path) -> None:
    moved = fakes.save(made, tmp_path / "elsewhere")
    session = Session()
    list(session.do(Load(moved, str(own))))
    assert session.drafter is not None


def test_a_published_configuration_is_that_of_its_whole_target_and_its_code_is_not_needed(
    published: Path, target: str
) -> None:
    changed(published, num_hidden_layers=80, auto_map={"AutoModel": "modeling.Glide"})
    session = Session()
    list(session.do(Load(target, str(published))))
    assert session.drafter is not None


@pytest.mark.parametrize("layout", ["own", "published"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hidden_size": 64}, "hidden size 32, where the target has 64"),
        ({"num_key_value_heads": 4}, "key heads 2, where the target has 4"),
        ({"num_attention_heads": 8, "head_dim": 8}, "attention heads 4, where the target has 8"),
        ({"head_dim": 16}, "head size 8, where the target has 16"),
    ],
)
def test_a_target_of_other_shapes_is_refused(
    layout: str, changes: dict[str, object], reason: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(layout)
    other = fakes.save(fakes.model(**changes), tmp_path / "other")
    assert refusal(other, folder) == f"{folder} is a LongSpec drafter of another target: {reason}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vocab_size": 32000}, "a vocabulary of 32000, where the target has 300"),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}, "its rope has the base 500000, that of .*"),
    ],
)
def test_what_a_published_configuration_says_of_its_target_is_compared(
    published: Path, target: str, changes: dict[str, object], reason: str
) -> None:
    changed(published, **changes)
    with pytest.raises(EngineError, match=f"is a LongSpec drafter of another target: {reason}"):
        list(Session().do(Load(target, str(published))))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"window": 0}, "has a window of 0 tokens: 1 to 1048576 are possible"),
        ({"window": 1 << 40}, "has a window of 1099511627776 tokens: 1 to 1048576 are possible"),
        ({"window": "wide"}, "config.json says window = 'wide'"),
        ({"window": True}, "config.json says window = True"),
        ({"hidden_size": -4}, "config.json says hidden_size = -4"),
        ({"rms_norm_eps": "small"}, "config.json says rms_norm_eps = 'small'"),
        ({"hidden_act": "gelu"}, "its activation is 'gelu', and a LongSpec block has silu"),
        ({"num_attention_heads": 2}, "does not fit its configuration: self_attn.q_proj.weight has the shape"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(
    own: Path, target: str, changes: dict[str, object], reason: str
) -> None:
    changed(own, **changes)
    assert reason in refusal(target, own)


def test_tensors_that_are_missing_or_too_many_are_named(own: Path, target: str) -> None:
    stored = load_file(own / "model.safetensors")
    save_file({**stored, "layers.0.extra": torch.zeros(2)}, own / "model.safetensors")
    assert "has a tensor that no LongSpec block has: layers.0.extra" in refusal(target, own)
    stored.pop("mlp.up_proj.weight")
    save_file(stored, own / "model.safetensors")
    assert "does not fit its configuration: mlp.up_proj.weight is missing" in refusal(target, own)


def test_a_file_that_was_cut_is_refused(own: Path, target: str) -> None:
    file = own / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    assert "damaged or incomplete" in refusal(target, own)


def test_a_pickle_is_never_opened(own: Path, target: str) -> None:
    (own / "model.safetensors").unlink()
    (own / "pytorch_model.bin").write_bytes(pickle.dumps({"cross_attn.q_proj.weight": 0}))
    assert refusal(target, own) == f"{own} has pickled weights only"


def test_a_norm_before_the_head_is_read_from_our_own_files_and_refused_in_published_ones(
    made: PreTrainedModel, target: str, tmp_path: Path
) -> None:
    block = longspec.block(target_fit.new_shape(made.config, window=longspec.WINDOW))
    own = longspec.save(block, tmp_path / "own", target)
    assert files.check(own).shape == block.shape
    session = Session()
    list(session.do(Load(target, own)))
    assert session.drafter is not None
    published = longspec.save_published(block, tmp_path / "published", made)
    with pytest.raises(EngineError, match=r"a tensor that no LongSpec block has: norm\.weight"):
        files.check(published)
