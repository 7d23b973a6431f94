"""Says in words why a file is no trace, from its first line.

* imports neither Qt nor torch."""

import msgspec

_MOST_LOOKED_AT = 4096
# Fewer separators in a line of text are punctuation.
_FEWEST_SEPARATORS = 2


def why_foreign(line: bytes, longest: int) -> str:
    """Why a first line begins no trace. line: as read, at most one byte longer than `longest`; empty: of an empty file.

    Only for lines that hold no event."""
    if not line:
        return "it is empty"
    if len(line) > longest:
        return f"its first line is longer than {longest // 2**20} MiB"
    if _is_binary(line[:_MOST_LOOKED_AT]):
        return "it holds no text"
    if line.lstrip().startswith((b"{", b"[")):
        return _why_no_event(line)
    if any(line.count(mark) >= _FEWEST_SEPARATORS for mark in (b",", b";", b"\t")):
        return "it is a table, such as CSV, which keeps too little of a run"
    return "its lines are no JSON"


def _is_binary(part: bytes) -> bool:
    if b"\0" in part:
        return True
    try:
        part.decode()
    except UnicodeDecodeError as err:
        return err.end < len(part)  # at the end a character may be cut in two
    return False


def _why_no_event(line: bytes) -> str:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "its first line is damaged" if line.endswith(b"\n") else "it ends within its first line"
    return "its lines are JSON of something else"
