"""Turns the panic of a native library, which Python does not count as an Exception, into an error with a way out.

* imports neither Qt nor torch."""

from collections.abc import Iterator
from typing import TypeVar

from engine.errors import ModelError

Item = TypeVar("Item")


def is_panic(err: BaseException) -> bool:
    """Whether an error is what the bindings of a library written in Rust raise when it gives up."""
    return type(err).__name__ == "PanicException"


def without_panics(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items. Raises ModelError in place of a panic, as of a tokenizer whose expression has no end."""
    try:
        yield from items
    except BaseException as err:
        if not is_panic(err):
            raise
        reason = (str(err).strip() or "it gave no reason").splitlines()[0]
        raise ModelError(f"a library gave up on this input ({reason})", "use another text or another model") from err
