"""The table of waits that engine/README.md shows."""

from pathlib import Path

import pytest

from tests.fake_cuda import guard, waits

README = Path(__file__).parents[3] / "engine" / "README.md"


@pytest.mark.skipif(bool(guard.why_not()), reason=guard.why_not() or "the stand-in is there")
def test_the_table_of_waits_is_what_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [line.strip("| \n").split(" | ") for line in README.read_text(encoding="utf-8").splitlines()]
    shown = {row[0]: (float(row[3]), float(row[4])) for row in rows if len(row) == 5 and row[3][0].isdigit()}
    counted = list(waits.counted(monkeypatch))
    assert {one.decoding: (round(one.waits, 1), round(one.copies, 1)) for one in counted} == shown
    assert not any(one.n_faults for one in counted)
