"""Makes valid text of names whose bytes are none, wherever they are to be written.

* imports neither Qt nor torch."""

from typing import Any


def readable(value: Any) -> Any:  # JSON values have no better type
    """The same value, with escapes in place of what is not valid text in it."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {key: readable(element) for key, element in value.items()}
    return [readable(element) for element in value] if isinstance(value, list | tuple) else value
