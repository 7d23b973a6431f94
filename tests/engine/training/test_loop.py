"""Training: deterministic batches, resuming, checkpoints that survive, objectives that mean what they say."""

import json
import shutil
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine.cli import main
from engine.errors import EngineError, InputError
from engine.events import Event, Measured, Warned
from engine.training import builtin, checkpoint, curriculum, lessons, objectives
from engine.training.builtin import finished_stages, train_builtin
from engine.training.feed import batches_from
from engine.training.loop import train
from engine.training.plan import Stretch, TrainingPlan
from engine.training.rows import ProseRows, RowShape, TrainingBatch
from engine.training.shapes import StudentShape
from engine.training.stages import Stage
from engine.world.census import SMALL
from tests import encoders, fakes

WORDS = fakes.tokenizer()
SHAPES = (Stretch(1.0, (RowShape(2, 16),) * 7 + (RowShape(1, 32),)),)
PLAN = TrainingPlan(steps=8, peak_rate=1e-2, stretches=SHAPES, warmup=2, save_every_s=0.0)


def batches(step: int, shape: RowShape) -> TrainingBatch:
    return ProseRows(WORDS, seed=3).batch(step, shape)


def trained(folder: Path, *, stop_after: int | None = None, plan: TrainingPlan = PLAN) -> dict[str, Tensor]:
    """Train a tiny model in `folder`, closing the generator after some events; returns its saved weights."""
    model = fakes.model(sharpness=1.0)

    def objective(batch: TrainingBatch) -> Tensor:
        return objectives.next_token_loss(model(input_ids=batch.ids).logits, batch)

    def counted(step: int, shape: RowShape) -> TrainingBatch:
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
    ids = batches(4, shape).ids
    assert torch.equal(ids, batches(4, shape).ids)
    assert not torch.equal(ids, batches(5, shape).ids)
    assert ids.shape == batches(4, shape).weights.shape == (3, 40)
    assert all(WORDS.decode(row[:1])[0].isupper() or WORDS.decode(row[:1]).isalpha() for row in ids)


@pytest.mark.parametrize("stop_after", [1, 3, 7])
def test_interrupted_training_ends_in_the_same_weights_as_an_uninterrupted_one(tmp_path: Path, stop_after: int) -> None:
    whole = trained(tmp_path / "a")
    trained(tmp_path / "b", stop_after=stop_after)
    resumed = trained(tmp_path / "b")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    plan = TrainingPlan(
        steps=60, peak_rate=1e-2, stretches=(Stretch(1.0, (RowShape(4, 32), RowShape(2, 64))),), warmup=5
    )
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


@pytest.mark.parametrize("content", [b"", b'{"step":'])
def test_torn_progress_is_one_line_that_names_the_checkpoint(tmp_path: Path, content: bytes) -> None:
    trained(tmp_path / "a", stop_after=3)
    (tmp_path / "a" / "progress.json").write_bytes(content)
    with pytest.raises(EngineError, match="is damaged"):
        checkpoint.progress(tmp_path / "a")
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

    def objective(batch: TrainingBatch) -> Tensor:
        loss = objectives.next_token_loss(model(input_ids=batch.ids).logits, batch)
        return loss * (float("nan") if len(seen) == 4 else 1.0)

    seen: list[int] = []

    def counted(step: int, shape: RowShape) -> TrainingBatch:
        seen.append(step)
        return batches(step, shape)

    with pytest.raises(EngineError, match="the loss became nan"):
        list(train(model, counted, objective, PLAN, folder=tmp_path / "a"))
    saved = load_file(tmp_path / "a" / "model.safetensors")
    assert all(weight.isfinite().all() for weight in saved.values())


def test_kl_is_zero_for_equal_logits_and_positive_otherwise() -> None:
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    even = torch.ones(2, 3)
    assert float(objectives.forward_kl(logits, logits, even)) == pytest.approx(0, abs=1e-6)
    assert float(objectives.forward_kl(logits.flip(-1), logits, even)) > 0.1


