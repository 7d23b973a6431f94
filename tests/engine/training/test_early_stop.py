"""When a training has had enough."""

from engine.training import early_stop

SCORES = ((0, 0.1), (5, 0.4), (10, 0.3), (15, 0.4), (20, 0.2))


def test_best_is_the_first_of_the_highest() -> None:
    assert early_stop.best_step(SCORES) == 5
    assert early_stop.best_step(()) == 0


def test_equal_score_is_no_improvement() -> None:
    assert not early_stop.is_best(SCORES, 0.4)
    assert early_stop.is_best(SCORES, 0.41)
    assert early_stop.is_best((), 0.0)


FALLING = tuple((step, 8.0 - 0.1 * step) for step in range(30))
FLAT = tuple((step, 8.0) for step in range(30))
UNMOVED = ((0, 0.1), (5, 0.1), (10, 0.11), (15, 0.1), (20, 0.1))


def test_enough_after_so_many_looks_without_a_better_one() -> None:
    assert early_stop.enough(SCORES, FALLING, patience=3)
    assert not early_stop.enough(SCORES, FALLING, patience=4)
    assert not early_stop.enough((), FLAT, patience=1)


def test_looks_before_the_score_moves_count_only_while_the_loss_is_flat() -> None:
    assert not early_stop.enough(UNMOVED, FALLING, patience=2)
    assert early_stop.enough(UNMOVED, FLAT, patience=2)
    assert not early_stop.enough(UNMOVED, FLAT[:5], patience=2)
