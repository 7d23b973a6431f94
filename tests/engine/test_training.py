"""Training: deterministic batches, resuming, checkpoints that survive, objectives that mean what they say."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.errors import EngineError, InputError
from engine.events import Event, Measured
from engine.training import builtin, checkpoint, objectives
from engine.training.builtin import Stage, finished_stages, train_builtin
from engine.training.loop import Plan, train
from engine.training.rows import RowShape, StoryRows
from engine.training.shapes import Shape
from tests import fakes

WORDS = fakes.tokenizer()
PLAN = Plan(steps=8, peak_rate=1e-2, short=RowShape(2, 16), long=RowShape(1, 32), warmup=2, save_every_s=0.0)


def batches(step: int, shape: RowShape) -> Tensor:
    return StoryRows(WORDS, seed=3).batch(step, shape)


def trained(folder: Path, *, stop_after: int | None = None, plan: Plan = PLAN) -> dict[str, Tensor]:
    """Train a tiny model in `folder`, closing the generator after some events; returns its saved weights."""
    model = fakes.model(sharpness=1.0)

    def objective(ids: Tensor) -> Tensor:
        return objectives.next_token_loss(model(input_ids=ids).logits, ids)

    def counted(step: int, shape: RowShape) -> Tensor:
        if step == stop_after:
            raise KeyboardInterrupt
        return batches(step, shape)

    events: Iterator[Event] = train(model, counted, objective, plan, folder=folder)
    try:
        for _ in events:
            pass
    except KeyboardInterrupt:
        pass
    return load_file(folder / "model.safetensors")


def test_batch_depends_on_seed_and_step_alone_and_rows_start_with_a_story() -> None:
    shape = RowShape(3, 40)
    assert torch.equal(batches(4, shape), batches(4, shape))
    assert not torch.equal(batches(4, shape), batches(5, shape))
    assert batches(4, shape).shape == (3, 40)
    assert all(WORDS.decode(row[:1])[0].isupper() or WORDS.decode(row[:1]).isalpha() for row in batches(4, shape))


@pytest.mark.parametrize("stop_after", [1, 3, 7])
def test_interrupted_training_ends_in_the_same_weights_as_an_uninterrupted_one(tmp_path: Path, stop_after: int) -> None:
    whole = trained(tmp_path / "a")
    trained(tmp_path / "b", stop_after=stop_after)
    resumed = trained(tmp_path / "b")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    plan = Plan(steps=60, peak_rate=1e-2, short=RowShape(4, 32), long=RowShape(2, 64), warmup=5)
    trained(tmp_path / "a", plan=plan)
    progress = checkpoint.load(tmp_path / "a", *model_and_optimizer())
    assert progress.losses[-1][1] < progress.losses[0][1] - 1
    assert progress.step == 60


def model_and_optimizer() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    model = fakes.model(sharpness=1.0)
    return model, torch.optim.AdamW([{"params": [p]} for p in model.parameters()])


def test_failed_save_leaves_the_last_checkpoint_intact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = trained(tmp_path / "a", stop_after=3)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(EngineError, match="No space left"):
        trained(tmp_path / "a")
    monkeypatch.undo()
    after = load_file(tmp_path / "a" / "model.safetensors")
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    trained(tmp_path / "a", stop_after=3)
    file = tmp_path / "a" / "optimizer.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(EngineError, match="is damaged"):
        trained(tmp_path / "a")


def test_checkpoint_is_found_when_killed_between_the_two_renames(tmp_path: Path) -> None:
    trained(tmp_path / "a", stop_after=3)
    (tmp_path / "a").rename(tmp_path / "a.previous")
    assert checkpoint.load(tmp_path / "a", *_fresh()).step == 3


def _fresh() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    model = fakes.model(sharpness=1.0)
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    return model, torch.optim.AdamW([{"params": matrices}, {"params": vectors}])


def test_loss_that_is_not_a_number_stops_and_keeps_the_last_good_weights(tmp_path: Path) -> None:
    model = fakes.model(sharpness=1.0)

    def objective(ids: Tensor) -> Tensor:
        loss = objectives.next_token_loss(model(input_ids=ids).logits, ids)
        return loss * (float("nan") if len(seen) == 4 else 1.0)

    seen: list[int] = []

    def counted(step: int, shape: RowShape) -> Tensor:
        seen.append(step)
        return batches(step, shape)

    with pytest.raises(EngineError, match="the loss became nan"):
        list(train(model, counted, objective, PLAN, folder=tmp_path / "a"))
    saved = load_file(tmp_path / "a" / "model.safetensors")
    assert all(weight.isfinite().all() for weight in saved.values())


def test_kl_is_zero_for_equal_logits_and_positive_otherwise() -> None:
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    assert float(objectives.forward_kl(logits, logits)) == pytest.approx(0, abs=1e-6)
    assert float(objectives.forward_kl(logits.flip(-1), logits)) > 0.1
    assert float(objectives.overlap(logits, logits)) == pytest.approx(1)
    assert float(objectives.overlap(logits.flip(-1), logits)) < 0.95


@pytest.fixture
def small_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    shape, plan = Shape(32, 1, 2, 2, 64), Plan(2, 1e-2, RowShape(2, 16), RowShape(1, 32), warmup=1)
    monkeypatch.setattr(builtin, "TARGET", Stage("target", shape, plan, 1))
    monkeypatch.setattr(builtin, "DRAFTERS", (Stage("general", shape, plan, 2), Stage("small", shape, plan, 3)))
    monkeypatch.setattr(builtin, "_N_TOKENIZER_STORIES", 2000)


@pytest.mark.usefixtures("small_stages")
def test_builtin_training_publishes_every_stage_with_its_provenance(tmp_path: Path) -> None:
    events = list(train_builtin(tmp_path / "work", tmp_path / "out"))
    assert {event.name for event in events if isinstance(event, Measured)} == {
        "target loss", "general loss", "small loss",
    }  # fmt: skip
    assert finished_stages(tmp_path / "out") == ["target", "general", "small"]
    provenance = json.loads((tmp_path / "out" / "small" / "provenance.json").read_text())
    assert {"seed", "steps", "n_tokens", "losses", "versions"} <= provenance.keys()
    assert load_file(tmp_path / "out" / "target" / "model.safetensors")["model.norm.weight"].dtype == torch.bfloat16


@pytest.mark.usefixtures("small_stages")
def test_builtin_training_out_of_time_resumes_where_it_was(tmp_path: Path) -> None:
    list(train_builtin(tmp_path / "work", tmp_path / "out", minutes=1e-9))
    assert finished_stages(tmp_path / "out") == []
    list(train_builtin(tmp_path / "work", tmp_path / "out"))
    assert finished_stages(tmp_path / "out") == ["target", "general", "small"]


@pytest.mark.usefixtures("small_stages")
def test_place_for_the_models_that_is_a_file_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="cannot hold a training"):
        next(train_builtin(tmp_path / "work", tmp_path / "out"))
    assert not (tmp_path / "work" / "target").exists()


@pytest.mark.usefixtures("small_stages")
def test_two_trainings_in_one_folder_are_refused(tmp_path: Path) -> None:
    first = train_builtin(tmp_path / "work", tmp_path / "out")
    next(first)
    with pytest.raises(InputError, match="another training"):
        next(train_builtin(tmp_path / "work", tmp_path / "out"))
    first.close()
