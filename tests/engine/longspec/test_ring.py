"""What a query sees of the ring: its window and itself, whatever was written and rejected after it."""

import torch

from engine.longspec.ring import KvRing
from engine.longspec.shape import DRAFT_ROOM, LongspecShape

SHAPE = LongspecShape(hidden=8, n_heads=2, n_kv_heads=1, head_size=4, feed_forward=8, epsilon=1e-6, window=5)


def ring() -> KvRing:
    return KvRing(SHAPE, dtype=torch.float32, device=torch.device("cpu"))


def seen(bias: torch.Tensor) -> list[int]:
    return torch.nonzero(bias == 0).flatten().tolist()


def test_a_query_sees_itself_and_the_window_before_it() -> None:
    rows = ring().bias(torch.tensor([0, 3, 5, 6, 1000]))
    n = SHAPE.n_slots
    assert [seen(row) for row in rows[:3]] == [[0], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5]]
    assert seen(rows[3]) == [1, 2, 3, 4, 5, 6]
    assert seen(rows[4]) == sorted(position % n for position in range(995, 1001))


def test_rejected_positions_push_out_nothing_that_is_seen() -> None:
    made, n = ring(), SHAPE.n_slots
    numbers = torch.arange(3 * n, dtype=torch.float32)
    for start in range(0, 2 * n + 7, 4):  # four at a time
        at = torch.arange(start, start + 4)
        made.write(numbers[at].view(4, 1, 1).expand(4, 1, 4) * 0, numbers[at].view(4, 1, 1).expand(4, 1, 4), at)
    end = 2 * n + 7
    rejected = torch.arange(end, end + DRAFT_ROOM - 1)
    made.write(torch.full((len(rejected), 1, 4), 9.0), torch.full((len(rejected), 1, 4), torch.nan), rejected)
    made.write(torch.zeros(1, 1, 4), numbers[end].view(1, 1, 1).expand(1, 1, 4), torch.tensor([end]))
    made.values.nan_to_num_(1e9)
    mixed = made.attended(torch.ones(1, 2, 4), made.bias(torch.tensor([end])))
    torch.testing.assert_close(mixed, numbers[end - 5 : end + 1].mean().expand(1, 2, 4))
