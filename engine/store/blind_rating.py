"""A sitting that rates pairs of texts blind: random order, random sides, names only at the end; and its counts.

* imports neither Qt nor torch."""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from engine.errors import EngineError
from engine.events import Event, RatingVerdict, TextsRated
from engine.runs import run_log
from engine.statistics import Interval, sign_test, wilson_interval
from engine.store.rateable import Author, Rateable, RatedPair, pairs

Choice: TypeAlias = Literal["left", "right", "tie", "both_bad"]
# Ratings are the last lines of a log, each far shorter than a kilobyte.
_MOST_BYTES = 2**22
_decoder = msgspec.json.Decoder(TextsRated)


class ShownPair(NamedTuple):
    """What is on show: the pair's number, counted from 0, the prompt, and the texts by side."""

    number: int
    prompt: str
    left: str
    right: str


class RatingCounts(NamedTuple):
    """How two authors were rated. Pairs that tie or are both bad prefer neither, and are left out of share and test."""

    first: str
    second: str
    n_first: int
    n_second: int
    n_tie: int
    n_both_bad: int

    @property
    def n(self) -> int:
        """The number of pairs that were rated."""
        return self.n_first + self.n_second + self.n_tie + self.n_both_bad

    @property
    def share_first(self) -> float | None:
        """The share of pairs with a preference in which the first was preferred; None without any."""
        decided = self.n_first + self.n_second
        return self.n_first / decided if decided else None

    @property
    def share_ci(self) -> Interval | None:
        """Wilson's 95 % interval of that share."""
        share = self.share_first
        return None if share is None else wilson_interval(share, self.n_first + self.n_second)

    @property
    def p(self) -> float | None:
        """How probable so uneven a split is where neither is better (sign test, two-sided); None without any."""
        return sign_test(self.n_first, self.n_second) if self.n_first + self.n_second else None


class Sitting:
    """Pairs in random order, each with random sides; `rate` goes to the next one, `back` to the one before."""

    def __init__(
        self,
        rateable: Rateable,
        first: str,
        second: str,
        *,
        rng: Random | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """first, second: names of authors. Raises EngineError where all their texts are the same."""
        rng = rng or Random(secrets.randbits(64))
        differing, self.n_same = pairs(rateable, first, second)
        if not differing:
            raise EngineError("all texts of the two are the same", "choose two whose texts differ")
        self._authors = rateable.author(first), rateable.author(second)
        self._pairs = rng.sample(differing, len(differing))
        self._first_left = [rng.random() < 0.5 for _ in differing]
        self._rating_id = f"{rng.getrandbits(32):08x}"
        self._clock, self._shown_at = clock, clock()
        self._verdicts: list[TextsRated] = []

    @property
    def n(self) -> int:
        """The number of pairs."""
        return len(self._pairs)

    @property
    def verdicts(self) -> tuple[TextsRated, ...]:
        """What was said so far."""
        return tuple(self._verdicts)

    @property
    def shown(self) -> ShownPair | None:
        """The pair to rate; None after the last one."""
        at = len(self._verdicts)
        if at == self.n:
            return None
        pair = self._pairs[at]
        texts = (pair.first, pair.second) if self._first_left[at] else (pair.second, pair.first)
        return ShownPair(at, pair.prompt, *texts)

    def rate(self, choice: Choice) -> None:
        """Rate the pair on show; after the last one nothing happens."""
        at = len(self._verdicts)
        if at < self.n:
            self._verdicts.append(self._event(self._pairs[at], choice, first_left=self._first_left[at]))
            self._shown_at = self._clock()

    def back(self) -> None:
        """Take the last verdict back."""
        if self._verdicts:
            self._verdicts.pop()
            self._shown_at = self._clock()

    def _event(self, pair: RatedPair, choice: Choice, *, first_left: bool) -> TextsRated:
        first, second = self._authors
        return TextsRated(
            self._rating_id, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), first.name, second.name,
            _verdict(choice, first_left=first_left), first_left, pair.place.prompt, pair.place.turn,
            first.run, second.run, round(self._clock() - self._shown_at, 3),
        )  # fmt: skip


def _verdict(choice: Choice, *, first_left: bool) -> RatingVerdict:
    if choice == "left":
        return "first" if first_left else "second"
    if choice == "right":
        return "second" if first_left else "first"
    return choice


def counts(events: Iterable[Event]) -> tuple[RatingCounts, ...]:
    """The verdicts among events, counted for each two authors; those who change places are the same two."""
    tallies: dict[tuple[str, str], list[int]] = {}
    for event in events:
        if isinstance(event, TextsRated):
            key, verdict = (event.first, event.second), event.verdict
            if key[::-1] in tallies:
                key, verdict = key[::-1], _SWAPPED.get(verdict, verdict)
            tallies.setdefault(key, [0, 0, 0, 0])[_ORDER.index(verdict)] += 1
    return tuple(RatingCounts(*key, *tally) for key, tally in tallies.items())


_ORDER: Sequence[RatingVerdict] = ("first", "second", "tie", "both_bad")
_SWAPPED: dict[RatingVerdict, RatingVerdict] = {"first": "second", "second": "first"}


def keep(paths: Iterable[Path], verdicts: Sequence[TextsRated]) -> None:
    """Add verdicts to the logs of what was rated. Raises EngineError: a log is gone, being written, the disk full."""
    for path in paths:
        run_log.append(path, verdicts)


def kept(path: Path) -> tuple[TextsRated, ...]:
    """The ratings at the end of a log, without reading the rest. Raises EngineError where it cannot be opened."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _MOST_BYTES))
            lines = file.read(_MOST_BYTES).splitlines()
    except OSError as err:
        raise EngineError(f"{path} cannot be read ({err.strerror or err})", "check the path") from err
    ratings: list[TextsRated] = []
    for line in reversed(lines):
        try:
            ratings.append(_decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError):
            break
    return tuple(reversed(ratings))


def authors_to_rate(rateable: Rateable) -> tuple[Author, Author]:
    """Whom to compare unless told otherwise: the exact one, and the one that differs from it in most texts."""
    exact = rateable.author(rateable.exact)
    others = [author for author in rateable.authors if author is not exact]
    return exact, max(others, key=lambda other: len(pairs(rateable, exact.name, other.name)[0]))
