"""What a reading of a prompt is compared with, and how kernels are checked."""

from threading import Event as Flag

import pytest
import torch

from engine.commands import Load
from engine.fast import attention_kernels
from engine.fast.weights import fuse
from engine.measuring import prefill
from engine.measuring.prefill import TimedPrompt
from engine.models.loading import LoadedModel
from engine.runtime import Cancelled
from engine.session.session import Session
from tests import fakes


@pytest.fixture(scope="module")
def target() -> LoadedModel:
    session = Session()
    list(session.do(Load("timing:tiny", "none", device="cpu")))
    assert session.target is not None
    return session.target


def test_a_reading_is_timed_beside_its_products_and_its_attention(target: LoadedModel) -> None:
    timed = TimedPrompt(target, 32, lambda: None)
    with torch.inference_mode():
        while not timed.is_enough:
            sequence = target.sequence()
            timed.read(sequence, list(range(100)))
            assert sequence.length == 99
        result = timed.result(100, 100)
    assert (result.length, result.chunk, result.n) == (100, 32, 3)
    assert result.bare_ms is not None and result.ratio == pytest.approx(result.ms / result.bare_ms)
    assert result.bare_ms > 0


def test_bare_work_grows_with_what_is_read_and_is_unknown_with_windows() -> None:
    weights = fuse(fakes.model())
    with torch.inference_mode():
        assert prefill.bare(weights, 0, 16) is None
        assert (prefill.bare(weights, 100, 16) or 0.0) > 0
        assert prefill.bare(fuse(fakes.model("mistral-sliding")), 100, 16) is None


def test_a_stop_is_heard_between_chunks(target: LoadedModel) -> None:
    def stop() -> None:
        raise Cancelled

    with torch.inference_mode(), pytest.raises(Cancelled):
        TimedPrompt(target, 16, stop).read(target.sequence(), list(range(50)))
    assert not Flag().is_set()


def test_every_kernel_is_checked_and_those_that_cannot_be_used_say_why(target: LoadedModel) -> None:
    checks = prefill.checked_kernels(target, 64, 32)
    assert [check.name for check in checks] == [kernel.name for kernel in attention_kernels.kernels()]
    usable = [check for check in checks if not check.why_not]
    assert {"auto", "flash", "math", "eager"} <= {check.name for check in usable}
    assert all(check.is_equal and (check.ms or 0.0) > 0 for check in usable)
    assert all(check.why_not and not check.is_equal for check in checks if check not in usable)


def test_a_kernel_that_torch_refuses_at_the_call_is_named_with_its_reason(
    target: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*states: object) -> None:
        raise RuntimeError("No available kernel.\nAborting")

    monkeypatch.setattr(attention_kernels, "eager", refuse)
    (check,) = [check for check in prefill.checked_kernels(target, 64, 32) if check.name == "eager"]
    assert check.why_not == "No available kernel."
