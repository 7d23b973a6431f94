"""What commands declare of themselves, and that they cross a pipe unchanged."""

from typing import get_args

import msgspec
import pytest

from engine.commands import (
    Command,
    Compare,
    Estimate,
    Evaluate,
    Fork,
    Load,
    Measure,
    MeasureThresholds,
    Run,
    Survey,
    SweepAllocations,
    Train,
    Unload,
)
from engine.settings import Request

RUN = Run("plain", {"seed": 1}, Request("x"), paused=True, n_free=2)


@pytest.mark.parametrize("kind", [Run, Fork, Measure, Evaluate])
def test_what_runs_on_a_pair_needs_one(kind: type) -> None:
    assert kind.needs_pair


@pytest.mark.parametrize("kind", [Load, Unload, Train, Survey, Estimate])
def test_what_brings_its_own_models_needs_no_pair(kind: type) -> None:
    assert not kind.needs_pair


def test_runs_and_trainings_can_be_held_and_nothing_else() -> None:
    assert {kind for kind in get_args(Command) if kind.can_be_held} == {Run, Fork, Train}


def test_what_has_something_to_save_gets_longer_to_stop() -> None:
    patient = {Train, Evaluate, Compare, SweepAllocations, MeasureThresholds}
    assert {kind for kind in get_args(Command) if kind.patience_s > Load.patience_s} == patient


@pytest.mark.parametrize(
    "command", [RUN, Load("a", "b"), Measure(4), Estimate(Load())], ids=lambda command: command.name
)
def test_a_command_is_the_same_after_a_pipe_and_declares_nothing_there(command: Command) -> None:
    packed = msgspec.msgpack.encode(command)
    assert msgspec.msgpack.decode(packed, type=Command) == command
    assert b"needs_pair" not in packed
