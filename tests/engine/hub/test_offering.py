"""Pairs are offered with what they take and, where they do not fit here, why not."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.events import OfferedPair
from engine.hub import catalogue
from engine.hub.offering import offered_pairs
from engine.models import devices

_Usage = namedtuple("_Usage", "total used free")
GIB = 2**30


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


def with_memory(monkeypatch: pytest.MonkeyPatch, free: int, *, dtype: str = "auto") -> dict[str, OfferedPair]:
    """The pairs by target on a machine with so much free memory."""
    monkeypatch.setattr(devices, "free_bytes", lambda _device: free)
    return {pair.target.spec: pair for pair in offered_pairs(device="cpu", dtype=dtype).pairs}


def test_every_family_can_be_estimated_and_small_pairs_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = with_memory(monkeypatch, 10 * GIB)
    assert len(pairs) == len(catalogue.PAIRS)
    smol = pairs["HuggingFaceTB/SmolLM2-1.7B-Instruct"]
    weights = 4 * (smol.target.n_parameters + smol.drafter.n_parameters)
    assert smol.why_not == ""
    assert weights < smol.memory_bytes < 1.3 * weights
    assert smol.missing_bytes == smol.target.n_bytes + smol.drafter.n_bytes
    assert pairs["google/gemma-3-1b-it"].why_not == ""


def test_a_pair_that_is_too_large_says_what_it_needs_and_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    llama = with_memory(monkeypatch, 10 * GIB)["meta-llama/Llama-3.3-70B-Instruct"]
    assert "10.0 GiB are free on cpu" in llama.why_not
    assert llama.target.gated


def test_half_the_bits_take_half_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = "Qwen/Qwen2.5-7B-Instruct"
    whole, half = (with_memory(monkeypatch, 20 * GIB, dtype=dtype)[spec] for dtype in ("float32", "bfloat16"))
    assert half.memory_bytes == pytest.approx(whole.memory_bytes / 2, rel=0.02)
    assert whole.why_not
    assert not half.why_not


def test_a_disk_that_is_too_small_is_the_reason_where_memory_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: _Usage(10**9, 10**9 - 5000, 5000))
    pairs = with_memory(monkeypatch, 10 * GIB)
    assert pairs["HuggingFaceTB/SmolLM2-360M-Instruct"].why_not == "its files need 1.0 GB of disk, 5 kB are free"


def test_the_answer_says_for_which_device_and_type_and_of_when_its_facts_are() -> None:
    offered = offered_pairs(device="cpu", dtype="bfloat16")
    assert (offered.device, offered.dtype, offered.stated) == ("cpu", "bfloat16", catalogue.STATED)
    with pytest.raises(InputError, match="unknown dtype"):
        offered_pairs(device="cpu", dtype="int3")
