"""Several sequences, scores and verified drafts on the stand-in of a GPU."""

import pytest
import torch

from engine.batch.decoder import BatchDecoder
from engine.batch.drafters import LookupRows, RowsDrafter, SmallModelRows
from engine.batch.scoring import scored
from engine.batch.sequences import sequences_of
from engine.decoding.clock import clock_for
from engine.decoding.sampling import Warp
from engine.fast.weights import fuse
from engine.models.loading import LoadedModel
from engine.models.pair_names import RuntimeChoice
from engine.rag.reading import Branch, read
from tests.fake_cuda import kinds
from tests.fake_cuda.fixture import watch
from tests.fake_cuda.kinds import WARPS
from tests.fake_cuda.watch import Watch

__all__ = ["watch"]

PROMPTS = ((5, 9, 2, 5, 9), (7, 8), (11, 12, 13, 11, 12, 13, 11), (3,))
TWO_RUNTIMES: tuple[RuntimeChoice, ...] = ("auto", "modules")


def clean(watch: Watch) -> bool:
    """Whether nothing waited but where it says so, and nothing came from pageable memory."""
    return not (watch.unmarked or watch.uploads or watch.faults)


def batch_drafter(name: str, target: LoadedModel, watch: Watch, device: str, runtime: RuntimeChoice) -> RowsDrafter:
    if name == "lookup":
        return LookupRows(3, target)
    return SmallModelRows(kinds.loaded(watch, "llama", device, torch.bfloat16, runtime, noisy=True), target)


@pytest.mark.parametrize("warp", [WARPS[0], WARPS[-1]], ids=["greedy", "sampled"])
@pytest.mark.parametrize("drafter", ["none", "lookup", "cuda:0", "cuda:1", "cpu"])
@pytest.mark.parametrize("runtime", TWO_RUNTIMES)
def test_a_batch_waits_once_a_round(runtime: RuntimeChoice, drafter: str, warp: Warp, watch: Watch) -> None:
    with watch.on():
        target = kinds.loaded(watch, "llama", "cuda:0", torch.bfloat16, runtime)
        drafts = None if drafter == "none" else batch_drafter(drafter, target, watch, drafter, runtime)
        decoder = BatchDecoder(sequences_of(target), drafts, warp=warp, clock=clock_for(target.device))
        watch.clear()
        decoder.prefill(PROMPTS, range(len(PROMPTS)), capacity=40, checkpoint=lambda: None)
        assert not watch.waits
        for number, lanes in enumerate(([0, 1, 2, 3], [0, 2, 3], [0])):
            decoder.round({lane: 2 + lane % 2 for lane in lanes} if drafts else dict.fromkeys(lanes, 0))
            assert sum(watch.waits.values()) == number + 1
    assert clean(watch)


@pytest.mark.parametrize("runtime", TWO_RUNTIMES)
def test_scoring_waits_once(runtime: RuntimeChoice, watch: Watch) -> None:
    rows = [list(prompt) for prompt in PROMPTS]
    with watch.on():
        model = kinds.loaded(watch, "qwen3", "cuda:0", torch.float32, runtime)
        watch.clear()
        found = scored.__wrapped__(model, rows)  # type: ignore[attr-defined]  # inference_mode hides operations
    if runtime == "modules":
        watch.faults.clear()  # which kernels transformers asks for in float32 is its own affair
    assert clean(watch)
    assert sum(watch.waits.values()) == 1
    expected = scored(kinds.loaded(None, "qwen3", "cpu", torch.float32, runtime), rows)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize(
    ("family", "runtime", "n_waits"),
    [("mistral-sliding", "auto", 1), ("mistral-sliding", "modules", 4), ("gemma3_text", "auto", 1)],
)
def test_verifying_drafts_waits_once_a_tree_and_once_a_text_without_trees(
    family: str, runtime: RuntimeChoice, n_waits: int, watch: Watch
) -> None:
    branches = [Branch((5, 6, 7), ((8,), (9,))), Branch((5, 3), ((8,),))]
    with watch.on():
        model = kinds.loaded(watch, family, "cuda:0", torch.float32, runtime)
        watch.clear()
        found = read(model, tuple(range(1, 30)), branches, lambda: None)
    assert clean(watch)
    assert sum(watch.waits.values()) <= n_waits + (runtime == "modules")
    expected = read(kinds.loaded(None, family, "cpu", torch.float32, runtime), tuple(range(1, 30)), branches,
                    lambda: None)  # fmt: skip
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.trunk == pytest.approx(theirs.trunk, abs=1e-4)
        assert ours.endings == pytest.approx(theirs.endings, abs=1e-4)


def test_fusing_weights_on_a_device_copies_nothing_from_the_host(watch: Watch) -> None:
    with watch.on():
        made = kinds.loaded(watch, "qwen2", "cuda:1", torch.bfloat16, "modules")
        watch.clear()
        weights = fuse(made.model)
    assert weights.embedding.device == torch.device("cuda:1")
    assert clean(watch)
    assert not watch.waits
