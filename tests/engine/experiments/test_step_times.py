"""Verifying is timed in the engine's own rounds."""

from pathlib import Path
from threading import Event as Flag

from engine.commands import Load
from engine.experiments.lane_specs import PLAIN, config_of
from engine.experiments.lanes import Lane
from engine.experiments.step_times import VerifyTimer
from engine.session.session import Session
from tests import fakes


def test_every_width_that_fits_is_timed(tmp_path: Path) -> None:
    session = Session()
    list(session.do(Load(fakes.save(fakes.model(), tmp_path / "target"), "none")))
    assert session.target is not None
    lane = Lane(PLAIN, session.target, None, None, config_of(PLAIN, {}))
    timer = VerifyTimer(lane, (1, 2, 3), (1, 2, 4, 64), Flag())
    assert timer.times() == (), "the first rounds allocate and do not count"
    timer.once()
    timer.once()
    times = timer.times()
    assert [width for width, _ in times] == [1, 2, 4], "64 tokens a round do not fit the context"
    assert all(ms > 0 for _, ms in times)


def test_a_prompt_that_leaves_no_room_is_cut(tmp_path: Path) -> None:
    session = Session()
    list(session.do(Load(fakes.save(fakes.model(), tmp_path / "target"), "none")))
    assert session.target is not None
    lane = Lane(PLAIN, session.target, None, None, config_of(PLAIN, {}))
    longest = (1,) * (session.target.context - 1)
    timer = VerifyTimer(lane, longest, (1, 2), Flag())
    timer.once()
    assert [width for width, _ in timer.times()] == [1, 2]