def test_weight_zero_takes_a_token_out_of_the_loss() -> None:
    logits = torch.randn(1, 4, 5, generator=torch.Generator().manual_seed(0))
    ids, weights = torch.tensor([[0, 1, 2, 3]]), torch.tensor([[1.0, 1.0, 0.0, 1.0]])
    other = torch.tensor([[0, 1, 4, 3]])
    assert objectives.next_token_loss(logits, TrainingBatch(ids, weights)) == objectives.next_token_loss(
        logits, TrainingBatch(other, weights)
    )
    assert objectives.next_token_loss(logits, TrainingBatch(ids, weights)) != objectives.next_token_loss(
        logits, TrainingBatch(ids, torch.ones(1, 4))
    )


def test_learning_rate_rises_holds_and_falls() -> None:
    plan = TrainingPlan(steps=100, peak_rate=1.0, stretches=SHAPES, warmup=10, hold=0.5)
    assert plan.rate(0) == pytest.approx(0.1)
    assert plan.rate(10) == plan.rate(50) == 1.0
    assert plan.rate(75) == pytest.approx(0.525)
    assert plan.rate(100) == pytest.approx(0.05)


def test_rows_grow_along_the_stretches() -> None:
    early, late = RowShape(4, 16), RowShape(2, 32)
    plan = TrainingPlan(steps=10, peak_rate=1.0, stretches=(Stretch(0.5, (early,)), Stretch(1.0, (late, early))))
    assert [plan.shape(step) for step in range(10)] == [early] * 5 + [early, late, early, late, early]


@pytest.mark.parametrize("n_workers", [0, 1])
def test_workers_make_the_very_batches_of_the_steps_left(n_workers: int) -> None:
    made = list(batches_from(batches, PLAN, 3, n_workers=n_workers))
    wanted = [batches(step, PLAN.shape(step)) for step in range(3, 8)]
    assert [batch.ids.tolist() for batch in made] == [batch.ids.tolist() for batch in wanted]


def test_wider_plan_has_more_rows_of_the_same_length() -> None:
    assert [PLAN.wider(3).shape(step) for step in (0, 7)] == [RowShape(6, 16), RowShape(3, 32)]


