"""The window holds back where it takes much from the engine."""

import pytest

from app.state.budget import LEVELS, Budget


def spend(budget: Budget, share: float, looks: int) -> None:
    for number in range(looks):
        budget.spent_s += share
        budget.look(100.0 + number + 1, live=True)


@pytest.fixture
def budget() -> Budget:
    made = Budget()
    made.look(100.0, live=False)
    return made


def test_a_window_that_takes_little_draws_at_full_pace(budget):
    spend(budget, 0.01, 10)
    assert (budget.frames(1), budget.frames(3)) == (1, 3)


def test_a_window_that_takes_much_draws_its_plots_seldomer_before_its_text(budget):
    spend(budget, 0.3, 1)
    assert (budget.frames(1), budget.frames(3)) == (1, 6)
    spend(budget, 0.3, 20)
    assert budget.level == LEVELS[-1]


def test_a_level_that_suits_is_kept(budget):
    spend(budget, 0.3, 1)
    level = budget.level
    for number in range(5):
        budget.spent_s += 0.04
        budget.look(102.0 + number, live=True)
    assert budget.level == level


def test_without_a_live_engine_nothing_is_held_back(budget):
    spend(budget, 0.3, 20)
    budget.look(500.0, live=False)
    assert budget.level == LEVELS[0]
