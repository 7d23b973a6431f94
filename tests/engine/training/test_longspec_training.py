"""Training a LongSpec drafter: it loads beside its target, resumes to the same weights, and can be refused."""

import json
from pathlib import Path
from threading import Event as Flag

import pytest
import torch
from safetensors.torch import load_file

from engine.commands import Load, Run
from engine.decoding.drafting import Drafter
from engine.drafters.longspec import LongspecDrafter
from engine.errors import InputError
from engine.events import DrafterMeasured, Progressed, TrainingEstimated, TrainingStarted
from engine.session.session import Session
from engine.settings import Request
from engine.training import estimate
from engine.training.drafter import train_drafter
from engine.training.drafter_config import DrafterConfig
from engine.training.rows import RowShape
from tests import fakes
from tests.engine.session.running import emitted
from tests.engine.session.running import run as generate
from tests.engine.training.drafter_training import N_STEPS, end_of, job, make_small, run, small_steps, target, texts

__all__ = ["small_steps", "target", "texts"]
LONGSPEC = {"start": "longspec", "width": 0, "window": 16, "long_share": 0.5}


@pytest.fixture(scope="module")
def trained(target: str, texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("longspec") / "d"
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch)
        events = run(job(target, texts, out, **LONGSPEC))
    (started,) = [event for event in events if isinstance(event, TrainingStarted)]
    assert (started.layers, started.width) == (1, 32)
    assert end_of(events).step == N_STEPS
    measured = {event.when: event for event in events if isinstance(event, DrafterMeasured)}
    assert measured.keys() == {"before", "after"}
    assert measured["after"].speedup is not None
    estimated = next(event for event in events if isinstance(event, TrainingEstimated))
    assert estimated.n_trained == started.n_parameters
    return out


def test_the_trained_drafter_loads_beside_its_target_and_is_exact(trained: Path, target: str) -> None:
    config = json.loads((trained / "config.json").read_text("utf-8"))
    assert (config["window"], config["target"]) == (16, target)
    session = Session()
    list(session.do(Load(target, str(trained))))
    drafter: Drafter | None = session.drafter
    assert isinstance(drafter, LongspecDrafter)
    drafted = emitted(generate(session, "The harbour", max_new_tokens=20, gamma=3))
    list(session.do(Load(target, "none")))
    assert session.drafter is None
    alone = Run("plain", {"max_new_tokens": 20, "stop_at_end": False}, Request("The harbour"))
    assert drafted == emitted(list(session.do(alone)))


def test_a_training_that_was_stopped_resumes_to_the_same_weights(
    trained: Path, target: str, texts: Path, tmp_path: Path
) -> None:
    flag = Flag()
    for event in train_drafter(job(target, texts, tmp_path / "d", **LONGSPEC), flag):
        if isinstance(event, Progressed) and event.phase == "training" and event.done >= 5:
            flag.set()
    run(job(target, texts, tmp_path / "d", resume=True, **LONGSPEC))
    checkpoints = (folder / "training" / "checkpoint" / "model.safetensors" for folder in (trained, tmp_path / "d"))
    whole, resumed = map(load_file, checkpoints)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"width": 64}, "one block of the target's width"),
        ({"layers": 2}, "one block of the target's width"),
        ({"embed": True}, "always reads the target's embeddings"),
    ],
)
def test_a_shape_that_it_cannot_have_is_refused(
    target: str, texts: Path, tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        run(job(target, texts, tmp_path / "d", **{**LONGSPEC, **changes}))


def test_a_trained_drafter_can_be_trained_on_as_what_it_is(
    trained: Path, target: str, texts: Path, tmp_path: Path
) -> None:
    values = {**LONGSPEC, "start_folder": str(trained), "long_share": 1.0, "steps": 2}
    events = run(job(target, texts, tmp_path / "d", **values))
    assert end_of(events).step == 2
    provenance = json.loads((tmp_path / "d" / "provenance.json").read_text("utf-8"))
    assert provenance["started_from"] == f"the weights of {trained.name}"
    with pytest.raises(InputError, match=r"window = 512: the LongSpec drafter in .* has 16"):
        run(job(target, texts, tmp_path / "e", **{**values, "window": 512}))


def test_a_drafter_can_be_trained_on_for_a_target_that_was_trained_on_as_well(
    trained: Path, texts: Path, tmp_path: Path
) -> None:
    """Beside that target it was refused before."""
    taught = fakes.save(fakes.model(seed=9), tmp_path / "taught")
    with pytest.raises(InputError, match="differ from it"):
        list(Session().do(Load(taught, str(trained))))
    values = {**LONGSPEC, "start_folder": str(trained), "long_share": 1.0, "steps": 2}
    assert end_of(run(job(taught, texts, tmp_path / "d", **values))).step == 2
    list(Session().do(Load(taught, str(tmp_path / "d"))))


def test_a_target_without_a_full_last_layer_is_refused(texts: Path, tmp_path: Path) -> None:
    other = fakes.save(fakes.model("mistral-sliding"), tmp_path / "t")
    with pytest.raises(InputError, match="can have no LongSpec drafter: its last layer attends to the last 12 tokens"):
        run(job(other, texts, tmp_path / "d", **LONGSPEC))


@pytest.mark.parametrize(
    ("context", "n_vocabulary", "long_shapes"),
    [
        (4096, fakes.N_ENTRIES, (RowShape(1, 4096), RowShape(1, 1024))),
        (100, fakes.N_ENTRIES, (RowShape(1, 96),)),
        (32, fakes.N_ENTRIES, ()),
        (4096, 1 << 18, (RowShape(1, 1024), RowShape(1, 256))),
    ],
)
def test_the_last_steps_are_on_rows_as_long_as_context_and_memory_allow(
    context: int, n_vocabulary: int, long_shapes: tuple[RowShape, ...]
) -> None:
    settings = DrafterConfig(start="longspec", long_share=0.25)
    config = fakes.config("llama", max_position_embeddings=context)
    work = estimate.plan_work(config, settings, n_vocabulary=n_vocabulary, device=torch.device("cpu"))
    short, *long = estimate.stretches(work, settings, context=context)
    assert short.shapes == (RowShape(4, 32),)
    assert tuple(shape for stretch in long for shape in stretch.shapes) == long_shapes
    assert short.until == (0.75 if long_shapes else 1.0)
