"""Makes batches ahead of the training loop in worker processes; knows nothing of what is in them.

A small model on a GPU eats texts faster than one core writes them. Every batch depends on its step alone, so workers
change nothing but the time."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from torch.utils.data import DataLoader, Dataset

from engine.training.plan import TrainingPlan
from engine.training.rows import RowShape, TrainingBatch

Batches: TypeAlias = Callable[[int, RowShape], TrainingBatch]


class _Steps(Dataset[TrainingBatch]):
    """The batches of a plan from a step on, by their place after it."""

    def __init__(self, batches: Batches, plan: TrainingPlan, first: int) -> None:
        self._batches = batches
        self._plan = plan
        self._first = first

    def __len__(self) -> int:
        return max(0, self._plan.steps - self._first)

    def __getitem__(self, place: int) -> TrainingBatch:
        step = self._first + place
        return self._batches(step, self._plan.shape(step))


def batches_from(batches: Batches, plan: TrainingPlan, first: int, *, n_workers: int) -> Iterator[TrainingBatch]:
    """Yield the batches of the steps from `first` to the end; made by n_workers processes, or here where it is 0."""
    return iter(DataLoader(_Steps(batches, plan, first), batch_size=None, num_workers=n_workers))
