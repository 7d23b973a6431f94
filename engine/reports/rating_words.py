"""What a report says of texts that were rated blind.

* imports neither Qt nor torch."""

from engine.reports.shown_text import one_line
from engine.store.blind_rating import RatingCounts

_LONGEST_NAME = 80


def rated_blind(counted: RatingCounts) -> str:
    """The counts of two that were compared, and the share in which the first was preferred."""
    first, second = (one_line(name, longest=_LONGEST_NAME) for name in (counted.first, counted.second))
    said = (
        f"Rated blind: {first} better {counted.n_first}, {second} better {counted.n_second}, "
        f"equally good {counted.n_tie}, both bad {counted.n_both_bad}."
    )
    share, ci, p = counted.share_first, counted.share_ci, counted.p
    if share is None or ci is None or p is None:
        return said
    return (
        f"{said} Where one was preferred, {first} in {share:.0%} [{ci.low:.0%}, {ci.high:.0%}]; sign test p = {p:.3f}."
    )
