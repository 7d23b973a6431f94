"""What a switch of the LongSpec training brings: two trainings that differ in it alone, compared by length."""

from collections.abc import Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding.cached_model import ReadTexts
from engine.errors import EngineError, InputError
from engine.events import Measured, Progressed
from engine.longspec.block import LongspecBlock
from engine.models.loading import LoadedModel
from engine.training import ablation, student
from engine.training import longspec_objective as objective
from engine.training.ablation import SWITCHES, Ablation, ablate
from engine.training.draft_agreement import TextAgreement
from engine.training.drafter_config import OF_LONGSPEC, DrafterConfig
from tests import fakes
from tests.engine.training.drafter_training import job, small_steps, target, texts

__all__ = ["small_steps", "target", "texts"]

# Positions are offset where the context has more than 1000 tokens beyond a row; the last of four steps is a long one.
CONTEXT, N_STEPS = 1536, 4


class Step(NamedTuple):
    """What a step of a training was computed with: by how much its last position was moved, how far the target's keys
    lagged, how long its rows were, and which losses it had."""

    offset: int
    lag: int
    length: int
    terms: set[str]


class Trainings(NamedTuple):
    """The steps of the trainings of an ablation, one after another, and the two blocks that were compared."""

    steps: list[Step]
    blocks: list[LongspecBlock]

    def are_the_same(self) -> bool:
        on, off = (block.state_dict() for block in self.blocks)
        return all(torch.equal(on[name], off[name]) for name in on)


@pytest.fixture(scope="module")
def long_target(tmp_path_factory: pytest.TempPathFactory) -> str:
    made = fakes.model(sharpness=3.0, max_position_embeddings=CONTEXT)
    return fakes.save(made, tmp_path_factory.mktemp("long") / "t")


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> Trainings:
    """What the trainings of this test do, seen where the block reads and where its losses are computed."""
    noted = Trainings([], [])
    hidden, entropy, divergence = objective._hidden, functional.cross_entropy, student._DISTANCES["forward-kl"]
    agreements = ablation.draft_agreement.agreements

    def noted_hidden(
        block: LongspecBlock, target: LoadedModel, ids: Tensor, read: ReadTexts, positions: Tensor, *, lag: int
    ) -> Tensor:
        if torch.is_grad_enabled():
            length = ids.shape[1]
            noted.steps.append(Step(int(positions[-1]) - (length - 1), lag, length, set()))
        return hidden(block, target, ids, read, positions, lag=lag)

    def noted_entropy(*args: Tensor, reduction: str) -> Tensor:
        noted.steps[-1].terms.add("text")
        return entropy(*args, reduction=reduction)

    def noted_divergence(student: Tensor, target: Tensor, weights: Tensor) -> Tensor:
        noted.steps[-1].terms.add("distance")
        return divergence(student, target, weights)

    def noted_agreements(blocks: Sequence[LongspecBlock], *args: Any, **kwargs: Any) -> tuple[TextAgreement, ...]:
        noted.blocks[:] = blocks
        return agreements(blocks, *args, **kwargs)

    monkeypatch.setattr(objective, "_hidden", noted_hidden)
    monkeypatch.setattr(functional, "cross_entropy", noted_entropy)
    monkeypatch.setitem(student._DISTANCES, "forward-kl", noted_divergence)
    monkeypatch.setattr(ablation.draft_agreement, "agreements", noted_agreements)
    return noted


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_changes_one_setting(switch: ablation.Switch) -> None:
    on = DrafterConfig(start="longspec", long_share=0.3)
    off = ablation.without(on, switch)
    names = (*OF_LONGSPEC, "objective")
    assert sum(getattr(on, name) != getattr(off, name) for name in names) == 1


@pytest.mark.parametrize("switch", SWITCHES)
def test_two_trainings_that_differ_in_the_switch_alone_are_compared(
    long_target: str, texts: Path, tmp_path: Path, trainings: Trainings, switch: ablation.Switch
) -> None:
    asked = job(long_target, texts, tmp_path / "d", width=0, window=16, steps=N_STEPS, gamma=2)
    *events, result = ablate(asked, switch, Flag())
    units = {event.unit for event in events if isinstance(event, Progressed) and event.phase == "training"}
    assert units == {f"steps with {switch}", f"steps without {switch}"}
    losses = {event.name: event for event in events if isinstance(event, Measured)}
    assert set(losses) == {f"loss with {switch}", f"loss without {switch}"}
    assert all(event.round == N_STEPS and event.value > 0.0 for event in losses.values())
    _check_result(result, switch)
    assert len(trainings.steps) == 2 * N_STEPS
    on, off = trainings.steps[:N_STEPS], trainings.steps[N_STEPS:]
    assert _differences(on, off) == {switch}
    assert _parts(on) == {"anchor-offset", "noisy", "distillation", *({switch} & {"long-stage"})}
    assert _parts(off) == _parts(on) - {switch}
    assert not trainings.are_the_same()


def test_a_switch_that_does_nothing_leaves_two_equal_blocks(
    long_target: str, texts: Path, tmp_path: Path, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ablation, "without", lambda settings, _: settings)
    list(ablate(job(long_target, texts, tmp_path / "d", width=0, window=16, steps=2, gamma=2), "noisy", Flag()))
    assert trainings.steps[:2] == trainings.steps[2:]
    assert trainings.are_the_same()


def _check_result(result: object, switch: ablation.Switch) -> None:
    assert isinstance(result, Ablation)
    assert (result.switch, result.steps, result.gamma) == (switch, N_STEPS, 2)
    assert result.by_length
    for row in result.by_length:
        assert row.difference == pytest.approx(row.tau[0] - row.tau[1])
        assert all(1.0 <= tau <= 3.0 for tau in row.tau)
        assert all(len(alphas) == 2 for alphas in row.alpha_by_lag)


def _parts(steps: list[Step]) -> set[ablation.Switch]:
    """The parts of the training that are seen in its steps."""
    parts: dict[ablation.Switch, bool] = {
        "anchor-offset": any(step.offset > 0 for step in steps),
        "noisy": any(step.lag > 1 for step in steps),
        "distillation": all(step.terms == {"distance"} for step in steps),
        "long-stage": [step.length for step in steps] == [32, 32, 32, CONTEXT // 4],
    }
    return {part for part, is_seen in parts.items() if is_seen}


def _differences(on: list[Step], off: list[Step]) -> set[ablation.Switch]:
    """The parts in which two trainings differ, step by step. Rows of another length draw something else."""
    found = set[ablation.Switch]()
    for one, other in zip(on, off, strict=True):
        if one.length != other.length:
            found.add("long-stage")
            continue
        if one.offset != other.offset:
            found.add("anchor-offset")
        if one.lag != other.lag:
            found.add("noisy")
        if one.terms != other.terms:
            found.add("distillation")
    return found


def test_what_cannot_be_compared_is_refused(target: str, texts: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="an ablation compares equal numbers of steps"):
        list(ablate(job(target, texts, tmp_path / "d", width=0, steps=0), "noisy", Flag()))
    with pytest.raises(InputError, match="there is no text to learn from") as refused:
        list(ablate(job(target, None, tmp_path / "d", width=0), "noisy", Flag()))
    assert "--data" in refused.value.hint and "--sample" not in refused.value.hint
    with pytest.raises(InputError, match="without = magic: is no part of the training"):
        ablation.switch_of("magic")
    flag = Flag()
    flag.set()
    with pytest.raises(EngineError, match="stopped by the user"):
        list(ablate(job(target, texts, tmp_path / "e", width=0), "noisy", flag))
