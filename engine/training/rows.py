"""Rows of token ids for training: whole stories after one another; knows nothing of models."""

from itertools import islice
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from engine.world.story import story


class RowShape(NamedTuple):
    """How a training batch is cut: `n_rows` rows of `length` tokens."""

    n_rows: int
    length: int


class StoryRows:
    """Batches of stories, each row starting at the start of a story.

    The batch of a step depends on the seed and the step alone, so a resumed run sees what it would have seen."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, *, seed: int) -> None:
        self._tokenizer = tokenizer
        self._seed = seed
        self._end_id = int(tokenizer.eos_token_id)

    def batch(self, step: int, shape: RowShape) -> Tensor:
        """Return [n_rows, length] ids of stories separated by the end-of-text id."""
        rng = Random(f"{self._seed}/{step}")
        return torch.tensor([self._row(rng, shape.length) for _ in range(shape.n_rows)])

    def _row(self, rng: Random, length: int) -> list[int]:
        ids: list[int] = []
        while len(ids) < length:
            ids += [*self._tokenizer(story(rng))["input_ids"], self._end_id]
        return list(islice(ids, length))
