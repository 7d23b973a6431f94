"""Prompts that gates learn from are none of those that anything is measured on; one training a folder at a time."""

from pathlib import Path
from threading import Event as Flag

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.commands import TrainGate
from engine.errors import EngineError, InUse
from engine.events import GateTrained
from engine.experiments import builtin_prompts
from engine.runtime import Cancelled
from engine.session.gates import gate_prompts
from engine.session.session import Session
from engine.sprinter.cards import FILE_NAME
from engine.training.gate_rows import CollectionStart, GateRows, begin


def test_prompts_of_a_gate_are_of_all_tasks_and_of_no_set() -> None:
    chosen = gate_prompts("builtin", 16)
    assert len(chosen) == 16
    assert {prompt.category for prompt in chosen} == set(builtin_prompts.BUILTIN_SETS)
    known = {prompt.turns for name in builtin_prompts.BUILTIN_SETS for prompt in builtin_prompts.built_in(name)}
    assert not known & {prompt.turns for prompt in chosen}


def test_one_task_gives_its_own_prompts() -> None:
    assert {prompt.category for prompt in gate_prompts("builtin:stories", 3)} == {"stories"}


def test_questions_come_with_their_answers() -> None:
    asked = builtin_prompts.answered(3)
    assert len({prompt for prompt, _ in asked}) == 3
    assert all(answer for _, answer in asked)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A collection of ten documents with labels of both kinds."""
    folder = begin(tmp_path / "rows", CollectionStart("t", "", "d", "", 4, "builtin", 24, 0))
    rng = torch.Generator().manual_seed(0)
    for document in range(10):
        states, p = torch.randn(24, 4, generator=rng), torch.rand(24, generator=rng)
        numbers = torch.full((24,), document)
        columns = (states, states.clone(), torch.full((24,), 0.5), p, p.round(), p.clone(), numbers, numbers.clone())
        folder.write(document, GateRows(*columns))
    return tmp_path / "rows"


def test_a_second_training_into_a_folder_is_refused_and_the_first_one_ends_well(rows: Path, tmp_path: Path) -> None:
    command = TrainGate(str(rows), str(tmp_path / "gate"), {"epochs": 2})
    first = Session().do(command, Flag())
    next(iter(first))
    with pytest.raises(InUse, match="another program trains a gate"):
        list(Session().do(command, Flag()))
    assert isinstance(list(first)[-1], GateTrained) and (tmp_path / "gate" / FILE_NAME).is_file()
    assert isinstance(list(Session().do(command, Flag()))[-1], GateTrained)


@pytest.mark.parametrize(("name", "shape"), [("states", (24, 3)), ("q", (3,)), ("tokens", (24, 1))])
def test_a_file_whose_rows_fit_no_others_is_damaged(
    rows: Path, tmp_path: Path, name: str, shape: tuple[int, ...]
) -> None:
    odd = rows / "rows-000003.safetensors"
    save_file({**load_file(odd), name: torch.zeros(shape)}, odd)
    with pytest.raises(EngineError, match=r"rows-000003.safetensors is damaged \(.+ is expected\); delete that file"):
        list(Session().do(TrainGate(str(rows), str(tmp_path / "gate")), Flag()))
    assert not (tmp_path / "gate").exists()


def test_a_stopped_training_leaves_no_folder(rows: Path, tmp_path: Path) -> None:
    flag = Flag()
    events = iter(Session().do(TrainGate(str(rows), str(tmp_path / "new" / "gate"), {"epochs": 2}), flag))
    next(events)
    flag.set()
    with pytest.raises(Cancelled):
        list(events)
    assert not (tmp_path / "new" / "gate").exists()
