"""Computes where each lane of a race stands at any moment of its measured time; pure, and advanced by what is new.

* imports neither Qt nor torch."""

from collections.abc import Callable, Iterator, Sequence
from math import inf, isfinite
from typing import NamedTuple, Protocol

from engine.events import RoundFinished

# One call takes in at most so many emissions over all lanes, so that a jump through a long trace never blocks a frame.
MOST_EMISSIONS = 1000


class Emission(NamedTuple):
    """Tokens that appeared at once. end_s: when, counted from the start of the race. round: where it was recorded;
    without one, piece: the text of the token of a number, which is looked up only if it is shown."""

    end_s: float
    n_tokens: int
    round: RoundFinished | None = None
    number: int = 0
    piece: Callable[[int], str] = str

    @property
    def text(self) -> str:
        """What it added to the text."""
        return self.piece(self.number) if self.round is None else self.round.text


class Rounds(Protocol):
    """Rounds by their place; a list is one."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> RoundFinished: ...


class LaneRecording(Protocol):
    """What a lane did and when. prefill_s: its time before the first round. complete: nothing more will come.

    expected_s: when it ends, 0 if that is not known. n_expected: how many tokens it then has, as far as known."""

    prefill_s: float
    complete: bool
    expected_s: float

    @property
    def n_expected(self) -> int:
        """How many tokens it has at its end."""

    def emission(self, index: int, since_s: float) -> Emission | None:
        """The emission of an index, the one before it having ended at `since_s`; None where there is none (yet)."""


class RecordedRounds:
    """Rounds at the times they were measured at. stamped_from_s: where their `at_s` counts from; None: their own
    durations are added up, because the clock of a run also counts the time it was held. More may be appended."""

    def __init__(
        self,
        rounds: Rounds,
        prefill_s: float,
        *,
        n_expected: int,
        stamped_from_s: float | None,
        expected_s: float = 0.0,
        complete: bool = True,
    ) -> None:
        self.rounds = rounds
        self.prefill_s = _sane(prefill_s)
        self.complete = complete
        self.expected_s = _sane(expected_s)
        self._n_expected = n_expected
        self._stamped_from_s = stamped_from_s

    @property
    def n_expected(self) -> int:
        """How many tokens it has at its end."""
        return self._n_expected

    @property
    def reached_s(self) -> float:
        """When its latest round ended, if its times are stamped."""
        return (self._stamped_from_s or 0.0) + _sane(self.rounds[-1].at_s) if self.rounds else 0.0

    def emission(self, index: int, since_s: float) -> Emission | None:
        """The round of an index."""
        if index >= len(self.rounds):
            return None
        done = self.rounds[index]
        if self._stamped_from_s is None:
            end_s = since_s + _sane(done.draft_ms + done.verify_ms + done.other_ms) / 1e3
        else:
            end_s = max(since_s, self._stamped_from_s + _sane(done.at_s))
        return Emission(end_s, len(done.emitted), done)


class MeanPace:
    """Tokens of which only the total time was recorded: spread evenly over it. piece: the text of each."""

    complete = True

    def __init__(self, n_tokens: int, prefill_s: float, decode_s: float, piece: Callable[[int], str]) -> None:
        self.prefill_s = _sane(prefill_s)
        self.expected_s = self.prefill_s + _sane(decode_s)
        self._n_tokens = n_tokens
        self._step_s = _sane(decode_s) / max(1, n_tokens)
        self._piece = piece

    @property
    def n_expected(self) -> int:
        """How many tokens it has at its end."""
        return self._n_tokens

    def emission(self, index: int, since_s: float) -> Emission | None:
        """The token of an index."""
        if index >= self._n_tokens:
            return None
        return Emission(self.prefill_s + (index + 1) * self._step_s, 1, None, index, self._piece)


class LaneProgress:
    """Where one lane stands. n_taken: emissions so far; last_s: when the latest one ended."""

    def __init__(self, recording: LaneRecording) -> None:
        self.recording = recording
        self.restart()

    def restart(self) -> None:
        """Go back to the start."""
        self.n_taken = self.n_tokens = 0
        self.last_s = self.recording.prefill_s
        self._next: Emission | None = None

    def advance(self, time_s: float, limit: int) -> list[Emission]:
        """Move to a later time. Returns the emissions until then, at most `limit`."""
        new: list[Emission] = []
        while len(new) < limit and (emission := self._following()) is not None and emission.end_s <= time_s:
            self._next = None
            self.n_taken += 1
            self.n_tokens += emission.n_tokens
            self.last_s = emission.end_s
            new.append(emission)
        return new

    def latest(self) -> Iterator[Emission]:
        """The emissions so far from the latest back, to lay their text out anew."""
        for index in range(self.n_taken - 1, -1, -1):
            if (emission := self.recording.emission(index, 0.0)) is not None:
                yield emission

    def is_due(self, time_s: float) -> bool:
        """Whether an emission up to this time was not taken yet."""
        following = self._following()
        return following is not None and following.end_s <= time_s

    @property
    def finished(self) -> bool:
        """Whether all of it was taken."""
        return self.recording.complete and self._following() is None

    @property
    def share(self) -> float:
        """How far it is, from 0 to 1."""
        return 1.0 if self.finished else min(1.0, self.n_tokens / max(1, self.recording.n_expected))

    @property
    def tokens_per_s(self) -> float | None:
        """Tokens a second of decoding, without the prefill; None before the first token."""
        decode_s = self.last_s - self.recording.prefill_s
        return self.n_tokens / decode_s if self.n_tokens and decode_s > 0 else None

    def _following(self) -> Emission | None:
        if self._next is None:
            self._next = self.recording.emission(self.n_taken, self.last_s)
        return self._next


class RaceRun:
    """All lanes of a race on one clock, which starts with their prefills."""

    def __init__(self, recordings: Sequence[LaneRecording]) -> None:
        self.lanes = tuple(map(LaneProgress, recordings))
        self.time_s = 0.0

    def restart(self) -> None:
        """Go back to the start."""
        self.time_s = 0.0
        for lane in self.lanes:
            lane.restart()

    def advance_to(self, time_s: float) -> tuple[list[Emission], ...]:
        """Move to a later time. Returns what each lane emitted since then; it is `behind` where that was too much."""
        self.time_s = max(self.time_s, time_s)
        limit = max(1, MOST_EMISSIONS // max(1, len(self.lanes)))
        return tuple(lane.advance(self.time_s, limit) for lane in self.lanes)

    @property
    def behind(self) -> bool:
        """Whether a lane has not taken everything up to now."""
        return any(lane.is_due(self.time_s) for lane in self.lanes)

    def skip_to_end(self) -> None:
        """Make everything due; the lanes catch up as they are advanced."""
        self.time_s = inf

    @property
    def finished(self) -> bool:
        """Whether every lane is at its end."""
        return all(lane.finished for lane in self.lanes)

    @property
    def expected_s(self) -> float:
        """When the last lane ends, 0 if that is not known."""
        return max((lane.recording.expected_s for lane in self.lanes), default=0.0)

    def seconds(self, lane: LaneProgress) -> float:
        """The time a lane has raced for; it stands still at its end, and where it has yet to catch up."""
        return lane.last_s if lane.finished or lane.is_due(self.time_s) else self.time_s

    def place(self, lane: LaneProgress) -> int | None:
        """The place of a lane that is at its end, 1 for the first; equal times share one."""
        if not lane.finished:
            return None
        return 1 + sum(other.finished and other.last_s < lane.last_s for other in self.lanes)


def shared_time(recordings: Sequence[RecordedRounds]) -> float:
    """The latest time that every lane of a live race has reached on its own clock, so that none is shown ahead."""
    racing = [lane.reached_s for lane in recordings if not lane.complete]
    return min(racing) if racing else max((lane.reached_s for lane in recordings), default=0.0)


def _sane(value: float) -> float:
    """A duration of a damaged file as one that can be waited for."""
    return value if isfinite(value) and value > 0 else 0.0
