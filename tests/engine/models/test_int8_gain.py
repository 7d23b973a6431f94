"""int8 weights on a CPU are refused with figures where they would be slower."""

import pytest
import torch

from engine.errors import InputError
from engine.fast import matmul
from engine.fast.weights import Projection, fuse
from engine.machine.other_work import CpuShare
from engine.models import int8_gain
from tests import fakes

KIB = 1 << 10


def matrices(**changes: object) -> list[Projection]:
    """The matrices of all layers of a small model, 36 KiB each layer."""
    layers = fuse(fakes.model(**changes)).layers
    return [projection for layer in layers for projection in (layer.qkv, layer.out, layer.gate_up, layer.down)]


def timed(monkeypatch: pytest.MonkeyPatch, whole_ms: float, quantised_ms: float) -> None:
    monkeypatch.setattr(int8_gain, "_least_ms", lambda forms: [whole_ms, quantised_ms])
    monkeypatch.setattr(int8_gain, "_LEAST_BYTES", KIB)


def same(projection: Projection) -> Projection:
    return projection


@pytest.mark.parametrize("quantised_ms", [9.6, 12.0])
def test_what_is_no_faster_is_refused_with_the_figures(quantised_ms: float, monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, 10.0, quantised_ms)
    with pytest.raises(InputError, match=rf"{quantised_ms} ms against 10.0 ms in float32") as refused:
        int8_gain.refuse_if_slower(matrices(), same, matmul.product)
    assert refused.value.hint == "use --quantize none"


def test_nothing_is_refused_for_what_other_programs_delayed(monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, 10.0, 20.0)
    monkeypatch.setattr(int8_gain.OtherWork, "ended", lambda self: CpuShare(1.0, 99.0, 2))
    assert int8_gain.refuse_if_slower(matrices(), same, matmul.product) is None


def test_what_is_faster_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, 10.0, 9.4)
    assert int8_gain.refuse_if_slower(matrices(), same, matmul.product) is None


def test_model_that_the_processor_keeps_in_its_own_memory_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8_gain, "_least_ms", lambda forms: pytest.fail("it was measured"))
    assert int8_gain.refuse_if_slower(matrices(), same, matmul.product) is None


def test_as_many_layers_are_measured_as_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    sampled: list[int] = []
    monkeypatch.setattr(int8_gain, "_least_ms", lambda forms: sampled.append(len(forms[0][1])) or [2.0, 1.0])
    monkeypatch.setattr(int8_gain, "_LEAST_BYTES", KIB)
    monkeypatch.setattr(int8_gain, "_MOST_BYTES", 60 * KIB)
    int8_gain.refuse_if_slower(matrices(num_hidden_layers=6), same, matmul.product)
    assert sampled == [7]


@torch.inference_mode()
def test_both_forms_are_timed_over_every_number_of_ids() -> None:
    times = int8_gain._least_ms([(matmul.product, matrices()[:2]), (matmul.streamed_product, matrices()[:2])])
    assert len(times) == 2
    assert min(times) > 0
