"""A process that keeps runs is killed: the index stays whole, and nothing that had ended is lost."""

import sqlite3
from pathlib import Path

from engine.bench.store_kills import kills
from engine.store.database import NAME


def test_nothing_finished_is_lost_however_the_writer_is_killed(tmp_path: Path) -> None:
    outcomes = list(kills(tmp_path / "runs", 3, seed=1))
    assert [kill for kill in outcomes if not kill.intact] == []
    assert outcomes[-1].n_finished > 0
    with sqlite3.connect(tmp_path / "runs" / NAME) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone()[0] >= outcomes[-1].n_finished
    connection.close()
