"""Gated decoding on a fake pair: fates, what counts as tested, thresholds at both ends, audits, refusals."""

from pathlib import Path
from threading import Event as Flag

import pytest

from engine.commands import Load, Run
from engine.errors import InputError
from engine.events import BlockFinished, Compared, Event, Measured, RoundFinished, RunStarted, Setting
from engine.methods.sprinter.config import SprinterConfig
from engine.runs.divergence import first_difference
from engine.runs.summary import Summary, fold
from engine.session.session import Session
from engine.settings import Request, make_config
from engine.sprinter import cards, files
from tests import fakes
from tests.engine.session import running
from tests.engine.sprinter import gates


@pytest.fixture(scope="module", params=["fused", "modules"])
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("pair")
    target = fakes.model(sharpness=4.0)
    drafter = fakes.save(fakes.noisy_copy(target, noise=0.1), folder / "d")
    made = Session()
    list(made.do(Load(fakes.save(target, folder / "t"), drafter, runtime=request.param)))
    return made


def gated(session: Session, **settings: Setting) -> list[Event]:
    chosen = {"baseline": False, "stop_at_end": False, "max_new_tokens": 40, "gate": "q", "cap": 6, **settings}
    return list(session.do(Run("sprinter", chosen, Request("The harbour")), Flag()))


def test_all_but_the_last_token_of_a_run_are_unverified_and_never_count_in_alpha(session: Session) -> None:
    events = gated(session, threshold=0.01, audit=1.0)
    rounds = running.rounds(events)
    for event in rounds[:-1]:
        *gone_through, last = event.proposed
        assert {token.fate for token in gone_through} <= {"unverified"}
        assert last.fate in ("accepted", "rejected")
        assert all(token.gate is not None and token.gate >= 0.01 for token in gone_through)
        assert event.n_tested == 1
    summary = Summary()
    for each in events:
        summary = fold(summary, each)
    n_unverified = sum(token.fate == "unverified" for event in rounds for token in event.proposed)
    assert n_unverified > 0
    assert (summary.n_unverified, summary.n_audited) == (n_unverified, n_unverified)
    assert summary.n_tested == sum(event.n_tested for event in rounds)
    assert summary.predicted_tau is None


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_threshold_that_nothing_reaches_gives_the_targets_own_text(session: Session, temperature: float) -> None:
    own = running.emitted(running.run(session, "The harbour", max_new_tokens=40, gamma=1, temperature=temperature))
    strict = gated(session, threshold=1.0, temperature=temperature, cap=1)
    assert running.emitted(strict) == own
    assert "unverified" not in running.fates(strict)


def test_testing_the_whole_run_is_lossless(session: Session) -> None:
    own = running.emitted(running.run(session, "The harbour", max_new_tokens=40))
    events = gated(session, threshold=0.01, tested="all")
    assert running.emitted(events) == own
    assert "unverified" not in running.fates(events)


def test_threshold_zero_runs_to_the_cap(session: Session) -> None:
    rounds = running.rounds(gated(session, threshold=0.0))
    assert {len(event.proposed) for event in rounds[:-1]} == {6}


def test_audits_change_nothing_but_marks(session: Session) -> None:
    none, some = gated(session, audit=0.0, threshold=0.01), gated(session, audit=0.5, threshold=0.01)
    assert running.emitted(none) == running.emitted(some)
    marks = [token.audited for event in running.rounds(some) for token in event.proposed if token.fate == "unverified"]
    assert 0 < sum(marks) < len(marks)
    n_drafts = sum(bool(event.proposed) for event in running.rounds(some))
    assert [e.name for e in some if isinstance(e, Measured)].count("run length") == n_drafts


def test_a_trained_gate_is_read_and_used(session: Session, tmp_path: Path) -> None:
    pair = session.models
    assert pair is not None and pair.drafter is not None
    gate = gates.linear(bias=1.0)
    (tmp_path / cards.FILE_NAME).write_bytes(files.as_bytes(gate, gates.card(gate, pair.target, pair.drafter)))
    events = gated(session, gate=str(tmp_path), threshold=0.4)
    probs = {token.gate for event in running.rounds(events) for token in event.proposed}
    assert len(probs) > 5
    assert isinstance(events[0], RunStarted)


def test_a_drafter_without_states_is_refused(session: Session) -> None:
    loaded = session.loaded
    assert loaded is not None
    other = Session()
    list(other.do(Load(loaded.target, "lookup", runtime=loaded.runtime)))
    with pytest.raises(InputError, match="is no model"):
        gated(other)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_that_is_no_probability_is_refused(threshold: float) -> None:
    with pytest.raises(InputError, match="threshold"):
        make_config(SprinterConfig, {"threshold": threshold})


def test_rounds_are_measured_in_tokens_that_follow_each_other(session: Session) -> None:
    rounds = [event for event in gated(session, threshold=0.01) if isinstance(event, RoundFinished)]
    for event in rounds[:-1]:
        kept = [token.id for token in event.proposed if token.kept]
        assert event.last is not None
        assert list(event.emitted) == [*kept, event.last.id]


@pytest.mark.parametrize(("threshold", "same"), [(0.0, False), (1.0, True)])
def test_a_greedy_text_is_compared_with_the_targets_own(session: Session, threshold: float, same: bool) -> None:
    events = gated(session, baseline=True, repeats=1, threshold=threshold, cap=6 if threshold == 0 else 1)
    verdict = next(event for event in events if isinstance(event, Compared))
    plain = next(event.ids for event in events if isinstance(event, BlockFinished) and event.lane == "plain")
    assert (verdict.same, verdict.first_divergence) == (same, first_difference(running.emitted(events), plain))


def test_a_sampled_text_is_not_compared(session: Session) -> None:
    events = gated(session, baseline=True, repeats=1, temperature=1.0)
    assert not any(isinstance(event, Compared) for event in events)
