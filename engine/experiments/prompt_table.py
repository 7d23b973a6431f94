"""Reads the rows of a Parquet file, as SPEED-Bench is published, as entries of a prompt file.

* imports neither Qt nor torch; pyarrow is imported when a table is read."""

from collections.abc import Iterator
from pathlib import Path

from engine.errors import InputError
from engine.experiments.prompt_entries import FIELDS, Entry

MAGIC = b"PAR1"
_ROWS_AT_ONCE = 64


def rows(path: Path) -> Iterator[Entry]:
    """Yield the rows of a Parquet file, a few at a time. Raises InputError where it is damaged."""
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as table:
            columns = [name for name in table.schema_arrow.names if name in FIELDS]
            for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
                for fields in batch.to_pylist():
                    number += 1
                    yield Entry(f"row {number}", fields)
    except (pyarrow.ArrowException, OSError, ValueError) as err:
        raise InputError(f"{path} is a damaged Parquet file", "copy or download it again") from err
