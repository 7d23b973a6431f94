import pytest

from engine.errors import InputError
from engine.events import Progressed
from engine.reports import compared
from engine.reports.cells import as_csv
from engine.reports.tables import tables
from tests.comparisons import GENERAL, comparison


def test_a_comparison_has_its_tables() -> None:
    named = tables(comparison(n_prompts=2, n_tokens=16))
    assert set(named) == {"lanes", "categories", "positions", "ranks", "predictions", "generations"}
    assert all(len(row) == len(table.columns) for table in named.values() for row in table.rows)
    assert [row[0] for row in named["lanes"].rows] == ["plain", "builtin:small γ 2", "builtin γ 4", "other γ 4"]
    assert len(named["generations"].rows) == 2 * 3
    assert named["ranks"].rows[-1][1:3] == (6, True)


def test_column_names_are_unique_and_plain() -> None:
    for table in tables(comparison()).values():
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names) and all(name.isidentifier() for name in names)


def test_a_lane_is_written_with_its_figures() -> None:
    lines = as_csv(tables(comparison())["lanes"]).splitlines()
    fields = dict(zip(lines[0].split(","), lines[3].split(","), strict=False))
    assert (fields["lane"], fields["speedup"], fields["speedup_spread"]) == (GENERAL.name, "1.83", "range")
    assert fields["joules_per_token"] == ""


def test_a_comparison_that_ended_early_still_has_its_generations() -> None:
    named = tables(comparison(n_prompts=1)[:-1])
    assert named["lanes"].rows == () and len(named["generations"].rows) == 3


def test_a_log_of_nothing_is_refused() -> None:
    for events in ((), (Progressed("loading", 1, 2, "files"),)):
        with pytest.raises(InputError, match="nothing to report"):
            tables(events)
    assert compared.facts(()) is None
