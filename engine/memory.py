"""The several ways in which memory runs out as one error; knows nothing of what needed it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engine.errors import MemoryExhausted


@contextmanager
def memory_errors(what: str, hint: str) -> Iterator[None]:
    """Raise MemoryExhausted wherever memory runs out inside."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as err:
        raise MemoryExhausted(f"memory ran out during {what}", hint) from err
    except RuntimeError as err:
        if "allocate memory" not in str(err):
            raise
        raise MemoryExhausted(f"memory ran out during {what}", hint) from err
