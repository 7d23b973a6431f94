"""A sweep on a fake pair: theory beside measurement, exact ways without loss, notes, stops, refusals."""

from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest

from engine.commands import Load, MeasureThresholds
from engine.errors import InputError
from engine.events import AnyEvent, Event, Progressed, SettingMeasured, SettingsMeasured, WorkStarted
from engine.runtime import Cancelled
from engine.session.session import Session
from engine.sprinter import cards, files, theory
from tests import fakes
from tests.engine.sprinter import gates

SETTINGS = {"max_new_tokens": 16, "cap": 5, "audit": 1.0}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("pair")
    target = fakes.model(sharpness=4.0)
    drafter = fakes.save(fakes.noisy_copy(target, noise=0.15), folder / "d")
    made = Session()
    list(made.do(Load(fakes.save(target, folder / "t"), drafter, runtime="fused")))
    assert made.models is not None and made.models.drafter is not None
    gate = gates.linear(bias=2.0)
    (folder / "g").mkdir()
    (folder / "g" / cards.FILE_NAME).write_bytes(
        files.as_bytes(gate, gates.card(gate, target_of(made), made.models.drafter))
    )
    (folder / "prompts.txt").write_text("\n".join(["The harbour", "In the town of", "Mara said", "a"] * 3), "utf-8")
    return made


def target_of(session: Session):  # type: ignore[no-untyped-def]
    assert session.target is not None
    return session.target


def swept(session: Session, flag: Flag | None = None, **changes: object) -> list[Event]:
    folder = Path(target_of(session).spec).parent
    settings = {**SETTINGS, "gate": str(folder / "g"), **changes.pop("settings", {})}  # type: ignore[dict-item]
    fields = {"thresholds": (0.0, 0.6, 1.0), "gammas": (2, 3), "n_prompts": 0, "n_questions": 0, **changes}
    command = MeasureThresholds(prompts=str(folder / "prompts.txt"), settings=settings, **fields)  # type: ignore[arg-type]
    return list(session.do(command, flag or Flag()))


def points(events: list[Event]) -> dict[tuple[str, float], SettingMeasured]:
    return {(event.verification, event.setting): event for event in events if isinstance(event, SettingMeasured)}


@pytest.fixture(scope="module")
def greedy(session: Session) -> list[Event]:
    return swept(session, weights=(0.3,), leniences=(0.1,))


def test_a_sweep_measures_every_way_on_every_prompt(greedy: list[Event]) -> None:
    assert isinstance(greedy[0], WorkStarted)
    last = greedy[-1]
    assert isinstance(last, SettingsMeasured)
    by_way = points(greedy)
    assert (last.n_settings, last.n_prompts, last.complete) == (7, 12, True)
    assert {way for way, _ in by_way} == {"plain", "exact", "sprinter", "ensemble", "lenience"}
    assert {(point.n_prompts, point.n_tokens) for point in by_way.values()} == {(12, 192)}
    for event in greedy:
        assert msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) == event


def test_exact_ways_lose_nothing_and_lossy_ones_do(greedy: list[Event]) -> None:
    by_way = points(greedy)
    for key, point in by_way.items():
        if key[0] in ("plain", "exact"):
            assert (point.quality.tv, point.quality.exact_match, point.quality.rouge_l) == (0, 1, 1)
    assert by_way["sprinter", 0.0].quality.tv > 0
    assert by_way["sprinter", 0.0].quality.tv_text <= by_way["sprinter", 0.0].quality.tv
    assert by_way["sprinter", 1.0].quality.tv == 0
    assert by_way["sprinter", 1.0].quality.exact_match == 1


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_theorem_holds_with_what_was_measured_on_the_same_positions(session: Session, temperature: float) -> None:
    """In greedy decoding to the digit: each wrong token that passes is one position that differs."""
    events = swept(session, thresholds=(0.3, 0.6), settings={"temperature": temperature, "max_new_tokens": 30})
    for (way, _), point in points(events).items():
        if way == "sprinter":
            assert point.gate is not None
            assert abs(point.gate.assumption) < (0.02 if temperature == 0 else 0.15)


def test_thresholds_at_both_ends_are_all_and_nothing(greedy: list[Event]) -> None:
    by_way = points(greedy)
    open_gate, shut = by_way["sprinter", 0.0].gate, by_way["sprinter", 1.0].gate
    assert open_gate is not None and shut is not None
    assert (open_gate.rho, open_gate.eta_fn, shut.rho, shut.n_gated) == (1, 0, 0, 0)
    assert open_gate.n_audited == open_gate.n_gated > 0
    assert open_gate.audited_eta_fp == pytest.approx(open_gate.eta_fp)
    told = by_way["sprinter", 0.0].predicted
    assert told is not None
    assert told.drafts_per_call == 5


def test_the_end_tells_the_step_times_that_predictions_are_made_of(greedy: list[Event]) -> None:
    last, told = greedy[-1], points(greedy)["sprinter", 0.6].predicted
    assert isinstance(last, SettingsMeasured) and last.steps is not None and told is not None
    again = theory.predicted(theory.confusion_at(gates.CONFUSIONS, 0.6), cap=5, times=last.steps)
    assert again == told


def test_work_is_counted_honestly_and_as_the_paper_counts_it(greedy: list[Event]) -> None:
    by_way = points(greedy)
    plain, gated = by_way["plain", 0.0].work, by_way["sprinter", 0.0].work
    assert plain.flops == plain.paper_flops
    assert gated.paper_flops < gated.flops
    assert gated.target_calls < plain.target_calls == 1


def test_sampling_adds_block_verification_and_a_divergence(session: Session) -> None:
    by_way = points(swept(session, thresholds=(0.5,), weights=(0.5,), settings={"temperature": 1.0}))
    best = next(point for (way, _), point in by_way.items() if way == "block")
    assert best.quality.tv == pytest.approx(0, abs=1e-5)
    ensemble = by_way["ensemble", 0.5].quality
    assert ensemble.tv > 0
    assert ensemble.kl is not None and ensemble.kl > 0


def test_a_stop_keeps_the_prompts_so_far(session: Session) -> None:
    flag, events = Flag(), []
    folder = Path(target_of(session).spec).parent
    command = MeasureThresholds(
        (0.5,), gammas=(2,), prompts=str(folder / "prompts.txt"), n_prompts=0, n_questions=0,
        settings={**SETTINGS, "gate": "q"},
    )  # fmt: skip
    with pytest.raises(Cancelled):
        for event in session.do(command, flag):
            events.append(event)
            if isinstance(event, Progressed) and event.phase == "measuring" and event.done == 2:
                flag.set()
    last = events[-1]
    assert isinstance(last, SettingsMeasured)
    assert (last.n_prompts, last.complete) == (2, False)
    assert {point.n_prompts for point in points(events).values()} == {2}


@pytest.mark.parametrize(
    "changes",
    [{"thresholds": (1.5,)}, {"thresholds": ()}, {"weights": (-0.1,)}, {"leniences": (0.0,)}, {"gammas": (99,)}],
)
def test_settings_that_cannot_be_are_refused(session: Session, changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        swept(session, **changes)
