"""Lanes on a tiny target, ready to decode."""

from pathlib import Path

from engine import drafters
from engine.commands import Load
from engine.events import LaneSpec
from engine.experiments.lane_specs import PLAIN, config_of, lanes_of
from engine.experiments.lanes import Lane
from engine.session.session import Session
from tests import fakes


def lanes(folder: Path, *, gammas: tuple[int, ...] = (2,), **settings: float) -> list[Lane]:
    """Plain decoding, a related drafter and prompt lookup."""
    model = fakes.model(sharpness=3.0)
    target, near = fakes.save(model, folder / "target"), fakes.save(fakes.noisy_copy(model), folder / "near")
    session = Session()
    list(session.do(Load(target, near)))
    assert session.target is not None and session.models is not None
    loaded, small = session.target, session.models.drafter
    wanted = {"max_new_tokens": 12, "stop_at_end": False, **settings}

    def lane(spec: LaneSpec) -> Lane:
        own = small if spec.drafter == near else None
        drafter = None if spec == PLAIN else drafters.build(spec.drafter, loaded, own)
        return Lane(spec, loaded, drafter, own, config_of(spec, wanted))

    return [lane(spec) for spec in lanes_of([near, "lookup"], gammas)]
