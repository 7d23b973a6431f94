"""Compiled loops leave what torch's operations leave, in every family, and nothing needs numba."""

import importlib.util
import sys

import pytest
import torch
from torch import Tensor

from engine.decoding.token_tree import Tree
from engine.fast import few_rows
from engine.fast.few_rows import FewRows
from engine.fast.kv_cache import KvCache
from engine.fast.weights import FusedWeights, fuse
from tests import fakes
from tests.engine.fast.test_model import SHAPES, made

pytestmark = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not installed")
CONTEXT = 64
TREE = Tree(torch.tensor([0, 1, 1, 2]), torch.tensor([[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 1]]).bool())


def steps(few: FewRows, weights: FusedWeights) -> list[Tensor]:
    """Hidden states of a prompt, single ids, a draft and a tree; then keys and values."""
    held = KvCache(weights.shape, weights.embedding, context=CONTEXT).at_least(CONTEXT, n_kept=0)
    ids, found, start = torch.arange(1, 60) % weights.embedding.shape[0], [], 0
    for n, tree in ((18, None), (1, None), (5, None), (1, None), (4, TREE)):
        hidden, taps = few.hidden(ids[start : start + n], start, held, tree, (0,))
        found += [hidden[:n].clone(), *taps]
        start += n
    return [*found, held.keys, held.values]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("streamed", [False, True])
@torch.inference_mode()
def test_compiled_loops_leave_what_torch_leaves(name: str, streamed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_rows.matmul, "streams", lambda weights: streamed)
    weights = fuse(made(name))
    by_torch = steps(FewRows(weights, compiled=False), weights)
    for found, expected in zip(steps(FewRows(weights), weights), by_torch, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_numbers_that_are_none_are_not_hidden() -> None:
    weights = fuse(fakes.model(sharpness=2.0))
    weights.layers[0].gate_up.weight[0, 0] = torch.nan
    assert not steps(FewRows(weights), weights)[0].isfinite().any()


@torch.inference_mode()
def test_long_attention_is_left_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = fuse(fakes.model(sharpness=2.0))
    expected = steps(FewRows(weights, compiled=False), weights)
    monkeypatch.setattr(few_rows, "_MOST_LOOPED", 0)
    for found, other in zip(steps(FewRows(weights), weights), expected, strict=True):
        assert torch.equal(found, other)


@torch.inference_mode()
def test_without_numba_torch_computes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = fuse(fakes.model(sharpness=2.0))
    expected = steps(FewRows(weights, compiled=False), weights)
    monkeypatch.setattr("engine.fast.compiled_loops.find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "engine.fast.kernels", raising=False)
    for found, other in zip(steps(FewRows(weights), weights), expected, strict=True):
        assert torch.equal(found, other)
    assert "engine.fast.kernels" not in sys.modules