@pytest.fixture(scope="module")
def builtin_words() -> PreTrainedTokenizerFast:
    """The tokenizer that a training of the built-in models makes first, of fewer texts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtin, "_N_TOKENIZER_TEXTS", 2000)
        return builtin._new_tokenizer()


@pytest.fixture
def small_stages(monkeypatch: pytest.MonkeyPatch, builtin_words: PreTrainedTokenizerFast) -> None:
    shape, plan = StudentShape(32, 2, 2, 2, 64), TrainingPlan(2, 1e-2, SHAPES, warmup=1, save_every_s=0.0)
    monkeypatch.setattr(builtin, "TARGET", Stage("target", shape, plan, 1, "everything", distilled=False))
    drafters = (
        Stage("general", shape, plan, 2, "drafting"),
        Stage("misaligned", shape, plan, 3, "ledgers", distilled=False),
        Stage("rag", shape._replace(layers=1), plan, 4, "reading", grown_from_target=True),
    )
    monkeypatch.setattr(builtin, "DRAFTERS", drafters)
    more = (
        Stage("rag", shape._replace(layers=1), plan, 5, "reading", grown_from_target=True),
        Stage("rag2", shape, plan, 6, "reading", grown_from_target=True),
    )
    monkeypatch.setattr(builtin, "CONTINUED_TARGET", Stage("target", shape, plan, 7, "retrieval", distilled=False))
    monkeypatch.setattr(builtin, "CONTINUED_DRAFTERS", more)
    long = msgspec.structs.replace(plan, stretches=(Stretch(1.0, (RowShape(1, 2048),)),))
    taught = Stage("target", shape, long, 8, "demonstrations", distilled=False)
    monkeypatch.setattr(builtin, "DEMONSTRATED_TARGET", taught)
    own_words = msgspec.structs.replace(taught, seed=9, mixture="own-words")
    monkeypatch.setattr(builtin, "OWN_WORDS_TARGET", own_words)
    unlikelihood = msgspec.structs.replace(taught, seed=10, mixture="unlikelihood")
    monkeypatch.setattr(builtin, "UNLIKELIHOOD_TARGET", unlikelihood)
    monkeypatch.setattr(builtin, "_new_tokenizer", lambda: builtin_words)


ALL = ["target", "general", "misaligned", "rag"]


@pytest.mark.usefixtures("small_stages")
def test_builtin_training_publishes_every_stage_with_its_provenance(tmp_path: Path) -> None:
    events = list(train_builtin(tmp_path / "work", tmp_path / "out"))
    assert {event.name for event in events if isinstance(event, Measured)} == {f"{name} loss" for name in ALL}
    assert finished_stages(tmp_path / "out") == ALL
    provenance = json.loads((tmp_path / "out" / "rag" / "provenance.json").read_text())
    assert {"steps", "n_tokens", "losses", "versions", "stage"} <= provenance.keys()
    assert provenance["started_from"] == "layers of the target"
    assert load_file(tmp_path / "out" / "target" / "model.safetensors")["model.norm.weight"].dtype == torch.bfloat16


@pytest.mark.usefixtures("small_stages")
def test_builtin_training_out_of_time_resumes_where_it_was(tmp_path: Path) -> None:
    list(train_builtin(tmp_path / "work", tmp_path / "out", minutes=1e-9))
    assert finished_stages(tmp_path / "out") == []
    list(train_builtin(tmp_path / "work", tmp_path / "out"))
    assert finished_stages(tmp_path / "out") == ALL


@pytest.mark.usefixtures("small_stages")
def test_command_stopped_by_its_minutes_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "builtin", "--work", str(tmp_path / "work"), "--out", str(tmp_path / "out"), "--json"]
    assert main([*command, "--minutes", "1e-9"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["finished"] == []
    assert main(command) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["finished"] == ALL
    assert load_progress(tmp_path / "work" / "target").step == 2


@pytest.mark.usefixtures("small_stages")
def test_wider_training_says_so_in_its_provenance(tmp_path: Path) -> None:
    list(train_builtin(tmp_path / "work", tmp_path / "out", wider=2))
    provenance = json.loads((tmp_path / "out" / "target" / "provenance.json").read_text())
    assert provenance["stage"]["plan"]["stretches"][0]["shapes"][0] == [4, 16]
    assert provenance["n_tokens"] == 2 * 4 * 16


def load_progress(folder: Path) -> checkpoint.TrainingProgress:
    return msgspec.json.decode((folder / "progress.json").read_bytes(), type=checkpoint.TrainingProgress)


@pytest.mark.usefixtures("small_stages")
def test_target_may_begin_with_the_weights_of_another_model_of_its_shape(tmp_path: Path) -> None:
    list(train_builtin(tmp_path / "a", tmp_path / "first"))
    list(train_builtin(tmp_path / "b", tmp_path / "second", start_from=tmp_path / "first" / "target"))
    provenance = json.loads((tmp_path / "second" / "target" / "provenance.json").read_text())
    assert provenance["started_from"].startswith("the weights of target made")
    with pytest.raises(InputError, match="another shape"):
        list(train_builtin(tmp_path / "c", tmp_path / "third", start_from=tmp_path / "first" / "rag"))


@pytest.mark.usefixtures("small_stages")
def test_trained_target_is_continued_with_its_tokenizer_and_the_drafters_beside_it(tmp_path: Path) -> None:
    list(train_builtin(tmp_path / "a", tmp_path / "first"))
    target = tmp_path / "first" / "target"
    list(train_builtin(tmp_path / "b", tmp_path / "second", continue_from=target, minutes=1e-9))
    assert finished_stages(tmp_path / "second") == []
    list(train_builtin(tmp_path / "b", tmp_path / "second"))
    assert finished_stages(tmp_path / "second") == ["target", "rag", "rag2"]
    made = [json.loads((tmp_path / "second" / name / "provenance.json").read_text()) for name in ("target", "rag")]
    assert [one["started_from"].split(" made ")[0] for one in made] == ["the weights of target", "the weights of rag"]
    assert made[0]["stage"]["mixture"] == "retrieval" and made[0]["steps"] == 2
    grown = json.loads((tmp_path / "second" / "rag2" / "provenance.json").read_text())
    assert grown["started_from"] == "layers of the target"
    words = [(tmp_path / name / "target" / "tokenizer.json").read_text() for name in ("first", "second")]
    assert words[0] == words[1]


@pytest.mark.usefixtures("small_stages")
def test_demonstrations_are_taught_over_documents_that_are_retrieved_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = curriculum.LESSONS._replace(n_worlds=2, n_lessons=4, sizes=SMALL, forms=("notes",))
    monkeypatch.setattr(curriculum, "LESSONS", plan)
    monkeypatch.setattr(lessons, "_EMBEDDER", str(encoders.save(tmp_path / "encoder")))
    list(train_builtin(tmp_path / "a", tmp_path / "first"))
    target, work, out = tmp_path / "first" / "target", tmp_path / "b", tmp_path / "second"
    list(train_builtin(work, out, continue_from=target, teach="demonstrations", steps=3, minutes=1e-9))
    assert [file.name for file in (work / "lessons").iterdir()] == ["world-0.json"]
    first = (work / "lessons" / "world-0.json").stat().st_mtime_ns
    for wrong in ({"teach": "retrieval"}, {"teach": "demonstrations", "steps": 4}):
        with pytest.raises(InputError, match="teaches demonstrations in 3 steps"):
            list(train_builtin(work, out, **wrong))  # type: ignore[arg-type]
    list(train_builtin(work, out))
    assert (work / "lessons" / "world-0.json").stat().st_mtime_ns == first
    provenance = json.loads((out / "target" / "provenance.json").read_text())
    assert provenance["steps"] == 3 and provenance["n_tokens"] == 3 * 2048
    assert provenance["stage"]["mixture"] == "demonstrations"
    assert "0 to 4 demonstrations" in provenance["taught"] and "2 worlds" in provenance["taught"]
    assert finished_stages(out) == ["target", "rag", "rag2"]
    shutil.copytree(work / "lessons", tmp_path / "c" / "lessons")
    third = tmp_path / "third"
    list(train_builtin(tmp_path / "c", third, continue_from=out / "target", teach="own-words", steps=2))
    provenance = json.loads((third / "target" / "provenance.json").read_text())
    assert provenance["stage"]["mixture"] == "own-words" and "do not repeat themselves" in provenance["taught"]
    shutil.copytree(work / "lessons", tmp_path / "d" / "lessons")
    fourth = tmp_path / "fourth"
    list(train_builtin(tmp_path / "d", fourth, continue_from=third / "target", teach="unlikelihood", steps=1))
    provenance = json.loads((fourth / "target" / "provenance.json").read_text())
    assert provenance["stage"]["mixture"] == "unlikelihood" and "unlikelihood of" in provenance["taught"]


@pytest.mark.usefixtures("small_stages")
def test_folder_that_cannot_be_continued_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    list(train_builtin(tmp_path / "a", tmp_path / "first"))
    target, work = tmp_path / "first" / "target", tmp_path / "b"
    no_words = shutil.copytree(target, tmp_path / "no words")
    (no_words / "tokenizer.json").write_text("{}", encoding="utf-8")
    cut_off = shutil.copytree(target, tmp_path / "cut off")
    (cut_off / "model.safetensors").write_bytes(b"x" * 20)
    wrong = (tmp_path / "x", no_words, cut_off, tmp_path / "first" / "rag")
    for folder, reason in zip(wrong, ("no folder", "tokenizer", "damaged", "another shape"), strict=True):
        with pytest.raises(InputError, match=reason):
            list(train_builtin(work, tmp_path / "second", continue_from=folder, minutes=1e-9))
    list(train_builtin(work, tmp_path / "second", continue_from=target, minutes=1e-9))
    assert (work / "continued").read_text(encoding="utf-8") == str(target)


@pytest.mark.usefixtures("small_stages")
def test_folder_of_one_training_is_refused_to_another(tmp_path: Path) -> None:
    list(train_builtin(tmp_path / "a", tmp_path / "first", minutes=1e-9))
    with pytest.raises(InputError, match="began from the beginning"):
        list(train_builtin(tmp_path / "a", tmp_path / "first", continue_from=tmp_path / "x"))
    list(train_builtin(tmp_path / "a", tmp_path / "first"))
    target = tmp_path / "first" / "target"
    list(train_builtin(tmp_path / "b", tmp_path / "second", continue_from=target, minutes=1e-9))
    with pytest.raises(InputError, match="continues"):
        list(train_builtin(tmp_path / "b", tmp_path / "second", continue_from=tmp_path / "x"))


def test_target_is_begun_or_continued_and_not_both(capsys: pytest.CaptureFixture[str]) -> None:
    target = str(files("assets").joinpath("models", "target"))
    assert main(["train", "builtin", "--start-from", target, "--continue-from", target]) == 2
    assert main(["train", "builtin", "--continue-from", "nowhere"]) == 2
    assert main(["train", "builtin", "--continue-from", target, "--teach", "x"]) == 2
    assert main(["train", "builtin", "--teach", "demonstrations"]) == 2
    assert capsys.readouterr().err.count("\n") == 4


@pytest.mark.usefixtures("small_stages")
def test_place_for_the_models_that_is_a_file_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="cannot hold a training"):
        next(train_builtin(tmp_path / "work", tmp_path / "out"))
    assert not (tmp_path / "work" / "target").exists()


# What OSError, safetensors and tokenizers make of a full disk.
FULL = "No space left on device (os error 28)"
FULL_DISKS = [OSError(28, FULL), SafetensorError(FULL), Exception(FULL)]


@pytest.mark.parametrize("error", FULL_DISKS)
@pytest.mark.usefixtures("small_stages")
def test_full_disk_while_publishing_is_one_line_and_leaves_nothing_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(LlamaForCausalLM, "save_pretrained", refusing(error))
    with pytest.raises(EngineError, match=r"the model target could not be written .*No space left"):
        list(train_builtin(tmp_path / "work", tmp_path / "out"))
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.usefixtures("small_stages")
def test_snapshot_that_the_disk_refuses_is_warned_of_and_does_not_end_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = LlamaForCausalLM.save_pretrained

    def full(model: LlamaForCausalLM, folder: Path) -> None:
        whole(model, folder)
        if folder.parent.name == "snapshots":
            raise OSError(28, FULL)

    monkeypatch.setattr(LlamaForCausalLM, "save_pretrained", full)
    events = list(train_builtin(tmp_path / "work", tmp_path / "out", snapshot_minutes=1e-9))
    assert any(isinstance(event, Warned) and FULL in event.message for event in events)
    assert finished_stages(tmp_path / "out") == ALL
    assert not list((tmp_path / "work" / "snapshots").iterdir())


def refusing(error: Exception) -> Callable[..., None]:
    def full(*_: object, **__: object) -> None:
        raise error

    return full


@pytest.mark.usefixtures("small_stages")
def test_two_trainings_in_one_folder_are_refused(tmp_path: Path) -> None:
    first = train_builtin(tmp_path / "work", tmp_path / "out")
    next(first)
    with pytest.raises(InputError, match="another training"):
        next(train_builtin(tmp_path / "work", tmp_path / "out"))
    first.close()
