"""Training a drafter: it gets better, ends as it should, and says what it needs and what is wrong with its texts."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file

from engine.errors import InputError
from engine.events import (
    DrafterMeasured,
    Event,
    Measured,
    Progressed,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
    Warned,
)
from engine.models import checkpoint_folder, devices, loading
from engine.runs import trace
from engine.training import drafter, student
from engine.training.drafter_config import OBJECTIVES, DrafterConfig
from engine.training.estimate import Work, plan_work
from engine.training.job import DrafterJob, estimated
from tests import fakes
from tests.engine.training.drafter_training import end_of, job, losses, make_small, run, small_steps, target, texts

__all__ = ["small_steps", "target", "texts"]


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
    made = checkpoint_folder.inspect(str(tmp_path / "d"), drafter=True)
    *_, loaded = loading.load(made, torch.device("cpu"), torch.float32)
    assert isinstance(loaded, loading.LoadedModel)
    assert loaded.n_vocabulary == fakes.N_ENTRIES
    assert json.loads((tmp_path / "d" / "provenance.json").read_bytes())["began"]["settings"]["objective"] == objective


@pytest.fixture(scope="module")
def usual(target: str, texts: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    """A training with the usual settings: its folder and its events."""
    folder = tmp_path_factory.mktemp("usual") / "d"
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch)
        return folder, run(job(target, texts, folder))


def test_events_come_in_the_order_of_a_training(usual: tuple[Path, list[Event]]) -> None:
    kinds = [type(event) for event in usual[1]]
    wanted = [TrainingEstimated, TrainingStarted, DrafterMeasured, Measured, TrainingFinished]
    assert [kinds.index(kind) for kind in wanted] == sorted(kinds.index(kind) for kind in wanted)
    assert kinds[-1] is TrainingFinished


def test_steps_that_the_minutes_do_not_allow_are_not_said_to_be_done(target: str, texts: Path, tmp_path: Path) -> None:
    ended = end_of(run(job(target, texts, tmp_path / "d", steps=100_000, minutes=0.02)))
    assert (ended.stopped, ended.step < 100_000) == ("minutes", True)


def test_training_without_progress_stops_early(target: str, texts: Path, tmp_path: Path) -> None:
    asked = job(target, texts, tmp_path / "d", rate=1e-12, patience=2, steps=200, objective="cross-entropy")
    assert end_of(run(asked)).stopped == "early"


def test_folder_in_use_is_refused(target: str, texts: Path, tmp_path: Path) -> None:
    (tmp_path / "d" / "training").mkdir(parents=True)
    with (
        FileLock(tmp_path / "d" / "training" / ".lock"),
        pytest.raises(InputError, match="another training is at work"),
    ):
        run_elsewhere(job(target, texts, tmp_path / "d"))


def run_elsewhere(asked: DrafterJob) -> None:
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


def test_folder_with_other_files_is_refused(target: str, texts: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        run(job(target, texts, tmp_path))


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
    assert "files left out, since they are not UTF-8 text: 1" in [event.message for event in warned]


def test_estimate_names_what_does_not_fit(
    target: str, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert estimated(job(target, texts, tmp_path / "d")).why_not == ""
    monkeypatch.setattr(devices, "free_bytes", lambda _: 1000)
    needed = estimated(job(target, texts, tmp_path / "d"))
    assert "0.0 MiB are free on cpu" in needed.why_not and "GiB" not in needed.why_not
    assert needed.n_parameters > 0
    with pytest.raises(InputError, match="training needs"):
        run(job(target, texts, tmp_path / "d"))
    assert not (tmp_path / "d").exists()


def test_estimate_counts_the_parameters_of_the_drafter_that_is_made(
    target: str, texts: Path, tmp_path: Path, usual: tuple[Path, list[Event]]
) -> None:
    needed = estimated(job(target, texts, tmp_path / "d"))
    made = load_file(usual[0] / "model.safetensors")
    assert needed.n_parameters == sum(weight.numel() for weight in made.values())


def test_estimate_says_what_is_wrong_with_a_job_that_cannot_be(target: str, tmp_path: Path) -> None:
    assert "nothing at" in estimated(job(target, tmp_path / "no", tmp_path / "d")).why_not
    assert "multiple of 32" in estimated(job(target, None, tmp_path / "d", width=33, sample=9)).why_not


def test_large_vocabulary_is_computed_a_few_rows_at_once() -> None:
    big = fakes.config("llama", n_vocabulary=150_000, max_position_embeddings=4096)
    work: Work = plan_work(big, DrafterConfig(), n_vocabulary=150_000, device=torch.device("cpu"))
    assert work.n_rows_at_once * work.rows.length * 150_000 * 4 * 8 <= 2**30
    assert work.n_rows_at_once >= 1


def test_rows_in_parts_give_the_gradient_of_the_whole(target: str) -> None:
    from engine.training.loop import StepPace, accumulate
    from engine.training.rows import TrainingBatch

    *_, loaded = loading.load(checkpoint_folder.inspect(target), torch.device("cpu"), torch.float32)
    assert isinstance(loaded, loading.LoadedModel)
    config = DrafterConfig(width=32, layers=1)
    shape = plan_work(loaded.model.config, config, n_vocabulary=loaded.n_vocabulary, device=loaded.device).start.shape
    batch = TrainingBatch(torch.randint(0, 300, (4, 16)), torch.ones(4, 16))
    assert shape is not None
    grads = []
    for n_rows in (4, 1):
        model = student.new_drafter(loaded, shape, config)
        accumulate(model, batch, student.objective(model, loaded, "forward-kl"), StepPace(torch.float32, n_rows))
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


def test_time_that_the_reader_takes_is_not_time_of_training(usual: tuple[Path, list[Event]]) -> None:
    clock = drafter.WorkClock()
    before = clock()
    clock.leave()
    clock._left_at -= 100.0
    clock.come_back()
    assert clock() - before < 50
    assert list(alphas(usual[1]))


def test_training_goes_on_from_a_model_in_a_folder(target: str, texts: Path, tmp_path: Path) -> None:
    run(job(target, texts, tmp_path / "first", steps=30, rate=1e-2))
    events = run(
        job(
            target,
            texts,
            tmp_path / "d",
            width=0,
            layers=0,
            steps=2,
            start="folder",
            start_folder=str(tmp_path / "first"),
        )
    )
    ended = next(
        event for event in run_log(tmp_path / "first") if isinstance(event, DrafterMeasured) and event.when == "after"
    )
    before = next(event for event in events if isinstance(event, DrafterMeasured))
    assert before.alpha == pytest.approx(ended.alpha, abs=0.02)
    provenance = json.loads((tmp_path / "d" / "provenance.json").read_bytes())
    assert provenance["started_from"] == "the weights of first"


def run_log(folder: Path) -> list[Event]:
    return list(trace.read(folder / "training-log.jsonl").events)


def test_folder_of_another_tokenizer_is_refused(target: str, texts: Path, tmp_path: Path) -> None:
    other = fakes.save(fakes.model(), tmp_path / "other", words=fakes.tokenizer(seed=5))
    with pytest.raises(InputError, match="does not share the tokenizer"):
        run(job(target, texts, tmp_path / "d", width=0, layers=0, start="folder", start_folder=other))


def test_time_too_short_for_new_weights_is_warned_of(target: str, texts: Path, tmp_path: Path) -> None:
    events = run(job(target, texts, tmp_path / "d", steps=0, minutes=0.002, width=256, start="new"))
    assert any(isinstance(event, Warned) and "too few for a useful drafter" in event.message for event in events)


def test_folder_with_a_padded_vocabulary_can_be_trained_on(target: str, texts: Path, tmp_path: Path) -> None:
    padded = fakes.save(fakes.model(n_vocabulary=fakes.N_ENTRIES + 4), tmp_path / "padded")
    events = run(job(target, texts, tmp_path / "d", width=0, layers=0, steps=2, start="folder", start_folder=padded))
    assert end_of(events).step == 2


def test_chat_is_refused_where_the_target_has_no_template(target: str, texts: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no chat template; have the text continued as it is"):
        run(job(target, texts, tmp_path / "d", chat="on"))
