"""A run of the Decode tab as a race."""

from msgspec.structs import replace

from app.state.run_record import RunRecord
from app.workspaces.presentation.race import RaceRun
from app.workspaces.presentation.run_script import of_run
from engine.events import BlockFinished, Compared
from tests.app.factory import whole_run
from tests.app.workspaces.presentation.races import run_record


def _texts(record: RunRecord) -> list[str]:
    script = of_run(record)
    assert script is not None
    run = RaceRun([lane.recording for lane in script.lanes])
    return ["".join(emission.text for emission in lane) for lane in run.advance_to(1e6)]


def test_plain_decoding_races_at_its_mean_pace_with_the_text_of_the_run() -> None:
    script = of_run(run_record())
    assert script is not None
    plain, drafted = script.lanes
    assert plain.paced and not drafted.paced and drafted.spec.gamma == 4
    assert plain.recording.expected_s == 0.021 and drafted.recording.prefill_s == 0.012
    assert drafted.measured is not None and drafted.measured.value == 2.0 and drafted.check.same
    assert _texts(run_record())[0] == " a time"


def test_what_plain_decoding_wrote_after_a_divergence_is_not_made_up() -> None:
    record = RunRecord(1)
    record.add_all(Compared(False, 1, 0.1) if isinstance(event, Compared) else event for event in whole_run())
    assert _texts(record)[0] == " a▯"


def test_the_plain_lane_is_the_median_block() -> None:
    record, slow = RunRecord(1), iter((10.0, 90.0, 20.0))
    for event in whole_run():
        is_plain = isinstance(event, BlockFinished) and event.lane == "plain"
        record.add(replace(event, decode_ms=next(slow)) if is_plain else event)
    script = of_run(record)
    assert script is not None and script.lanes[0].recording.expected_s == 0.021


def test_a_run_that_goes_on_or_has_no_baseline_is_no_race() -> None:
    assert of_run(None) is None and of_run(RunRecord(1)) is None
    going_on, bare = RunRecord(1), RunRecord(2)
    going_on.add_all(whole_run()[:-1])
    bare.add_all(event for event in whole_run() if not isinstance(event, BlockFinished))
    assert of_run(going_on) is None and of_run(bare) is None
