"""A cache kept from prompt to prompt: the same logits as a new one, and only what differs is computed."""

import pytest
import torch
from torch import Tensor

from engine.decoding.cached_model import CachedModel
from engine.decoding.kept_sequence import KeptSequence
from tests import fakes

FIRST = tuple(range(1, 20))
SECOND = (*range(1, 12), *range(30, 40))


class Counting(CachedModel):
    """Counts the ids that are really computed."""

    n_computed = 0

    def prefill(self, ids: Tensor) -> None:
        """Count them."""
        self.n_computed += len(ids)
        super().prefill(ids)


@pytest.fixture(scope="module")
def folderless_model() -> fakes.PreTrainedModel:
    return fakes.model()


def read(sequence: KeptSequence, ids: tuple[int, ...]) -> tuple[int, Tensor]:
    """Read a prompt as a decoder does; returns how many ids were kept, and the logits after the last one."""
    n = sequence.follow(ids)
    sequence.reset()
    for at in range(0, len(ids) - 1, 7):
        sequence.prefill(torch.tensor(ids[:-1][at : at + 7]))
    logits = sequence.forward(torch.tensor(ids[-1:]))
    sequence.rollback(1)
    sequence.remember(ids)
    return n, logits


@torch.inference_mode()
def test_only_what_differs_from_the_last_prompt_is_computed_and_the_logits_are_those_of_a_new_cache(
    folderless_model: fakes.PreTrainedModel,
) -> None:
    inner = Counting(folderless_model)
    kept = KeptSequence(inner)
    assert read(kept, FIRST)[0] == 0
    n_before = inner.n_computed
    n, logits = read(kept, SECOND)
    assert n == 11 and inner.n_computed - n_before == len(SECOND) - 1 - 11
    _, fresh = read(KeptSequence(CachedModel(folderless_model)), SECOND)
    assert torch.allclose(logits, fresh, atol=1e-4)
    assert kept.length == len(SECOND) - 1
    assert read(kept, SECOND)[0] == len(SECOND) - 1


@torch.inference_mode()
def test_a_cache_that_cannot_be_cut_is_kept_only_where_the_prompt_grows(
    folderless_model: fakes.PreTrainedModel,
) -> None:
    kept = KeptSequence(CachedModel(folderless_model), may_cut=False)
    read(kept, FIRST)
    assert read(kept, (*FIRST, 50, 51))[0] == len(FIRST) - 1
    assert read(kept, SECOND)[0] == 0


@torch.inference_mode()
def test_ids_that_nobody_reported_are_cut_off(folderless_model: fakes.PreTrainedModel) -> None:
    kept = KeptSequence(CachedModel(folderless_model))
    read(kept, FIRST)
    kept.prefill(torch.tensor([60, 61, 62]))  # a generation that was stopped
    assert read(kept, FIRST)[0] == len(FIRST) - 1
    assert kept.length == len(FIRST) - 1
