"""Tells on the host which drafted tokens generation rules forbid, so that a draft without logits can end before one.

* imports neither Qt nor torch.

Only bans are told: a penalty makes a token less probable, and how much depends on the logits."""

from collections.abc import Iterator, Sequence

from engine.decoding.generation_rules import GenerationRules


class ForbiddenTokens:
    """The bans of one text. n_prompt: ids of its prompt. n_most: the full length, prompt included."""

    def __init__(self, rules: GenerationRules, *, n_prompt: int, n_most: int) -> None:
        self._rules, self._n_prompt, self._n_most = rules, n_prompt, n_most
        self._suppressed, self._ends = frozenset(rules.suppressed), frozenset(rules.end_ids)
        self._suppressed_first = frozenset(rules.suppressed_first)
        sizes = ((rules.no_repeat_ngram, n_most), (rules.no_prompt_ngram, n_prompt))
        self._ngrams = tuple(_SeenNgrams(size, end) for size, end in sizes if size > 0)

    def n_allowed(self, ids: Sequence[int], drafted: Sequence[int]) -> int:
        """How many tokens of a draft that follows the committed ids may come, up to the first that is forbidden.

        Committed ids are only ever added from call to call; `cut` says otherwise."""
        for ngrams in self._ngrams:
            ngrams.follow(ids)
        most = max(self._longest, 1)
        text = list(ids[-most:])
        for n, token in enumerate(drafted):
            if self._forbids(text, len(ids) + n, token, drafted[:n]):
                return n
            text.append(token)
        return len(drafted)

    def cut(self, n_kept: int) -> None:
        """Forget the committed ids after the first n_kept."""
        for ngrams in self._ngrams:
            ngrams.cut(n_kept)

    @property
    def _longest(self) -> int:
        """How many ids before a token decide."""
        sizes = [ngrams.size for ngrams in self._ngrams]
        return max([*sizes, *map(len, self._rules.bad_words)], default=0)

    def _forbids(self, text: Sequence[int], length: int, token: int, drafted: Sequence[int]) -> bool:
        """Whether a token may not follow `length` ids, which end with `text`, the drafted ones of this draft last."""
        if token in self._suppressed or (length == self._first and token in self._suppressed_first):
            return True
        forced = self._forced(length)
        if forced:
            return token not in forced
        if token in self._ends and length < max(self._rules.min_length, self._n_prompt + self._rules.min_new_tokens):
            return True
        after = (*text, token)
        if any(len(word) <= len(after) and after[-len(word) :] == word for word in self._rules.bad_words):
            return True
        return any(ngrams.repeats(after, length, drafted) for ngrams in self._ngrams)

    @property
    def _first(self) -> int:
        """The length at which the first new token that nothing forces is chosen."""
        return self._n_prompt + (self._n_prompt == 1 and self._rules.forced_first is not None)

    def _forced(self, length: int) -> tuple[int, ...]:
        """The only tokens that may come; none where no token is forced."""
        if length == self._n_most - 1 and self._rules.forced_last:
            return self._rules.forced_last
        return (self._rules.forced_first,) if length == 1 and self._rules.forced_first is not None else ()


class _SeenNgrams:
    """The n-grams of one size in the committed ids, of the first `end` of them."""

    def __init__(self, size: int, end: int) -> None:
        self.size, self._end = size, end
        self._first_ends: dict[tuple[int, ...], int] = {}
        self._n_followed = 0

    def follow(self, ids: Sequence[int]) -> None:
        """Add those that end in the ids that came since."""
        last = min(len(ids), self._end)
        for end in range(max(self._n_followed + 1, self.size), last + 1):
            self._first_ends.setdefault(tuple(ids[end - self.size : end]), end)
        self._n_followed = max(self._n_followed, last)

    def cut(self, n_kept: int) -> None:
        """Forget those that end after the first n_kept ids."""
        self._first_ends = {ngram: end for ngram, end in self._first_ends.items() if end <= n_kept}
        self._n_followed = min(self._n_followed, n_kept)

    def repeats(self, after: tuple[int, ...], length: int, drafted: Sequence[int]) -> bool:
        """Whether the last n-gram of `after` was there before; `drafted` are the ids of a draft before its last."""
        if len(after) < self.size:
            return False
        ngram = after[-self.size :]
        return ngram in self._first_ends or ngram in self._of_draft(after[:-1], length, len(drafted))

    def _of_draft(self, text: tuple[int, ...], length: int, n_drafted: int) -> Iterator[tuple[int, ...]]:
        """The n-grams that end with one of the last n_drafted ids of a text, which has `length` ids in all."""
        for back in range(n_drafted):
            end = len(text) - back
            if end >= self.size and length - back <= self._end:
                yield text[end - self.size : end]
