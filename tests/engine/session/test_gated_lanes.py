"""A gate as a lane of a comparison of tiny models: what it counts, what it is never counted in, and what is refused."""

from pathlib import Path
from threading import Event as Flag

import pytest
from msgspec.structs import replace

from engine.commands import Compare, Race
from engine.errors import InputError
from engine.events import ComparisonMeasured, Event, GenerationMeasured, LaneRefused, RaceFinished
from engine.experiments.lane_specs import gated_lanes, lanes_of
from engine.session import compare
from engine.session.session import Session
from tests import fakes

LOOSE, STRICT = "near gate 0, approximate", "near gate 1, approximate"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("gated")
    target = fakes.model(sharpness=3.0)
    fakes.save(target, made / "target")
    fakes.save(fakes.noisy_copy(target, noise=0.2), made / "near")
    (made / "prompts.txt").write_text("\n".join(fakes.PROMPTS), "utf-8")
    return made


def command(folder: Path, *, gate: str = "q", **changes: object) -> Compare:
    specs = [str(folder / "near")]
    lanes = (*lanes_of(specs, (2,)), *gated_lanes(specs, (0.0, 1.0), gate))
    settings = {"max_new_tokens": 16, "stop_at_end": False}
    made = Compare(lanes, str(folder / "prompts.txt"), settings=settings, target=str(folder / "target"))
    return replace(made, **changes)


def last(events: list[Event]) -> ComparisonMeasured:
    assert isinstance(events[-1], ComparisonMeasured)
    return events[-1]


def test_a_gated_lane_has_a_speed_and_no_acceptance_rate_and_its_text_is_compared(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_opened, opened = [0], compare.open_for_pair

    def counting(*arguments: object) -> object:
        n_opened[0] += 1
        return opened(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(compare, "open_for_pair", counting)
    events = list(Session().do(command(folder), Flag()))
    assert n_opened == [2], "once a lane, not once a text"
    measured = last(events)
    rows = {row.lane: row for row in measured.lanes}
    for name in (LOOSE, STRICT):
        row = rows[name]
        assert (row.alpha, row.alpha_ci, row.efficiency, row.predicted_speedup, row.positions) == (
            None, None, None, None, (),
        )  # fmt: skip
        assert row.speedup is not None and row.n_prompts == len(fakes.PROMPTS)
        assert row.why_not.startswith("approximate, so never recommended")
    assert rows[LOOSE].same_text is False and rows[LOOSE].n_differing > 0
    assert rows[STRICT].same_text is True
    assert measured.recommendation is not None and "approximate" not in measured.recommendation.lane
    texts = [event for event in events if isinstance(event, GenerationMeasured) and event.lane == LOOSE]
    assert any(token.fate == "unverified" for text in texts for each in text.rounds for token in each.proposed)


def test_a_gate_of_other_models_leaves_out_its_lanes_alone(folder: Path, tmp_path: Path) -> None:
    events = list(Session().do(command(folder, gate=str(tmp_path)), Flag()))
    refused = [event for event in events if isinstance(event, LaneRefused)]
    assert {event.lane for event in refused} == {LOOSE, STRICT}
    assert all("no gate" in event.why for event in refused)
    assert next(row for row in last(events).lanes if row.lane == "near γ 2").speedup is not None


def test_draft_lengths_are_not_tuned_with_a_gate(folder: Path) -> None:
    with pytest.raises(InputError, match="a gate decides how long drafts are"):
        list(Session().do(command(folder, tune=True), Flag()))


def test_a_gated_lane_races(folder: Path) -> None:
    comparison = command(folder)
    race = Race(comparison.lanes, "The harbour", comparison.settings, target=comparison.target)
    *_, end = Session().do(race, Flag())
    assert isinstance(end, RaceFinished)
    assert dict(end.same_text) == {"near γ 2": True, LOOSE: False, STRICT: True}
