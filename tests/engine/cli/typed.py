"""What a command printed, and what it kept."""

import json
from contextlib import closing

from engine.machine import paths
from engine.store.rows import RunRow
from tests.engine.store.kept import opened


def kept_row(run_id: object) -> RunRow:
    """What the store lists of a run."""
    with closing(opened(paths.runs())) as index:
        (row,) = index.rows([str(run_id)])
    return row


def objects(text: str) -> list[dict[str, object]]:
    """The objects that a command printed, a line each."""
    return [json.loads(line) for line in text.splitlines()]
