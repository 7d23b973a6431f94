"""The check against plain decoding: where the texts part, and by how little the target decided."""

from collections.abc import Generator
from threading import Event as Flag

import pytest
import torch

from engine.commands import Load, Run
from engine.decoding.drafting import Draft
from engine.decoding.generation import Generation
from engine.decoding.speculate import Decoder, Round
from engine.decoding.verifying import ExactVerifier, Verdict, VerifyContext
from engine.events import BlockFinished, Compared, PhaseFinished, RoundFinished
from engine.methods.speculative import run as speculative
from engine.runs.summary import Summary, fold
from engine.runtime import Cancelled
from engine.session.session import Session
from engine.settings import Request
from tests import fakes
from tests.engine.session.running import loaded


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    return fakes.save(fakes.model(sharpness=2.0), tmp_path_factory.mktemp("pair") / "t")


@pytest.fixture
def session(spec: str) -> Session:
    return loaded(Load(spec, spec))


def compared(session: Session) -> tuple[Compared, list[tuple[int, ...]]]:
    """The verdict and the ids of the recorded text and of the plain block after it."""
    events = list(session.do(Run("speculative", {"max_new_tokens": 30, "repeats": 1}, Request("The harbour")), Flag()))
    blocks = [event.ids for event in events if isinstance(event, BlockFinished)]
    return next(event for event in events if isinstance(event, Compared)), blocks[:2]


def test_the_recorded_text_comes_first_and_is_in_no_pair(session: Session) -> None:
    settings = {"max_new_tokens": 12, "repeats": 3}
    events = list(session.do(Run("speculative", settings, Request("The harbour")), Flag()))
    blocks = [event for event in events if isinstance(event, BlockFinished)]
    recorded, *pairs = [(block.lane, block.pair if block.paired else None) for block in blocks]
    assert recorded == ("speculative", None)
    assert pairs == [
        ("plain", 0), ("speculative", 0), ("speculative", 1), ("plain", 1), ("plain", 2), ("speculative", 2),
    ]  # fmt: skip
    at = events.index(blocks[0])
    assert not any(isinstance(event, RoundFinished) for event in events[at:])
    assert sum(len(event.emitted) for event in events[:at] if isinstance(event, RoundFinished)) == 12


def test_stop_while_pairs_are_measured_keeps_the_whole_text(session: Session) -> None:
    flag, kept = Flag(), Summary()
    with pytest.raises(Cancelled):
        for event in session.do(Run("speculative", {"max_new_tokens": 12}, Request("The harbour")), flag):
            kept = fold(kept, event)
            if kept.n_repeats:
                flag.set()
    assert kept.n_emitted == 12
    assert kept.n_repeats == 1


def test_equal_texts_are_called_the_same(session: Session) -> None:
    verdict, (fast, plain) = compared(session)
    assert fast == plain
    assert verdict.same
    assert (verdict.first_divergence, verdict.margin) == (None, None)


def test_first_divergence_is_located_with_the_margin_of_the_target(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    do_round, judge, length = Decoder.round, ExactVerifier.verify, [0]

    def noted(self: Decoder, gamma: int, *, followed: bool = False) -> Round:
        length[0] = len(self.ids)
        return do_round(self, gamma, followed=followed)

    def nudged(self: ExactVerifier, context: VerifyContext, draft: Draft) -> Verdict:
        """Where something was drafted and the text is long enough, the runner-up wins: a stand-in for rounding."""
        logits = context.logits(draft.tokens)
        if len(logits) > 1 and length[0] > 20:
            best = logits.topk(2).indices
            logits = logits.scatter(1, best[:, 1:], logits.amax(-1, keepdim=True) + 1)
        return judge(self, context._replace(logits=lambda tokens: logits), draft)

    monkeypatch.setattr(Decoder, "round", noted)
    monkeypatch.setattr(ExactVerifier, "verify", nudged)
    verdict, (fast, plain) = compared(session)
    at = next(i for i, (ours, theirs) in enumerate(zip(fast, plain, strict=True)) if ours != theirs)
    assert not verdict.same
    assert verdict.first_divergence == at
    assert session.target is not None
    started = session.target.tokenizer("The harbour")["input_ids"]
    with torch.inference_mode():
        logits = session.target.model(input_ids=torch.tensor([[*started, *plain[:at]]])).logits[0, -1]
    top = logits.topk(2).values
    assert verdict.margin == pytest.approx(float(top[0] - top[1]), abs=1e-3)


@pytest.mark.parametrize(("parts_at", "between", "same"), [(5, 5, True), (9, None, False)])
def test_a_divergence_counts_unless_two_plain_runs_part_as_early(
    session: Session, monkeypatch: pytest.MonkeyPatch, parts_at: int, between: int | None, same: bool
) -> None:
    real, n_plain = speculative.whole, 0

    def rounded(
        generation: Generator[PhaseFinished | RoundFinished, None, Generation],
    ) -> tuple[list[RoundFinished], Generation]:
        """Texts as rounding may make them: the first plain one parts from the visible one, the second from both."""
        nonlocal n_plain
        rounds, text = real(generation)
        if len(rounds) == 30:
            n_plain += 1
            at = 9 if n_plain == 1 else parts_at
            text = text._replace(ids=(*text.ids[:at], *(token + 1 for token in text.ids[at:])))
        return rounds, text

    monkeypatch.setattr(speculative, "whole", rounded)
    settings = {"max_new_tokens": 30, "repeats": 2}
    events = list(session.do(Run("speculative", settings, Request("The harbour")), Flag()))
    verdict = [event for event in events if isinstance(event, Compared)][-1]
    assert (verdict.same, verdict.first_divergence, verdict.plain_divergence) == (same, 9, between)
