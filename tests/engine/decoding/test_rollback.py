"""Thousands of rounds with any acceptance, on either runtime, equal recomputation: windows, trees, growing buffers."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import PreTrainedModel

from engine.decoding import cached_model
from engine.decoding.cached_model import CachedModel, SequenceModel
from engine.decoding.token_tree import Tree
from engine.fast import kv_cache
from engine.fast.model import FusedModel
from engine.fast.weights import fuse
from tests import fakes

GAMMA, N_ROUNDS, N_EXAMPLES = 6, 60, 4
WINDOWED = {"sliding_window": 12, "use_sliding_window": True, "max_window_layers": 1}
MODELS = {
    "llama": fakes.model("llama", sharpness=2.0),
    "mistral": fakes.model("mistral", sharpness=2.0, sliding_window=12),
    "qwen3": fakes.model("qwen3", sharpness=2.0, **WINDOWED),
    "gemma2": fakes.model("gemma2", sharpness=1.0),
    "gpt2": fakes.model("gpt2", sharpness=1.0),
}
CASES = [(name, "modules") for name in MODELS] + [(name, "fused") for name in ("llama", "mistral", "qwen3")]
FUZZ = settings(
    max_examples=N_EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the patched capacity is the same for every example
ACCEPTED = st.lists(st.integers(0, GAMMA), min_size=N_ROUNDS, max_size=N_ROUNDS)
SEED = st.integers(0, 2**31)


@pytest.fixture(autouse=True)
def _little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buffers that are full again and again."""
    monkeypatch.setattr(kv_cache, "_FIRST_CAPACITY", 3)
    monkeypatch.setattr(cached_model, "_FIRST_CAPACITY", 3)


def sequence(name: str, runtime: str) -> SequenceModel:
    model = MODELS[name]
    return CachedModel(model) if runtime == "modules" else FusedModel(fuse(model), context=fakes.CONTEXT)


def recomputed(model: PreTrainedModel, ids: list[int]) -> Tensor:
    return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]


def assert_close(found: Tensor, expected: Tensor) -> None:
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize(("name", "runtime"), CASES)
@FUZZ
@given(ACCEPTED, SEED)
def test_any_acceptance_equals_recomputation(name: str, runtime: str, accepted: list[int], seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    made, ids = sequence(name, runtime), [7]
    with torch.inference_mode():
        for number, n_accepted in enumerate(accepted):
            if len(ids) + GAMMA + 1 > fakes.CONTEXT:
                made.reset()
                ids = [number]
            draft = torch.randint(0, fakes.N_ENTRIES, (GAMMA,), generator=rng).tolist()
            found = made.forward(torch.tensor(ids[made.length :] + draft))
            if number % 8 == 0 or n_accepted == GAMMA:
                assert_close(found[n_accepted - GAMMA - 1], recomputed(MODELS[name], ids + draft[:n_accepted]))
            made.rollback(GAMMA - n_accepted)
            ids += [*draft[:n_accepted], number]
            assert made.length == len(ids) - 1


@pytest.mark.parametrize("name", ["llama", "mistral", "qwen3"])
@FUZZ
@given(ACCEPTED, SEED)
def test_any_path_kept_of_any_tree_equals_recomputation(name: str, accepted: list[int], seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    made, ids = FusedModel(fuse(MODELS[name]), context=fakes.CONTEXT), [7]
    with torch.inference_mode():
        for number, leaf in enumerate(accepted):
            if len(ids) + GAMMA + 1 > fakes.CONTEXT:
                made.reset()
                ids = [number]
            # The root is the id that the last round ended with; each other node hangs below an earlier one.
            parents = [0, *(int(torch.randint(0, i, (), generator=rng)) for i in range(1, GAMMA + 1))]
            new = [ids[-1], *torch.randint(0, fakes.N_ENTRIES, (GAMMA,), generator=rng).tolist()]
            paths = [path_to(node, parents) for node in range(GAMMA + 1)]
            found = made.forward(torch.tensor(new), tree=tree_of(paths))
            path = paths[leaf]
            kept = [*ids[:-1], *(new[node] for node in path)]
            if number % 8 == 0:
                assert_close(found[leaf], recomputed(MODELS[name], kept))
            made.keep(torch.tensor(path), GAMMA + 1)
            ids = [*kept, number]
            assert made.length == len(ids) - 1


def path_to(node: int, parents: list[int]) -> list[int]:
    path = [node]
    while path[0]:
        path.insert(0, parents[path[0]])
    return path


def tree_of(paths: list[list[int]]) -> Tree:
    seen = torch.zeros(len(paths), len(paths), dtype=torch.bool)
    for node, path in enumerate(paths):
        seen[node, path] = True
    return Tree(torch.tensor([len(path) - 1 for path in paths]), seen)
