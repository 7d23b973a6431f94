"""Compares answers by letters and digits, without case: whether two say the same, whether one is right.

* imports neither Qt nor torch."""

_VERDICTS = ("true", "false")


def same(first: str | None, second: str | None) -> bool:
    """Return whether two answers are the same by letters and digits, without case; no answer is like no other."""
    if not first or not second:
        return False
    return _normalised(first) == _normalised(second)


def agrees(answer: str | None, known: str) -> bool:
    """Return whether an answer is right: it holds the known one, or for true or false begins with it."""
    if not answer or not known:
        return False
    words, wanted = _normalised(answer).split(), _normalised(known).split()
    if len(wanted) == 1 and wanted[0] in _VERDICTS:
        return words[:1] == wanted
    return any(words[i : i + len(wanted)] == wanted for i in range(len(words)))


def _normalised(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())
