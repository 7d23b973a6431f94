"""A training as the window keeps it: one series over several attempts, an end or none, a drafter that is there."""

from pathlib import Path

import pytest

from app.workspaces.train.record import TrainingRecord, read_record
from engine.commands import Train
from engine.events import Event, Measured, Refused, TrainingEstimated, TrainingFinished, TrainingStarted
from engine.runs import trace

GOLDEN = Path(__file__).parents[3] / "data" / "traces" / "training-v1.jsonl"
ASKED = TrainingEstimated("builtin", "cpu", 1, 1, 1, 1, 1, 2, 96, 1000, 3000.0)
FINISHED = TrainingFinished("steps", "d", 40, 40, 900, 30.0, None, 3.0)


def started(step: int = 0, folder: str = "d") -> TrainingStarted:
    settings = (("minutes", 3.0), ("steps", 40))
    return TrainingStarted(
        "builtin", folder, "forward-kl", 2, 96, 1000, 9, 1, 90, 40, step, "cpu", "float32", "/texts", settings
    )


def losses(*steps: int) -> list[Event]:
    return [Measured("loss", 10.0 - step, step) for step in steps]


def test_golden_log_of_a_resumed_training_is_one_series() -> None:
    record = read_record(trace.read(GOLDEN).events, GOLDEN)
    steps = [step for step, _ in record.series["loss"]]
    assert steps == sorted(set(steps))
    assert steps[-1] == record.last_step == 113
    assert sum(isinstance(event, TrainingStarted) for event in record.said) == 2
    assert record.finished is not None and record.finished.stopped == "minutes"
    assert set(record.figures) == {"before", "after"}


def test_what_lay_beyond_the_step_gone_on_from_is_dropped(tmp_path: Path) -> None:
    events = [ASKED, started(), *losses(1, 2, 3, 4), ASKED, started(2), *losses(3, 4, 5), FINISHED]
    record = read_record(events, tmp_path / "log")
    assert [step for step, _ in record.series["loss"]] == [1, 2, 3, 4, 5]


def test_look_that_is_made_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    looks = [Measured("alpha", 0.1, 2), ASKED, started(2), Measured("alpha", 0.2, 2)]
    assert read_record([ASKED, started(), *looks], tmp_path / "log").series["alpha"] == [(2, 0.2)]


def test_training_of_a_log_is_never_under_way(tmp_path: Path) -> None:
    record = read_record([ASKED, started(), *losses(1, 2)], tmp_path / "log")
    assert (record.state, record.live, record.last_step) == ("torn", False, 2)
    assert not record.take(Measured("loss", 1.0, 3))


def test_failed_attempt_is_forgotten_by_the_next(tmp_path: Path) -> None:
    refused = Refused("train", "the disk is full", "free some")
    assert read_record([ASKED, started(), *losses(1), refused], tmp_path / "log").failure == refused
    record = read_record([ASKED, started(), *losses(1), refused, ASKED, started(1), FINISHED], tmp_path / "log")
    assert (record.failure, record.state) == (None, "finished")


def test_command_of_a_log_repeats_the_training_or_goes_on_with_it(tmp_path: Path) -> None:
    settings = {"minutes": 3.0, "steps": 40}
    torn = read_record([ASKED, started()], tmp_path / "log")
    assert torn.command == Train("builtin", "/texts", "d", settings, resume=True)
    whole = read_record([ASKED, started(), FINISHED], tmp_path / "log")
    assert whole.command == Train("builtin", "/texts", "d", settings)


def test_training_goes_on_where_its_log_lies_if_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moved" / "training").mkdir(parents=True)
    for there, out in ((False, "d"), (True, str(tmp_path / "moved"))):
        if there:
            (tmp_path / "moved" / "training" / "began.json").touch()
        record = read_record([ASKED, started(folder="d")], Path("moved") / "log")
        assert record.command is not None
        assert (record.command.out, record.command.resume) == (out, True)


def test_training_that_could_not_go_on_is_offered_to_go_on(tmp_path: Path) -> None:
    refused = Refused("train", "the disk is full", "free some")
    record = read_record([ASKED, started(), FINISHED, ASKED, refused], tmp_path / "log")
    assert record.state == "refused"
    assert record.command is not None and record.command.resume


def test_drafter_is_looked_for_beside_the_log_then_where_it_was_made(tmp_path: Path) -> None:
    made = tmp_path / "made"
    events = [ASKED, started(folder=str(made)), FINISHED]
    assert read_record(events, tmp_path / "log").drafter is None
    made.mkdir()
    (made / "model.safetensors").touch()
    assert read_record(events, tmp_path / "log").drafter == str(made)
    (tmp_path / "model.safetensors").touch()
    assert read_record(events, tmp_path / "log").drafter == str(tmp_path)


def test_resumed_training_keeps_the_curves_of_the_one_it_goes_on_with() -> None:
    record = TrainingRecord()
    for resume, kept in ((True, [1]), (False, [])):
        record.begin(Train("builtin", "", "d", {}))
        for event in (started(), *losses(1, 2), FINISHED):
            record.take(event)
        record.begin(Train("builtin", "", "d", {}, resume=resume))
        assert record.live
        record.take(started(1))
        assert [step for step, _ in record.series["loss"]] == kept
