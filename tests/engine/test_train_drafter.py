"""Training a drafter: it gets better, resumes to the same, stops as it should, and leaves the last good one."""

import json
import shutil
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest
import torch
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.torch import load_file

from engine import devices, folders, models, trace
from engine.errors import EngineError, InputError, MemoryExhausted
from engine.events import (
    DrafterMeasured,
    Event,
    Measured,
    Progressed,
    Refused,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
    Warned,
)
from engine.training import checkpoint, drafter, estimate, student, workplace
from engine.training.drafter import train_drafter
from engine.training.drafter_config import OBJECTIVES, DrafterConfig
from engine.training.estimate import Work, plan_work
from engine.training.job import Job, estimated
from engine.training.rows import RowShape
from engine.training.workplace import Workplace
from engine.world.story import stories
from tests import fakes

N_STEPS = 12


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fakes.save(fakes.model(sharpness=3.0), tmp_path_factory.mktemp("t") / "t")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    for i, story in enumerate(islice(stories(9), 30)):
        (folder / f"{i}.txt").write_text(story[:200], encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "_CPU_ROWS", RowShape(4, 32))


def job(target: str, texts: Path | None, out: Path, *, resume: bool = False, **changes: object) -> Job:
    values = {"minutes": 0.5, "steps": N_STEPS, "width": 32, "layers": 1, "patience": 100, **changes}
    settings = msgspec.convert(values, DrafterConfig)
    return Job(target, texts, out, settings, "cpu", "float32", resume)


def run(asked: Job, flag: Flag | None = None) -> list[Event]:
    return list(train_drafter(asked, flag or Flag()))


def end_of(events: list[Event]) -> TrainingFinished:
    (found,) = [event for event in events if isinstance(event, TrainingFinished)]
    return found


def losses(out: Path) -> tuple[tuple[int, float], ...]:
    return checkpoint.progress(out / "training" / "checkpoint").losses


