"""`draftscope runs what-if`: another draft length, a faster drafter or a lenient rule, for a run that was recorded."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.exit_status import OK
from engine.cli.options import Json, decimal
from engine.cli.output import Output
from engine.errors import InputError
from engine.experiments.prediction import MOST_GAMMA, best, predictions, replayed_tau
from engine.experiments.recorded import RecordedRun, read_recorded

_LARGEST_GAMMA, _LARGEST_SPEED = 64, 1000.0
_Run = Annotated[str, typer.Argument(help="id of the run, a part of it that only it begins or ends with, or a trace")]
_Gamma = Annotated[int | None, typer.Option(help="draft length to ask about; left out: that of the run")]
_Speed = Annotated[float, decimal("a drafter this many times as fast, which accepts alike")]
_Lenience = Annotated[
    float, decimal("below 1 a draft needs only this share of what exactness asks: faster, but another text")
]
_Lane = Annotated[str | None, typer.Option(help="the lane of a comparison; left out: the first that drafts")]


def runs_what_if(
    run: _Run,
    *,
    gamma: _Gamma = None,
    drafter_speed: _Speed = 1.0,
    lenience: _Lenience = 1.0,
    lane: _Lane = None,
    json: Json = False,
) -> int:
    """Replay the recorded acceptance of a run under other settings, without a model."""
    _check(gamma, drafter_speed, lenience)
    path = _trace_of(run)
    recorded = _chosen(read_recorded(path), lane, path)
    asked = recorded.gamma if gamma is None else gamma
    replay = replayed_tau(recorded, lenience, most_gamma=max(MOST_GAMMA, asked))
    if replay is None:
        raise InputError(f"{path} has no draft that was tested", "choose a run with a drafter")
    output, options = Output(json=json), predictions(recorded, replay.taus, drafter_speed=drafter_speed)
    for option in options if json else ():
        output.line({"event": "gamma", "gamma": option.gamma, "tau": option.tau, "predicted_speedup": option.speedup})
    fastest = best(options)
    output.summary(
        {
            "run": path.parent.name,
            "lane": recorded.name,
            "recorded_gamma": recorded.gamma,
            "gamma": asked,
            "drafter_speed": drafter_speed,
            "lenience": lenience,
            "alpha": replay.alpha,
            "tau": options[asked].tau,
            "predicted_speedup": options[asked].speedup,
            "best_gamma": None if fastest is None else fastest.gamma,
            "best_speedup": None if fastest is None else fastest.speedup,
            "lossless": lenience >= 1,
            "how": _how(lenience, priced=fastest is not None, by_block=recorded.by_block),
        }
    )
    return OK


def _check(gamma: int | None, drafter_speed: float, lenience: float) -> None:
    if gamma is not None and not 0 <= gamma <= _LARGEST_GAMMA:
        raise InputError(f"gamma = {gamma}: must be from 0 to {_LARGEST_GAMMA}", "leave it out for that of the run")
    if not 0 < drafter_speed <= _LARGEST_SPEED:
        raise InputError(
            f"drafter-speed = {drafter_speed:g}: must be above 0, at most 1000", "1 is the drafter as it is"
        )
    if not 0 <= lenience <= 1:
        raise InputError(f"lenience = {lenience:g}: must be from 0 to 1", "1 is the exact rule")


def _trace_of(run: str) -> Path:
    """The trace that a file name or a part of an id names."""
    if (path := Path(run)).is_file():
        return path
    from engine.machine import paths
    from engine.store.index import RunIndex

    index = RunIndex(paths.runs())
    try:
        for _ in index.take_in():
            pass
        ids = index.matching(run)
        if len(ids) == 1:
            return index.rows(ids)[0].path
    finally:
        index.close()
    if ids:
        raise InputError(f"{len(ids)} runs begin or end with {run!r}", f"write more of it, for instance {ids[-1]}")
    raise InputError(f"there is no run {run[:80]!r}", "see draftscope runs list")


def _chosen(lanes: tuple[RecordedRun, ...], name: str | None, path: Path) -> RecordedRun:
    """The lane of that name, or the first."""
    if not lanes:
        raise InputError(f"{path} has no draft that was tested", "choose a run with a drafter")
    if name is None:
        return lanes[0]
    for lane in lanes:
        if lane.name == name:
            return lane
    raise InputError(f"there is no lane {name[:80]!r}", f"use one of: {', '.join(lane.name for lane in lanes)}")


def _how(lenience: float, *, priced: bool, by_block: bool) -> str:
    how = (
        "replayed over the recorded acceptance, without a model"
        if lenience >= 1
        else "from the acceptance rate under the lenient rule, as if tokens were accepted independently: another text"
    )
    if by_block:
        how = f"{how}; the run accepted by the block, the replay token by token, which keeps no more on average"
    return how if priced else f"{how}; no plain decoding was measured beside it, so there is no speedup"
