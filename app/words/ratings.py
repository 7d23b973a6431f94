"""Words for texts that were rated blind: who wrote them, how often each was preferred, and what that shows."""

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words.counts import count
from app.words.quantities import number
from engine.events import TextsRated
from engine.store.blind_rating import RatingCounts, counts

_LONGEST_NAME = 60
# Below this the sign test is said to show a difference.
_SHOWN = 0.05


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("ratings", text)


def author(name: str) -> str:
    """What wrote a text; a name may be foreign."""
    return tr("plain decoding") if name == "plain" else one_line(name, longest=_LONGEST_NAME)


def versus(counted: RatingCounts) -> str:
    """The two that were compared."""
    return tr("{0} or {1}").format(author(counted.first), author(counted.second))


def tally(counted: RatingCounts) -> tuple[tuple[str, int], ...]:
    """What was said, and how often."""
    better = tr("{0} is better")
    return (
        (better.format(author(counted.first)), counted.n_first),
        (better.format(author(counted.second)), counted.n_second),
        (tr("equally good"), counted.n_tie),
        (tr("both bad"), counted.n_both_bad),
    )


def verdict(rating: TextsRated) -> str:
    """One rating: which two, and what was said."""
    (counted,) = counts([rating])
    said = next(words for words, n in tally(counted) if n)
    return tr("rated blind, {0}: {1}").format(versus(counted), said)


def in_a_line(counted: RatingCounts) -> str:
    """All counts in one line."""
    return ", ".join(f"{words} {n:,}" for words, n in tally(counted))


def preference(counted: RatingCounts) -> str:
    """In which share of the pairs the first was preferred, with its interval, and whether that may be chance."""
    share, ci, p = counted.share_first, counted.share_ci, counted.p
    if share is None or ci is None or p is None:
        return tr("No text was preferred over the other.")
    preferred = tr("Of {0} with a preference, {1} was preferred in {2:.0%} [{3:.0%}, {4:.0%}].").format(
        count(counted.n_first + counted.n_second, "pair"), author(counted.first), share, ci.low, ci.high
    )
    verdict = tr("a difference") if p < _SHOWN else tr("which may be chance")
    return f"{preferred} {tr('Sign test: p = {0}, {1}.').format(number(p, 3), verdict)}"
