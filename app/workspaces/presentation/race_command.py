"""Builds the command of a live race: the lanes on show, or the loaded pair beside plain decoding.

* imports neither Qt nor torch."""

from app.workspaces.presentation.script import RaceScript, shown_lanes
from engine import drafters
from engine.commands import Load, Race
from engine.events import LaneSpec, Setting
from engine.experiments.lane_specs import lanes_of

_DEFAULT_GAMMA = 4
_DEFAULT_SETTINGS: dict[str, Setting] = {"temperature": 0.0, "max_new_tokens": 128}


def race_command(prompt: str, pair: Load, script: RaceScript | None, n_lanes: int, page: int = 0) -> Race:
    """A race over a prompt. The lanes on show race again if they are of the pair's target."""
    same_target = script is not None and script.facts.target == pair.target
    specs = _on_show(script, n_lanes, page) if same_target and script is not None else _of_pair(pair)
    kept = {} if script is None else script.facts.settings
    settings = {name: kept.get(name, value) for name, value in _DEFAULT_SETTINGS.items()}
    return Race(
        lanes=specs,
        prompt=prompt,
        settings=settings,
        target=pair.target,
        device=pair.device,
        drafter_device=pair.drafter_device,
        dtype=pair.dtype,
        runtime=pair.runtime,
        quantize=pair.quantize,
    )


def _on_show(script: RaceScript, n_lanes: int, page: int) -> tuple[LaneSpec, ...]:
    return tuple(lane.spec for lane in shown_lanes(script, n_lanes, page))


def _of_pair(pair: Load) -> tuple[LaneSpec, ...]:
    default = "builtin" if pair.target == "builtin" else "lookup"
    drafter = default if pair.drafter == drafters.NONE else pair.drafter
    return lanes_of((drafter,), (_DEFAULT_GAMMA,))
