"""A training that is broken off, stopped or fails: the last good drafter is kept, and it resumes to the same."""

import shutil
from itertools import groupby
from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from engine.errors import EngineError, InputError, MemoryExhausted
from engine.events import DrafterMeasured, Event, Measured, Progressed, Refused, TrainingFinished, TrainingStarted
from engine.models import checkpoint_folder, loading
from engine.runs import trace
from engine.training import checkpoint, drafter, loop, student, workload, workplace
from engine.training.drafter import train_drafter
from engine.training.job import DrafterJob
from engine.training.workplace import Workplace
from tests.engine.training.drafter_training import (
    N_STEPS,
    end_of,
    job,
    losses,
    make_small,
    run,
    small_steps,
    target,
    texts,
)

__all__ = ["small_steps", "target", "texts"]


def broken_off(asked: DrafterJob, monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """Train until a batch cannot be made, as a kill would end it, the last checkpoint some steps behind."""
    monkeypatch.setattr(workload, "_SAVE_EVERY_S", -1.0)
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


@pytest.fixture(scope="module")
def whole(target: str, texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that nothing broke off."""
    folder = tmp_path_factory.mktemp("whole") / "d"
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch)
        run(job(target, texts, folder))
    return folder


@pytest.mark.parametrize("after", [1, 4])
def test_killed_training_resumes_to_the_losses_and_weights_of_one_that_was_not(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: Path, after: int
) -> None:
    broken_off(job(target, texts, tmp_path / "torn"), monkeypatch, after=after)
    assert checkpoint.progress(tmp_path / "torn" / "training" / "checkpoint").step == after
    events = run(job(target, texts, tmp_path / "torn", resume=True))
    assert end_of(events).step == N_STEPS
    assert losses(tmp_path / "torn") == losses(whole)
    one, other = (load_file(folder / "model.safetensors") for folder in (whole, tmp_path / "torn"))
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


def test_refused_resume_leaves_the_log_as_it_was(target: str, texts: Path, whole: Path) -> None:
    log = Workplace(whole).log.read_bytes()
    for refused in (job(target, texts, whole), job(target, texts, whole, resume=True, seed=9)):
        with pytest.raises(InputError):
            run(refused)
    assert Workplace(whole).log.read_bytes() == log


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


def test_cancel_before_training_is_refused_in_one_line(target: str, texts: Path, tmp_path: Path) -> None:
    flag = Flag()
    flag.set()
    with pytest.raises(EngineError, match="stopped by the user"):
        run(job(target, texts, tmp_path / "d"), flag)


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
    assert loading.load(checkpoint_folder.inspect(str(tmp_path / "d")), torch.device("cpu"), torch.float32)


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


def test_begun_training_is_not_begun_again_unasked(target: str, texts: Path, whole: Path) -> None:
    with pytest.raises(InputError, match="holds a training already"):
        run(job(target, texts, whole))


def test_resuming_with_other_settings_or_texts_is_refused(
    target: str, texts: Path, tmp_path: Path, whole: Path
) -> None:
    with pytest.raises(InputError, match=r"objective = reverse-kl: .* begun with forward-kl"):
        run(job(target, texts, whole, resume=True, objective="reverse-kl"))
    (tmp_path / "other").mkdir()
    for name in ("a", "b"):
        (tmp_path / "other" / f"{name}.txt").write_text(f"quite another text {name}")
    with pytest.raises(InputError, match="the text has changed"):
        run(job(target, tmp_path / "other", whole, resume=True))


@pytest.mark.parametrize("phase", ["loading", "tokenizing", "sampling", "measuring"])
def test_a_stop_is_looked_at_after_every_report_of_every_stage(
    target: str, texts: Path, tmp_path: Path, phase: str
) -> None:
    flag, n_after = Flag(), 0
    with pytest.raises(EngineError, match="before the first step"):
        for event in train_drafter(job(target, texts, tmp_path / "d", sample=2000), flag):
            n_after += flag.is_set()
            if isinstance(event, Progressed) and event.phase == phase:
                flag.set()
    assert flag.is_set()
    assert not n_after


def test_a_stop_within_a_step_undoes_the_step_and_measures_nothing_more(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag, accumulate, n_steps = Flag(), loop.accumulate, 0

    def stopping(*given: object) -> float:
        nonlocal n_steps
        n_steps += 1
        if n_steps == 4:
            flag.set()
        return accumulate(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "accumulate", stopping)
    events = run(job(target, texts, tmp_path / "d"), flag)
    assert (end_of(events).stopped, end_of(events).step) == ("user", 3)
    assert [event.when for event in events if isinstance(event, DrafterMeasured)] == ["before"]
    assert end_of(events).matrix_rate_fraction is None


def test_a_stop_while_the_trained_drafter_is_measured_ends_that_alone(target: str, texts: Path, tmp_path: Path) -> None:
    flag, events = Flag(), []
    for event in train_drafter(job(target, texts, tmp_path / "d"), flag):
        events.append(event)
        if isinstance(event, Progressed) and event.phase == "measuring" and losses(tmp_path / "d"):
            flag.set()
    assert (end_of(events).stopped, end_of(events).step) == ("steps", N_STEPS)
    assert [event.when for event in events if isinstance(event, DrafterMeasured)] == ["before"]


@pytest.mark.parametrize(
    ("step", "alpha", "usable"), [(0, 0.6, False), (9, 0.0, False), (9, 0.3, True), (9, None, True)]
)
def test_a_drafter_is_usable_if_it_was_trained_and_proposes_something_right(
    step: int, alpha: float | None, usable: bool
) -> None:
    assert TrainingFinished("user", "d", step, 0, 1, 1.0, None, 1.0, alpha).usable is usable


def test_every_stage_reports_from_the_first_second_with_a_known_end_and_the_time_left(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafter, "_REPORT_EVERY_S", 0.0)
    reports = []
    for event in train_drafter(job(target, texts, tmp_path / "d", steps=0, sample=2000), flag := Flag()):
        if isinstance(event, Progressed):
            reports.append(event)
            if event.phase == "training":
                flag.set()
    assert [key for key, _ in groupby(event.phase for event in reports)] == [
        "loading", "tokenizing", "sampling", "measuring", "training",
    ]  # fmt: skip
    assert {event.unit for event in reports if event.phase == "measuring"} == {
        "tokens of held-out text", "held-out texts", "repeats",
    }  # fmt: skip
    assert all(event.total > 1 and event.done <= event.total for event in reports)
    left = [event.left_s for event in reports]
    assert all(seconds is not None and 0 <= seconds <= 30 for seconds in left)
    assert left == sorted(left, reverse=True)
