"""The core on a CUDA device; deselected where there is none (`pytest -m gpu`)."""

from pathlib import Path

import pytest
import torch

from engine.commands import Load, Unload
from engine.session.session import Session
from tests import fakes
from tests.engine.session.running import emitted, rounds, run

pytestmark = pytest.mark.gpu


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    target = fakes.model()
    return fakes.save(target, tmp_path / "t"), fakes.save(fakes.noisy_copy(target), tmp_path / "d")


@pytest.mark.parametrize("drafter_device", ["auto", "cpu"])
def test_greedy_text_in_float32_equals_that_of_the_cpu(pair: tuple[str, str], drafter_device: str) -> None:
    found = []
    for device in ("cpu", "cuda"):
        session = Session()
        list(session.do(Load(*pair, device=device, drafter_device=drafter_device, dtype="float32")))
        found.append(emitted(run(session, "The harbour", max_new_tokens=40)))
    assert found[0] == found[1]


def test_sampling_repeats_with_the_seed_and_times_are_positive(pair: tuple[str, str]) -> None:
    session = Session()
    list(session.do(Load(*pair, device="cuda")))
    first, second = (run(session, "The harbour", max_new_tokens=40, temperature=1.0, seed=4) for _ in range(2))
    assert emitted(first) == emitted(second)
    assert all(one.verify_ms > 0 for one in rounds(first))


def test_memory_is_given_back_after_unloading(pair: tuple[str, str]) -> None:
    before = torch.cuda.memory_allocated()
    session = Session()
    list(session.do(Load(*pair, device="cuda")))
    run(session, "The harbour", max_new_tokens=8)
    list(session.do(Unload()))
    assert torch.cuda.memory_allocated() <= before
