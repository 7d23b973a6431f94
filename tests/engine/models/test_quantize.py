"""Quantised weights: the same model on both runtimes, a smaller one, and decoded as losslessly as any."""

from pathlib import Path
from threading import Event as Flag
from weakref import ref

import pytest
import torch
from torch import Tensor

from engine.commands import Estimate, Load, Run
from engine.errors import InputError
from engine.events import ModelLoaded, RoundFinished
from engine.fast.model import FusedModel
from engine.models import quantize
from engine.models.pair_names import Quantize
from engine.session.session import Session
from engine.settings import Request
from tests import fakes

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def torchao() -> None:
    pytest.importorskip("torchao")


def test_joined_weights_quantise_as_their_parts_do_and_the_modules_share_them() -> None:
    model, other = fakes.model(sharpness=2.0), fakes.model(sharpness=2.0)
    quantize.quantise(other, "int8")
    fused = quantize.fuse_quantised(model, "int8")
    ids = torch.arange(40)
    with torch.inference_mode():
        expected = other(input_ids=ids[None], use_cache=False).logits[0]
        shared = model(input_ids=ids[None], use_cache=False).logits[0]
        found = FusedModel(fused, context=fakes.CONTEXT).forward(ids)
    torch.testing.assert_close(shared, expected)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_quantised_weights_take_a_quarter_of_the_memory_and_the_estimate_says_so(tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(hidden_size=256, intermediate_size=512), tmp_path / "target")
    session = Session()
    whole, small = (_loaded(session, spec, quantize=choice) for choice in ("none", "int8"))
    tables = 2 * fakes.N_ENTRIES * 256 * 4
    assert small.quantize == "int8"
    assert small.weights_bytes - tables < 0.27 * (whole.weights_bytes - tables)
    estimated = next(iter(session.do(Estimate(Load(spec, "none", quantize="int8")))))
    assert abs(estimated.weights_bytes - small.weights_bytes) < 0.02 * whole.weights_bytes


def test_no_more_than_one_layer_lies_in_memory_beside_its_quantised_self(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = fakes.save(fakes.model(num_hidden_layers=6), tmp_path / "target")
    quantised, whole, most = quantize._quantised, [], 0

    def watched(weight: Tensor, choice: Quantize) -> Tensor:
        nonlocal most
        whole.append(ref(weight))
        most = max(most, sum(one() is not None for one in whole))
        return quantised(weight, choice)

    monkeypatch.setattr(quantize, "_quantised", watched)
    _loaded(Session(), spec, quantize="int8", runtime="fused")
    assert len(whole) == 24
    assert most <= 5


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_greedy_text_of_a_quantised_target_is_that_of_its_plain_decoding(tmp_path: Path, runtime: str) -> None:
    target = fakes.model(sharpness=6.0)
    spec = fakes.save(target, tmp_path / "target")
    drafter = fakes.save(fakes.noisy_copy(target), tmp_path / "drafter")
    session = Session()
    _loaded(session, spec, drafter, quantize="int8", runtime=runtime)
    texts = [_ids(session, method) for method in ("plain", "speculative")]
    assert texts[0] == texts[1]
    assert len(texts[0]) == 40


@pytest.mark.parametrize(("name", "reason"), [("int3", "unknown"), ("int4", "no kernel on a CPU")])
def test_what_cannot_be_made_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        quantize.parse_quantize(name, CPU)


def test_without_torchao_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantize, "find_spec", lambda name: None)
    assert quantize.parse_quantize("none", CPU) == "none"
    with pytest.raises(InputError, match=r"draftscope\[quantize\]"):
        quantize.parse_quantize("int8", CPU)


def _loaded(session: Session, target: str, drafter: str = "none", **options: str) -> ModelLoaded:
    *_, last = session.do(Load(target, drafter, device="cpu", **options))
    assert isinstance(last, ModelLoaded)
    return last


def _ids(session: Session, method: str) -> list[int]:
    settings = {"max_new_tokens": 40, "stop_at_end": False, **({"baseline": False} if method == "speculative" else {})}
    events = session.do(Run(method, settings, Request(fakes.PROMPTS[0])), Flag())
    return [token for event in events if isinstance(event, RoundFinished) for token in event.emitted]
