"""Modules of every family read a tree as they read the path to each of its nodes, past their windows too."""

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from engine.decoding.cached_model import CachedModel
from engine.decoding.token_tree import Tree, below_last_id
from engine.decoding.tree_masks import why_no_tree
from tests import fakes

PARENTS = [-1, -1, 0, 0, 1, 2, 2]
PATHS = [[0], [1], [0, 2], [0, 3], [1, 4], [0, 2, 5], [0, 2, 6]]
NODES = [21, 22, 23, 24, 25, 26, 27]
ONE_WINDOW = {
    "layer_types": ["sliding_attention", "sliding_attention"], "sliding_window": 12, "use_sliding_window": True,
}  # fmt: skip


def made(family: str) -> PreTrainedModel:
    changes = ONE_WINDOW if family.endswith("one window") else {}
    return fakes.model(family.partition(",")[0], sharpness=2.0, **changes)


def whole(model: PreTrainedModel, ids: list[int]) -> Tensor:
    return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]


def assert_close(found: Tensor, expected: Tensor) -> None:
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize("n_prompt", [1, 8, 13, 40])
@pytest.mark.parametrize("family", [*fakes.FAMILIES, "gemma2, one window", "qwen3, one window"])
@torch.inference_mode()
def test_each_node_is_read_as_the_path_to_it(family: str, n_prompt: int) -> None:
    model = made(family)
    ids = [(7 * i) % 50 for i in range(n_prompt)]
    sequence = CachedModel(model)
    if n_prompt > 1:
        sequence.prefill(torch.tensor(ids[:-1]))
    logits = sequence.forward(torch.tensor([ids[-1], *NODES]), tree=below_last_id(torch.tensor(PARENTS)))
    assert_close(logits[0], whole(model, ids))
    for node, path in enumerate(PATHS):
        assert_close(logits[node + 1], whole(model, [*ids, *(NODES[i] for i in path)]))
    sequence.keep(torch.tensor([0, 1, 3, 6]), 8)  # the last committed id, and the path 0 - 2 - 5
    assert sequence.length == n_prompt + 3
    after = sequence.forward(torch.tensor([30]))
    assert_close(after[0], whole(model, [*ids, 21, 23, 26, 30]))


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox"])
@torch.inference_mode()
def test_a_tree_is_read_depth_by_depth(family: str) -> None:
    model, tree = made(family), below_last_id(torch.tensor(PARENTS))
    sequence, ids = CachedModel(model), list(range(1, 20))
    sequence.prefill(torch.tensor(ids[:-1]))
    found = []
    for first, end in ((0, 1), (1, 3), (3, 6), (6, 8)):
        part = Tree(tree.depths[:end], tree.seen[first:end, :end])
        found.append(sequence.forward(torch.tensor([ids[-1], *NODES][first:end]), tree=part))
    logits = torch.cat(found)
    for node, path in enumerate(PATHS):
        assert_close(logits[node + 1], whole(model, [*ids, *(NODES[i] for i in path)]))


@pytest.mark.parametrize("family", fakes.FAMILIES)
def test_all_families_of_the_tests_can(family: str) -> None:
    assert not why_no_tree(made(family))


def test_other_layers_and_attentions_cannot() -> None:
    model = made("llama")
    model.config.layer_types = ["full_attention", "chunked_attention"]
    assert why_no_tree(model) == "it has layers of the kind chunked_attention"
    model = made("llama")
    model.config._attn_implementation = "flash_attention_2"
    assert why_no_tree(model) == "its attention takes no masks"
