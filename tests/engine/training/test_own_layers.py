"""Starting from the target's own layers: which are tried, what is made of them, and what it is worth untrained."""

import json
from pathlib import Path

import pytest
import torch

from engine.errors import InputError
from engine.events import DrafterMeasured, LayersTried, TrainingEstimated, TrainingStarted
from engine.models import checkpoint_folder, loading
from engine.models.loading import LoadedModel
from engine.training import own_layers, student
from engine.training.drafter_config import DrafterConfig
from engine.training.start import start_of
from tests import fakes
from tests.engine.training.drafter_training import end_of, job, run, small_steps, texts

__all__ = ["small_steps", "texts"]
DEEP = {"num_hidden_layers": 6}


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fakes.save(fakes.model(sharpness=2.0, **DEEP), tmp_path_factory.mktemp("deep") / "t")


def loaded(spec: str) -> LoadedModel:
    *_, model = loading.load(checkpoint_folder.inspect(spec), torch.device("cpu"), torch.float32)
    assert isinstance(model, LoadedModel)
    return model


def test_choices_are_different_and_as_many_layers_as_are_kept() -> None:
    found = own_layers.choices(8, 3, [9.0, 1.0, 1.0, 5.0, 1.0, 1.0, 1.0, 7.0])
    assert found[0].layers == (0, 3, 7)
    assert {choice.name: choice.layers for choice in found}["both ends"] == (0, 1, 7)
    assert len({choice.layers for choice in found}) == len(found)
    assert all(len(choice.layers) == 3 for choice in found)
    assert all(choice.layers == tuple(sorted(set(choice.layers))) for choice in found)


def test_single_layer_and_all_but_one_can_be_chosen() -> None:
    influences = [3.0, 1.0, 2.0]
    assert all(len(choice.layers) == 1 for choice in own_layers.choices(3, 1, influences))
    assert own_layers.choices(3, 2, influences)[0].layers == (0, 2)


def test_layer_that_changes_nothing_has_no_influence() -> None:
    model = fakes.model(**DEEP)
    with torch.no_grad():
        model.model.layers[3].self_attn.o_proj.weight.zero_()
        model.model.layers[3].mlp.down_proj.weight.zero_()
    found = own_layers.influences(model, [[3, 5, 7, 9], [1, 2]])
    assert min(range(6), key=found.__getitem__) == 3
    assert found[3] == pytest.approx(0.0, abs=1e-5)


def test_training_starts_from_the_best_choice_and_keeps_embedding_and_head(
    deep: str, texts: Path, tmp_path: Path
) -> None:
    events = run(job(deep, texts, tmp_path / "d", start="own-layers", layers=4, width=0, steps=6))
    (tried,) = [event for event in events if isinstance(event, LayersTried)]
    assert max(tried.choices, key=lambda choice: choice.alpha).layers == tried.taken
    (began,) = [event for event in events if isinstance(event, TrainingStarted)]
    assert (began.layers, began.width) == (4, 32)
    before = next(event for event in events if isinstance(event, DrafterMeasured))
    assert before.alpha > 0.02
    made, target = loaded(str(tmp_path / "d")), loaded(deep)
    table = target.model.get_input_embeddings().weight.to(torch.bfloat16).float()
    assert torch.equal(made.model.get_input_embeddings().weight, table)
    assert not torch.equal(
        made.model.model.layers[0].mlp.down_proj.weight, target.model.model.layers[0].mlp.down_proj.weight
    )
    provenance = json.loads((tmp_path / "d" / "provenance.json").read_bytes())
    assert provenance["began"]["own_layers"] == list(tried.taken)
    assert provenance["started_from"].startswith("the target's layers")


def test_estimate_counts_its_weights_and_what_each_size_costs(deep: str, texts: Path, tmp_path: Path) -> None:
    events = run(job(deep, texts, tmp_path / "d", start="own-layers", layers=2, width=0, steps=1))
    first, timed = (event for event in events if isinstance(event, TrainingEstimated))
    made = loaded(str(tmp_path / "d")).model
    assert timed.n_parameters == sum(p.numel() for p in made.parameters())
    tables = {made.get_input_embeddings().weight, made.get_output_embeddings().weight}
    assert timed.n_trained == timed.n_parameters - sum(table.numel() for table in tables)
    assert (first.timed, timed.timed) == (False, True)
    assert [option.layers for option in timed.sizes] == [1, 2, 3, 4]
    assert [option.c for option in first.sizes] == sorted(option.c for option in first.sizes)
    assert all(0 < option.c < 1 for option in first.sizes)


def test_resumed_training_keeps_its_layers(deep: str, texts: Path, tmp_path: Path) -> None:
    changes = {"start": "own-layers", "layers": 2, "width": 0, "steps": 8}
    run(job(deep, texts, tmp_path / "d", **changes, minutes=0.0001))
    events = run(job(deep, texts, tmp_path / "d", **changes, resume=True))
    assert not any(isinstance(event, LayersTried) for event in events)
    assert end_of(events).step == 8


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"layers": 6}, "the target has 6"),
        ({"width": 64}, "have their own width"),
    ],
)
def test_impossible_size_is_refused(
    deep: str, texts: Path, tmp_path: Path, changes: dict[str, int], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        run(job(deep, texts, tmp_path / "d", **{"start": "own-layers", "width": 0, "layers": 0, **changes}))


@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt2", "qwen3"])
def test_all_layers_copied_are_the_target(family: str, tmp_path: Path) -> None:
    target = loaded(fakes.save(fakes.model(family), tmp_path / "t"))
    start = start_of(target.model.config, DrafterConfig(start="own-layers", layers=1), n_vocabulary=fakes.N_ENTRIES)
    ids = torch.tensor([[5, 9, 11, 3]])
    with torch.inference_mode():
        wanted = target.model(input_ids=ids).logits
        whole = student.first_model(target, start, DrafterConfig(), (0, 1))
        assert torch.allclose(whole(input_ids=ids).logits, wanted, rtol=1e-4, atol=1e-4)
    assert sum(p.numel() for p in student.first_model(target, start, DrafterConfig(), (0,)).parameters()) == (
        start.size.n_parameters
    )
