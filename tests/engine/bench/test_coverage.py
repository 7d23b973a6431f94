"""Every interval that is printed holds the true value often enough, in smaller simulations than the command's."""

import pytest

from engine.bench import coverage
from engine.bench.coverage import LEAST, CoverageRow

_N = 200
# Two standard errors of a share of 95 % in so many samples.
_NOISE = 0.031


@pytest.fixture(scope="module")
def rows() -> tuple[CoverageRow, ...]:
    """All cases, simulated."""
    return tuple(coverage.simulated(coverage.cases(), _N, seed=1))


def test_no_case_covers_less_than_92_percent_beyond_the_noise_of_the_simulation(rows: tuple[CoverageRow, ...]) -> None:
    short = [row for row in rows if row.covered < LEAST - _NOISE]
    assert not short


def test_each_figure_covers_92_percent_over_its_cases(rows: tuple[CoverageRow, ...]) -> None:
    figures = {row.figure for row in rows}
    assert {"speedup", "time per token", "median", "alpha", "share"} < figures
    for figure in figures:
        shares = [row.covered for row in rows if row.figure == figure]
        assert LEAST <= sum(shares) / len(shares) <= 0.99, figure


def test_every_sample_of_ten_units_and_more_has_an_interval(rows: tuple[CoverageRow, ...]) -> None:
    assert {row.n_simulated for row in rows} == {_N}
    assert min(row.n for row in rows) == 10


def test_a_simulation_can_be_repeated() -> None:
    first, second = (list(coverage.simulated(coverage.cases()[:2], 20, seed=3)) for _ in range(2))
    assert first == second


def test_the_table_marks_what_covers_too_little() -> None:
    head, *lines = coverage.table(
        [CoverageRow("speedup", "prompts", 10, 0.95, covered, 0.2, 100) for covered in (0.9, 0.95)]
    )
    assert head[-1] == ""
    assert [line[-1] for line in lines] == ["too seldom", ""]
