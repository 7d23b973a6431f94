"""Measuring over lengths: what it states, and that nothing of it depends on what was measured before."""

from pathlib import Path
from threading import Event as Flag

import pytest
from msgspec.structs import replace

from engine.commands import MeasureLengths
from engine.drafters.prompt_lookup import PromptLookupDrafter
from engine.errors import ModelError
from engine.events import (
    Event,
    LengthMeasured,
    LengthsMeasured,
    LengthsStarted,
    PrefillMeasured,
    Progressed,
    WorkStarted,
)
from engine.runtime import Cancelled
from engine.session.session import Session
from tests import fakes, longspec

CONTEXT = 512
SPECS = ("D", "window:16+2:D", "L", "lookup", "early-exit:1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("lengths")
    target = fakes.model(sharpness=2.0, max_position_embeddings=CONTEXT)
    fakes.save(target, made / "t")
    fakes.save(fakes.noisy_copy(target), made / "D")
    longspec.save(longspec.block_for(target), made / "L", str(made / "t"))
    return made


def asked(folder: Path, **values: object) -> MeasureLengths:
    specs = tuple(
        spec.removesuffix(last) + str(folder / last) if (last := spec.rpartition(":")[2]) in ("D", "L") else spec
        for spec in SPECS
    )
    settings = {"max_new_tokens": 40, **values.pop("settings", {})}  # type: ignore[dict-item]
    command = MeasureLengths(
        specs, (200, CONTEXT), settings=settings, repeats=2, prefill_chunk=64, target=str(folder / "t")
    )
    return replace(command, **values)


def measured(command: MeasureLengths, flag: Flag | None = None) -> list[Event]:
    return list(Session().do(command, flag or Flag()))


@pytest.fixture(scope="module")
def told(folder: Path) -> list[Event]:
    return measured(asked(folder))


def rows(told: list[Event]) -> list[LengthMeasured]:
    return [event for event in told if isinstance(event, LengthMeasured)]


def test_it_begins_with_what_will_be_measured_and_ends_with_the_end(told: list[Event]) -> None:
    kinds = [type(event) for event in told if not isinstance(event, Progressed)]
    start = kinds.index(WorkStarted)
    assert kinds[start : start + 3] == [WorkStarted, LengthsStarted, PrefillMeasured]
    assert kinds[-1] is LengthsMeasured
    started = next(event for event in told if isinstance(event, LengthsStarted))
    assert started.lengths == (200, CONTEXT)
    assert started.drafters[0] == "none" and len(started.drafters) == 6
    assert len(started.predictions) == 12
    assert [check.is_equal for check in started.kernels if not check.why_not].count(False) == 0
    end = told[-1]
    assert isinstance(end, LengthsMeasured) and end.complete
    assert (end.n_measured, end.n_refused) == (12, 0)


def test_every_drafter_writes_the_text_of_plain_decoding_at_every_length(told: list[Event]) -> None:
    for row in rows(told):
        assert row.same_text is True, row.drafter
        assert row.n_new == 40
        assert (row.tau or 0) >= 1
        assert (row.ms_per_token or 0) > 0 and (row.speedup or 0) > 0
        assert row.n == 2 and row.speedup_ci is None
    assert all(row.speedup == 1 and row.alpha is None for row in rows(told) if row.drafter == "none")


def test_memory_is_what_was_predicted(told: list[Event]) -> None:
    for row in rows(told):
        assert row.kv_bytes_target is not None and row.predicted_kv_bytes_target is not None
        assert abs(row.kv_bytes_target - row.predicted_kv_bytes_target) <= 0.05 * row.predicted_kv_bytes_target
        assert row.kv_bytes_drafter is not None and row.predicted_kv_bytes_drafter is not None
        assert abs(row.kv_bytes_drafter - row.predicted_kv_bytes_drafter) <= 0.05 * row.predicted_kv_bytes_drafter


def test_memory_of_a_window_and_of_longspec_is_the_same_at_both_lengths(told: list[Event], folder: Path) -> None:
    for spec in (f"window:16+2:{folder / 'D'}", str(folder / "L")):
        sizes = [row.kv_bytes_drafter for row in rows(told) if row.drafter == spec]
        assert len(sizes) == 2 and len(set(sizes)) == 1 and (sizes[0] or 0) > 0
    grown = [row.kv_bytes_drafter for row in rows(told) if row.drafter == str(folder / "D")]
    assert (grown[1] or 0) > 2 * (grown[0] or 0)


def test_a_length_that_fills_the_context_leaves_room_and_says_so(told: list[Event]) -> None:
    last = [row for row in rows(told) if row.length == CONTEXT]
    assert {row.n_prompt for row in last} == {CONTEXT - 40}
    assert all("leave room for 40 new ones" in row.note for row in last)
    assert all(row.note == "" for row in rows(told) if row.length == 200)


def test_acceptance_is_stated_by_position_in_the_text(told: list[Event]) -> None:
    for row in rows(told):
        assert row.stretches[0].first == row.n_prompt
        assert row.stretches[-1].last == row.n_prompt + 40
        assert sum(each.accepted for each in row.stretches) == pytest.approx(
            (row.alpha or 0) * sum(each.tested for each in row.stretches)
        )


def test_a_length_alone_gives_the_acceptance_that_it_gives_among_others(folder: Path, told: list[Event]) -> None:
    alone = {row.drafter: row for row in rows(measured(asked(folder, lengths=(CONTEXT,), repeats=1)))}
    for row in rows(told):
        if row.length == CONTEXT:
            assert (row.alpha, row.tau) == (alone[row.drafter].alpha, alone[row.drafter].tau)


def test_modules_measure_the_same_acceptance(folder: Path, told: list[Event]) -> None:
    command = asked(folder, lengths=(200,), repeats=1, runtime="modules")
    own = {row.drafter: row for row in rows(measured(command))}
    for row in rows(told):
        if row.length == 200:
            assert own[row.drafter].same_text is True
            assert own[row.drafter].tau == pytest.approx(row.tau, abs=0.3)
            assert own[row.drafter].kv_bytes_target is not None


def test_several_texts_are_units_of_their_own(folder: Path) -> None:
    told = measured(asked(folder, lengths=(100,), n_texts=3, repeats=1, settings={"max_new_tokens": 12}))
    assert {row.n for row in rows(told) if row.drafter != "none"} == {3}
    assert {row.n_new for row in rows(told)} == {36}
    assert all(row.same_text for row in rows(told))


def test_sampling_is_measured_without_comparing_texts(folder: Path) -> None:
    told = measured(asked(folder, lengths=(100,), repeats=1, settings={"temperature": 1.0, "max_new_tokens": 12}))
    assert {row.same_text for row in rows(told)} == {None}


def test_drafters_that_can_branch_draft_the_tree_and_the_others_say_that_they_do_not(folder: Path) -> None:
    told = measured(asked(folder, lengths=(100,), repeats=1, tree="2,2", settings={"max_new_tokens": 12}))
    trees = {row.drafter: row for row in rows(told) if row.tree}
    assert set(trees) == {str(folder / "D"), f"window:16+2:{folder / 'D'}", str(folder / "L")}
    assert {(row.tree, row.gamma) for row in trees.values()} == {("2,2", 2)}
    for row in rows(told):
        assert row.same_text is True
        assert row.kv_bytes_target == pytest.approx(row.predicted_kv_bytes_target, rel=0.05)
        assert ("chains only" in row.note) == (row.drafter not in trees and row.drafter != "none")
    started = next(event for event in told if isinstance(event, LengthsStarted))
    assert started.tree == "2,2"


@pytest.mark.parametrize("attention", ["math", "eager", "flash"])
def test_another_kernel_reads_the_same_text(folder: Path, told: list[Event], attention: str) -> None:
    others = rows(measured(asked(folder, lengths=(200,), repeats=1, attention=attention)))
    taus = {row.drafter: row.tau for row in rows(told) if row.length == 200}
    assert {row.drafter: row.tau for row in others} == taus


def test_a_drafter_that_fails_is_left_out_and_the_others_are_measured(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: PromptLookupDrafter, ids: object) -> None:
        raise ModelError("it has no words left", "use another one")

    monkeypatch.setattr(PromptLookupDrafter, "prompt_ended", fail)
    command = asked(folder, drafters=("lookup", "early-exit:1"), lengths=(60,), repeats=1)
    made = {row.drafter: row for row in rows(measured(command))}
    assert made["lookup"].why_not == "it has no words left" and made["lookup"].tau is None
    assert made["early-exit:1"].tau is not None


def test_a_stop_keeps_the_lengths_before(folder: Path) -> None:
    flag = Flag()
    told: list[Event] = []
    with pytest.raises(Cancelled):
        for event in Session().do(asked(folder, repeats=1), flag):
            told.append(event)
            if isinstance(event, LengthMeasured) and event.drafter == "early-exit:1":
                flag.set()
    assert {row.length for row in rows(told)} == {200}
    end = told[-1]
    assert isinstance(end, LengthsMeasured) and not end.complete
    assert end.n_measured == 6
