"""Makes batches in worker processes, ahead of the training loop.

A small model on a GPU consumes texts faster than one core writes them. Every batch depends only on its step, so workers
change nothing but the time."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from torch.utils.data import DataLoader, Dataset

from engine.training.plan import TrainingPlan
from engine.training.rows import RowShape, TrainingBatch

Batches: TypeAlias = Callable[[int, RowShape], TrainingBatch]


class _Steps(Dataset[TrainingBatch]):
    """The batches of a plan from the step `first` on, indexed from 0."""

    def __init__(self, batches: Batches, plan: TrainingPlan, first: int) -> None:
        self._batches = batches
        self._plan = plan
        self._first = first

    def __len__(self) -> int:
        return max(0, self._plan.steps - self._first)

    def __getitem__(self, index: int) -> TrainingBatch:
        step = self._first + index
        return self._batches(step, self._plan.shape(step))


def batches_from(batches: Batches, plan: TrainingPlan, first: int, *, n_workers: int) -> Iterator[TrainingBatch]:
    """Yield the batches of the steps from `first` to the end, made by n_workers processes, or in this one for 0."""
    return iter(DataLoader(_Steps(batches, plan, first), batch_size=None, num_workers=n_workers))