def broken_off(asked: Job, monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """Train until a batch cannot be made, as a kill would end it, the last checkpoint some steps behind."""
    monkeypatch.setattr(drafter, "_SAVE_EVERY_S", -1.0)
    save, n_saved = checkpoint.save, 0

    def lossy(*given: object) -> None:
        nonlocal n_saved
        n_saved += 1
        if n_saved <= after:
            save(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoint, "save", lossy)
    for event in train_drafter(asked, Flag()):
        if isinstance(event, Progressed) and event.phase == "training" and event.done >= after + 3:
            break
    monkeypatch.setattr(checkpoint, "save", save)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_lowers_its_loss_and_leaves_a_drafter_that_loads(
    target: str, texts: Path, tmp_path: Path, objective: str
) -> None:
    events = run(job(target, texts, tmp_path / "d", objective=objective, steps=40, rate=1e-2))
    found = losses(tmp_path / "d")
    assert found[-1][1] < found[0][1]
    before, after = (event for event in events if isinstance(event, DrafterMeasured))
    assert after.alpha >= before.alpha
    assert after.speedup is not None and after.c is not None and after.predicted_speedup is not None
    made = folders.inspect(str(tmp_path / "d"), drafter=True)
    *_, loaded = models.load(made, torch.device("cpu"), torch.float32)
    assert isinstance(loaded, models.LoadedModel)
    assert loaded.n_vocabulary == fakes.N_ENTRIES
    assert json.loads((tmp_path / "d" / "provenance.json").read_bytes())["began"]["settings"]["objective"] == objective


def test_events_come_in_the_order_of_a_training(target: str, texts: Path, tmp_path: Path) -> None:
    kinds = [type(event) for event in run(job(target, texts, tmp_path / "d"))]
    wanted = [TrainingEstimated, TrainingStarted, DrafterMeasured, Measured, TrainingFinished]
    assert [kinds.index(kind) for kind in wanted] == sorted(kinds.index(kind) for kind in wanted)
    assert kinds[-1] is TrainingFinished


@pytest.mark.parametrize("after", [1, 4])
def test_killed_training_resumes_to_the_losses_and_weights_of_one_that_was_not(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    run(job(target, texts, tmp_path / "whole"))
    broken_off(job(target, texts, tmp_path / "torn"), monkeypatch, after=after)
    assert checkpoint.progress(tmp_path / "torn" / "training" / "checkpoint").step == after
    events = run(job(target, texts, tmp_path / "torn", resume=True))
    assert end_of(events).step == N_STEPS
    assert losses(tmp_path / "torn") == losses(tmp_path / "whole")
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "torn"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_log_holds_the_training_and_goes_on_where_it_is_resumed(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job(target, texts, tmp_path / "d")
    broken_off(asked, monkeypatch, after=4)
    log = Workplace(tmp_path / "d").log
    n_before = len(trace.read(log).events)
    said = [event for event in run(asked._replace(resume=True)) if not isinstance(event, Progressed)]
    found = trace.read(log)
    assert found.damage is None
    assert list(found.events[n_before:]) == said
    first, second = [event for event in found.events if isinstance(event, TrainingStarted)]
    assert (first.step, second.step) == (0, 4)
    assert dict(second.settings)["steps"] == N_STEPS
    assert second.data == str(texts)


def test_refused_resume_leaves_the_log_as_it_was(target: str, texts: Path, tmp_path: Path) -> None:
    run(job(target, texts, tmp_path / "d"))
    log = Workplace(tmp_path / "d").log.read_bytes()
    for refused in (job(target, texts, tmp_path / "d"), job(target, texts, tmp_path / "d", resume=True, seed=9)):
        with pytest.raises(InputError):
            run(refused)
    assert Workplace(tmp_path / "d").log.read_bytes() == log


def test_resume_where_no_training_was_begun_is_refused_and_leaves_no_folder(
    target: str, texts: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="typo holds no training to go on with"):
        run(job(target, texts, tmp_path / "typo", resume=True))
    assert not (tmp_path / "typo").exists()


def test_training_given_relative_paths_records_absolute_ones_and_resumes_with_them(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(texts, tmp_path / "texts")
    monkeypatch.chdir(tmp_path)
    events = run(job(target, Path("texts"), Path("d")))
    (began,) = [event for event in events if isinstance(event, TrainingStarted)]
    assert (began.folder, began.data) == (str(tmp_path / "d"), str(tmp_path / "texts"))
    assert end_of(events).folder == str(tmp_path / "d")
    assert end_of(run(job(target, Path(began.data), Path(began.folder), resume=True))).step == N_STEPS


def test_drafter_within_the_folder_of_its_texts_can_be_resumed(target: str, texts: Path, tmp_path: Path) -> None:
    shutil.copytree(texts, tmp_path / "texts")
    asked = job(target, tmp_path / "texts", tmp_path / "texts" / "drafter")
    run(asked)
    assert end_of(run(asked._replace(resume=True))).step == N_STEPS


def test_cancel_keeps_the_last_checkpoint_and_resumes(target: str, texts: Path, tmp_path: Path) -> None:
    flag = Flag()
    events: list[Event] = []
    for event in train_drafter(job(target, texts, tmp_path / "d"), flag):
        events.append(event)
        if isinstance(event, Measured) and event.name == "loss":
            flag.set()
    assert end_of(events).stopped == "user"
    assert 0 < end_of(events).step < N_STEPS
    assert end_of(run(job(target, texts, tmp_path / "d", resume=True))).step == N_STEPS


def test_steps_that_the_minutes_do_not_allow_are_not_said_to_be_done(target: str, texts: Path, tmp_path: Path) -> None:
    ended = end_of(run(job(target, texts, tmp_path / "d", steps=100_000, minutes=0.02)))
    assert (ended.stopped, ended.step < 100_000) == ("minutes", True)


def test_cancel_before_training_is_refused_in_one_line(target: str, texts: Path, tmp_path: Path) -> None:
    flag = Flag()
    flag.set()
    with pytest.raises(EngineError, match="stopped by the user"):
        run(job(target, texts, tmp_path / "d"), flag)


def test_training_without_progress_stops_early(target: str, texts: Path, tmp_path: Path) -> None:
    asked = job(target, texts, tmp_path / "d", rate=1e-12, patience=2, steps=200, objective="cross-entropy")
    assert end_of(run(asked)).stopped == "early"


def test_resumed_training_has_the_patience_it_is_resumed_with(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job(target, texts, tmp_path / "d", rate=1e-12, steps=200, objective="cross-entropy")
    broken_off(asked, monkeypatch, after=3)
    settings = msgspec.structs.replace(asked.settings, patience=2)
    assert end_of(run(asked._replace(settings=settings, resume=True))).stopped == "early"


def test_loss_that_is_no_number_stops_and_keeps_the_last_good_drafter(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, n_calls = student.objective, 0

    def poisoned(*given: object):  # type: ignore[no-untyped-def]
        inner = whole(*given)  # type: ignore[arg-type]

        def lowered(batch):  # type: ignore[no-untyped-def]
            nonlocal n_calls
            n_calls += 1
            return inner(batch) * (float("nan") if n_calls > 10 else 1.0)

        return lowered

    monkeypatch.setattr(student, "objective", poisoned)
    events = run(job(target, texts, tmp_path / "d"))
    assert end_of(events).stopped == "nan"
    kept = load_file(tmp_path / "d" / "training" / "checkpoint" / "model.safetensors")
    assert all(
        bool(weight.isfinite().all())
        for weight in (*kept.values(), *load_file(tmp_path / "d" / "model.safetensors").values())
    )
    assert end_of(events).step > 0


def test_gradient_that_is_no_number_never_reaches_the_weights(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: torch.tensor(float("inf")))
    events = run(job(target, texts, tmp_path / "d"))
    assert end_of(events).stopped == "nan"
    assert end_of(events).step == 0


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("No space left on device")])
def test_full_disk_leaves_the_last_checkpoint_intact(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    broken_off(job(target, texts, tmp_path / "d"), monkeypatch, after=3)
    before = (tmp_path / "d" / "training" / "checkpoint" / "model.safetensors").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(checkpoint, "save_file", full)
    monkeypatch.setattr(workplace, "save_file", full)
    with pytest.raises(EngineError, match="No space left") as caught:
        run(job(target, texts, tmp_path / "d", resume=True))
    assert "\n" not in str(caught.value)
    assert (tmp_path / "d" / "training" / "checkpoint" / "model.safetensors").read_bytes() == before
    monkeypatch.undo()
    assert models.load(folders.inspect(str(tmp_path / "d")), torch.device("cpu"), torch.float32)


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("x"), RuntimeError("can't allocate memory")])
def test_memory_that_runs_out_is_one_line_and_the_end_of_the_log(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(student, "objective", full)
    with pytest.raises(MemoryExhausted, match="memory ran out during training"):
        run(job(target, texts, tmp_path / "d"))
    last = trace.read(tmp_path / "d" / "training-log.jsonl").events[-1]
    assert isinstance(last, Refused) and last.reason == "memory ran out during training"


def test_folder_in_use_is_refused(target: str, texts: Path, tmp_path: Path) -> None:
    (tmp_path / "d" / "training").mkdir(parents=True)
    with (
        FileLock(tmp_path / "d" / "training" / ".lock"),
        pytest.raises(InputError, match="another training is at work"),
    ):
        run_elsewhere(job(target, texts, tmp_path / "d"))


def run_elsewhere(asked: Job) -> None:
    """On another thread, since a lock is lent again to the thread that has it."""
    raised: list[BaseException] = []

    def work() -> None:
        try:
            run(asked)
        except InputError as err:
            raised.append(err)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    raise raised[0]


def test_begun_training_is_not_begun_again_unasked(target: str, texts: Path, tmp_path: Path) -> None:
    run(job(target, texts, tmp_path / "d"))
    with pytest.raises(InputError, match="holds a training already"):
        run(job(target, texts, tmp_path / "d"))


def test_folder_with_other_files_is_refused(target: str, texts: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        run(job(target, texts, tmp_path))


def test_resuming_with_other_settings_or_texts_is_refused(target: str, texts: Path, tmp_path: Path) -> None:
    run(job(target, texts, tmp_path / "d"))
    with pytest.raises(InputError, match=r"objective = reverse-kl: .* begun with forward-kl"):
        run(job(target, texts, tmp_path / "d", resume=True, objective="reverse-kl"))
    (tmp_path / "other").mkdir()
    for name in ("a", "b"):
        (tmp_path / "other" / f"{name}.txt").write_text(f"quite another text {name}")
    with pytest.raises(InputError, match="the text has changed"):
        run(job(target, tmp_path / "other", tmp_path / "d", resume=True))


def test_sampled_text_alone_is_enough(target: str, tmp_path: Path) -> None:
    ends = fakes.save(fakes.model(sharpness=3.0, eos_token_id=0), tmp_path / "t")
    events = run(job(ends, None, tmp_path / "d", sample=2000))
    (began,) = [event for event in events if isinstance(event, TrainingStarted)]
    assert began.n_tokens >= 1000
    assert any(isinstance(event, Progressed) and event.phase == "sampling" for event in events)


def test_without_any_text_it_is_refused(target: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no text to learn from"):
        run(job(target, None, tmp_path / "d"))


def test_text_that_the_tokenizer_breaks_up_is_warned_of(target: str, tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    for i in range(12):
        (tmp_path / "texts" / f"{i}.txt").write_text("灯台の番人は夜ごとに" * 5 + str(i), encoding="utf-8")
    warned = [event for event in run(job(target, tmp_path / "texts", tmp_path / "d")) if isinstance(event, Warned)]
    assert any("pieces of characters" in event.message for event in warned)


def test_files_left_out_are_warned_of(target: str, texts: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for file in texts.iterdir():
        (mixed / file.name).write_bytes(file.read_bytes())
    (mixed / "zz.txt").write_bytes(b"\0\1\2")
    warned = [event for event in run(job(target, mixed, tmp_path / "d")) if isinstance(event, Warned)]
    assert [event.message for event in warned] == ["1 files were left out: they are not UTF-8 text"]


def test_estimate_names_what_does_not_fit(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert estimated(job(target, texts, tmp_path / "d"), loaded=False).why_not == ""
    monkeypatch.setattr(devices, "free_bytes", lambda _: 1000)
    needed = estimated(job(target, texts, tmp_path / "d"), loaded=False)
    assert "are free on cpu" in needed.why_not
    assert needed.n_parameters > 0
    with pytest.raises(InputError, match="training needs"):
        run(job(target, texts, tmp_path / "d"))
    assert not (tmp_path / "d").exists()


def test_estimate_counts_the_parameters_of_the_drafter_that_is_made(target: str, texts: Path, tmp_path: Path) -> None:
    run(job(target, texts, tmp_path / "d"))
    needed = estimated(job(target, texts, tmp_path / "d"), loaded=False)
    made = load_file(tmp_path / "d" / "model.safetensors")
    assert needed.n_parameters == sum(weight.numel() for weight in made.values())


def test_estimate_says_what_is_wrong_with_a_job_that_cannot_be(target: str, tmp_path: Path) -> None:
    assert "nothing at" in estimated(job(target, tmp_path / "no", tmp_path / "d"), loaded=False).why_not
    assert "multiple of 32" in estimated(job(target, None, tmp_path / "d", width=33, sample=9), loaded=False).why_not


def test_large_vocabulary_is_computed_a_few_rows_at_once() -> None:
    big = fakes.config("llama", n_vocabulary=150_000, max_position_embeddings=4096)
    work: Work = plan_work(big, DrafterConfig(), n_vocabulary=150_000, device=torch.device("cpu"))
    assert work.n_rows_at_once * work.rows.length * 150_000 * 4 * 8 <= 2**30
    assert work.n_rows_at_once >= 1


def test_rows_in_parts_give_the_gradient_of_the_whole(target: str) -> None:
    from engine.training.loop import Pace, accumulate
    from engine.training.rows import Batch

    *_, loaded = models.load(folders.inspect(target), torch.device("cpu"), torch.float32)
    assert isinstance(loaded, models.LoadedModel)
    config = DrafterConfig(width=32, layers=1)
    shape = plan_work(loaded.model.config, config, n_vocabulary=loaded.n_vocabulary, device=loaded.device).shape
    batch = Batch(torch.randint(0, 300, (4, 16)), torch.ones(4, 16))
    grads = []
    for n_rows in (4, 1):
        model = student.new_drafter(loaded, shape, config)
        accumulate(model, batch, student.objective(model, loaded, "forward-kl"), Pace(torch.float32, n_rows))
        grads.append([p.grad for p in model.parameters()])
    for whole, parts in zip(*grads, strict=True):
        assert whole is not None and parts is not None
        assert torch.allclose(whole, parts, atol=1e-6)


def test_drafter_may_begin_with_the_embeddings_of_the_target(target: str, texts: Path, tmp_path: Path) -> None:
    events = run(job(target, texts, tmp_path / "d", width=0, embed=True, steps=1))
    (began,) = [event for event in events if isinstance(event, TrainingStarted)]
    assert began.width == 32


@pytest.mark.parametrize("family", ["gpt2", "qwen2", "gemma2"])
def test_any_family_can_be_a_target(texts: Path, tmp_path: Path, family: str) -> None:
    spec = fakes.save(fakes.model(family), tmp_path / "t")
    assert end_of(run(job(spec, texts, tmp_path / "d", steps=3))).step == 3


def alphas(events: list[Event]) -> Iterator[float]:
    return (event.value for event in events if isinstance(event, Measured) and event.name == "alpha")


def test_time_that_the_reader_takes_is_not_time_of_training(target: str, texts: Path, tmp_path: Path) -> None:
    clock = drafter.WorkClock()
    before = clock()
    clock.leave()
    clock._left_at -= 100.0
    clock.come_back()
    assert clock() - before < 50
    assert list(alphas(run(job(target, texts, tmp_path / "d"))))
