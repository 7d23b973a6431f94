"""Prompts that something else disturbed are measured again."""

from pathlib import Path
from threading import Event as Flag

import pytest

from engine.commands import Compare
from engine.events import ComparisonMeasured, GenerationMeasured
from engine.experiments import comparing
from engine.experiments.lane_specs import lanes_of
from engine.experiments.lanes import MeasuredText
from engine.session.session import Session
from tests import fakes

SLOW = 5.0


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[GenerationMeasured]:
    """A comparison in which every generation takes a millisecond a round, but one takes longer."""
    real, n_calls = comparing.continued, 0

    def timed(*values: object) -> MeasuredText:
        nonlocal n_calls
        n_calls += 1
        text: MeasuredText = real(*values)  # type: ignore[arg-type]
        ms = len(text.rounds) * (SLOW if n_calls == 3 else 1.0)
        return text._replace(generation=text.generation._replace(decode_ms=ms))

    monkeypatch.setattr(comparing, "continued", timed)
    target = fakes.save(fakes.model(), tmp_path / "target")
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("\n".join(f"The harbour {word}" for word in "abcdefgh"))
    command = Compare(lanes_of(["lookup"], (2,)), str(prompts), settings={"max_new_tokens": 6}, target=target)
    events = list(Session().do(command, Flag()))
    assert isinstance(events[-1], ComparisonMeasured)
    assert events[-1].cautions == ()
    return [event for event in events if isinstance(event, GenerationMeasured)]


def test_the_prompt_of_a_slow_block_is_measured_twice_more_by_every_lane(
    compared: list[GenerationMeasured],
) -> None:
    again = [(event.lane, event.repeat) for event in compared if event.repeat]
    assert sorted(again) == [("lookup γ 2", 1), ("lookup γ 2", 2), ("plain", 1), ("plain", 2)]
    assert len({event.prompt for event in compared if event.repeat}) == 1
    assert all(not event.rounds for event in compared if event.repeat)
