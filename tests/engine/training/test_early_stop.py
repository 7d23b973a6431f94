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


def test_enough_after_so_many_looks_without_a_better_one() -> None:
    assert early_stop.enough(SCORES, patience=3)
    assert not early_stop.enough(SCORES, patience=4)
    assert not early_stop.enough((), patience=1)
