"""Keeps a drafter's ids in step with the target's: the same text in the drafter's own tokens.

The text is cut into runs, which begin where the target has a token that stands for no text. The ids of a run spell its
bytes; what a round added is taken over from the draft as far as it agrees, and the rest is encoded from text."""

from collections.abc import Sequence

from engine.vocabularies.intersection import Intersection
from engine.vocabularies.spelling import Spelling
from engine.vocabularies.text_encoder import TextEncoder, character_start, n_unfinished

_LOOK_BEHIND = 8


class FollowedText:
    """ids: the drafter's, for all the target's ids so far. run: bytes of the latest run; target_ends: where each of its
    target tokens ends in it."""

    def __init__(self, target: Spelling, encoder: TextEncoder, shared: Intersection) -> None:
        self._target, self._encoder, self._shared = target, encoder, shared
        self.reset()

    def reset(self) -> None:
        """Forget the text."""
        self.ids = list(self._encoder.spelling.begins)
        self.n_followed = 0
        self._begin_run()

    @property
    def complete(self) -> bool:
        """Whether the ids spell the text to its end: they lack a character that is not finished."""
        return self._n_spelled == len(self.run)

    def draw(self, drafter_id: int, target_id: int) -> None:
        """Add a token that both vocabularies share."""
        self.n_followed += 1
        self.ids.append(drafter_id)
        if not self._target.is_text(target_id):
            self._begin_run()
            return
        self.run += self._target.of(target_id)
        self.target_ends.append(len(self.run))
        self._ends.append(len(self.run))

    def add(self, target_ids: Sequence[int], drafted: Sequence[int] = (), *, n_fixed: int) -> None:
        """Add target ids by their text. drafted: ids to use as far as they spell it; the first n_fixed ids stay."""
        for token in target_ids:
            self.n_followed += 1
            if self._target.is_text(token):
                self.run += self._target.of(token)
                self.target_ends.append(len(self.run))
                continue
            self._take(drafted)
            drafted = ()
            self._spell(n_fixed)
            self._add_sign(token)
        self._take(drafted)
        self._spell(n_fixed)

    @property
    def _n_spelled(self) -> int:
        return self._ends[-1] if self._ends else 0

    def _begin_run(self, *, inside: bool = False) -> None:
        self.run = bytearray()
        self.target_ends: list[int] = []
        self._ends: list[int] = []  # where each of the drafter's ids ends in the run
        self._is_inside = inside

    def _add_sign(self, token: int) -> None:
        """Add a token that stands for no text: a sign that the drafter has too, or nothing."""
        sign = self._shared.read_as(token)
        is_repeated = self.ids == list(self._encoder.spelling.begins) and sign in self.ids
        if sign is not None and not is_repeated:
            self.ids.append(sign)
        self._begin_run()

    def _take(self, drafted: Sequence[int]) -> None:
        """Take over drafted ids as far as they spell what the run has."""
        for token in drafted:
            spelled = self._encoder.spelling.of(token)
            end = self._n_spelled + len(spelled)
            if not self._encoder.spelling.is_text(token) or bytes(self.run[self._n_spelled : end]) != spelled:
                return
            self.ids.append(token)
            self._ends.append(end)

    def _spell(self, n_fixed: int) -> None:
        """Encode what the ids do not spell yet, from a few ids before it on, so that no token is cut in two."""
        end = len(self.run) - n_unfinished(self.run)
        if self._encoder.writes(self.run[end:]):
            end = len(self.run)
        if self._n_spelled >= end:
            return
        n_kept = self._n_kept(n_fixed)
        start = self._ends[n_kept - 1] if n_kept else 0
        encoded = self._encode(bytes(self.run[start:end]), is_beginning=not n_kept and not self._is_inside)
        if encoded is None:
            self.ids += self._encoder.anyhow(bytes(self.run[self._n_spelled : end]))
            rest = self.run[end:]
            self._begin_run(inside=True)
            self.run += rest
            return
        ids, ends = encoded
        n_dropped = len(self._ends) - n_kept
        self.ids[len(self.ids) - n_dropped :] = ids
        self._ends[n_kept:] = [start + at for at in ends]

    def _n_kept(self, n_fixed: int) -> int:
        """How many ids of the run stay as they are: all but the last few, and up to the beginning of a character."""
        least = max(0, n_fixed - (len(self.ids) - len(self._ends)))
        n_kept = max(least, len(self._ends) - _LOOK_BEHIND)
        while n_kept > least and character_start(self.run, self._ends[n_kept - 1]) != self._ends[n_kept - 1]:
            n_kept -= 1
        return n_kept

    def _encode(self, text: bytes, *, is_beginning: bool) -> tuple[list[int], list[int]] | None:
        """Ids that spell a piece, and where each ends in it."""
        if not is_beginning:
            ids = self._encoder.inside(text)
            return None if ids is None else (ids, self._encoder.spelling.ends_of(ids))
        begun = self._encoder.beginning(text)
        if begun is None:
            return None
        return begun.ids, [at - begun.n_extra for at in self._encoder.spelling.ends_of(begun.ids)]
