"""The check against plain decoding: where the texts part, and by how little the target decided."""

from pathlib import Path
from threading import Event as Flag

import pytest
import torch

from engine.events import BlockFinished, Compared
from engine.method import Request
from engine.session import Session
from engine.speculate import Decoder
from tests import fakes


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = Session()
    spec = fakes.save(fakes.model(sharpness=2.0), tmp_path / "t")
    list(made.load(spec, spec))
    return made


def compared(session: Session) -> tuple[Compared, list[tuple[int, ...]]]:
    """The verdict and the ids of the speculative and the plain block."""
    events = list(session.run("speculative", {"max_new_tokens": 30, "repeats": 1}, Request("The harbour"), Flag()))
    blocks = [event.ids for event in events if isinstance(event, BlockFinished)]
    return next(event for event in events if isinstance(event, Compared)), blocks


def test_equal_texts_are_called_the_same(session: Session) -> None:
    verdict, (fast, plain) = compared(session)
    assert fast == plain
    assert verdict.same
    assert (verdict.first_divergence, verdict.margin) == (None, None)


def test_first_divergence_is_located_with_the_margin_of_the_target(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = Decoder._verify

    def nudged(self: Decoder, logits: torch.Tensor, *rest: torch.Tensor) -> object:
        """Where something was drafted and the text is long enough, the runner-up wins: a stand-in for rounding."""
        if len(logits) > 1 and len(self.ids) > 20:
            best = logits.topk(2).indices
            logits = logits.scatter(1, best[:, 1:], logits.amax(-1, keepdim=True) + 1)
        return verify(self, logits, *rest)

    monkeypatch.setattr(Decoder, "_verify", nudged)
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
