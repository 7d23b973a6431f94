"""Applies generation rules to the logits of one sequence: penalties, bans, minimum lengths and forced tokens.

Each position is judged by the text before it, drafted tokens included, as if the target had written them one by one.
The order is that of transformers' logits processors. A ban is the least finite number, which has no probability and
still tells a ban from a model whose logits are not finite."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding.forbidden_tokens import ForbiddenTokens
from engine.decoding.generation_rules import Bias, GenerationRules
from engine.decoding.transfers import uploaded, uploaded_ids

BANNED = torch.finfo(torch.float32).min
_MOST_GROWTH = 1e30


class _Endings(NamedTuple):
    """Sequences of equal length: their first tokens [n, length - 1], the last ones [n], what is added to those [n]."""

    prefixes: Tensor
    last: Tensor
    values: Tensor


class RuledText:
    """One sequence under rules: what its ids so far do to the logits after them.

    n_vocabulary: of the target. n_most: the full length, prompt included."""

    def __init__(self, rules: GenerationRules, *, n_vocabulary: int, n_most: int, device: torch.device) -> None:
        self.device = device
        self.no_tokens = torch.empty(0, dtype=torch.int64, device=device)
        self._rules, self._n_vocabulary, self._n_most = rules, n_vocabulary, n_most
        self._suppressed, self._suppressed_first = self._mask(rules.suppressed), self._mask(rules.suppressed_first)
        self._ends = self._mask(rules.end_ids)
        self._single_words = self._mask([word[0] for word in rules.bad_words if len(word) == 1])
        self._words = self._endings([Bias(word, 0.0) for word in rules.bad_words])
        self._single_biases = self._biases_of_one()
        self._biases = self._endings(rules.biases)

    def begin(self, prompt: Sequence[int]) -> None:
        """Start over after a prompt of at least one id."""
        self._n_prompt = len(prompt)
        self._forbidden = ForbiddenTokens(self._rules, n_prompt=len(prompt), n_most=self._n_most)
        self._text = self.no_tokens
        self._seen = torch.zeros(self._n_vocabulary, dtype=torch.bool, device=self.device)
        self.follow(prompt)
        self._in_prompt = self._seen.clone()

    def follow(self, ids: Sequence[int]) -> None:
        """Learn the ids that were committed since; ids: all of them."""
        if len(ids) > len(self._text):
            new = uploaded_ids(ids[len(self._text) :], self.device)
            self._text = torch.cat([self._text, new])
            self._seen.index_fill_(0, new, True)

    def cut(self, n_kept: int) -> None:
        """Forget the committed ids after the first n_kept, prompt included."""
        self._text = self._text[:n_kept]
        self._seen.fill_(False).index_fill_(0, self._text, True)
        self._forbidden.cut(n_kept)

    def n_allowed(self, ids: Sequence[int], drafted: Sequence[int]) -> int:
        """How many tokens of a draft that follows `ids` may come, up to the first that a rule bans; on the host."""
        return self._forbidden.n_allowed(ids, drafted)

    def applied(self, logits: Tensor, drafted: Tensor) -> Tensor:
        """The logits under the rules, found without a wait.

        logits: [m, V] float32 after the last m of the positions up to that of the last drafted token; ids beyond V are
        left out. drafted: [n] int64 after the committed ids, n >= m - 1."""
        text = torch.cat([self._text, drafted])
        lengths = range(len(text) - len(logits) + 1, len(text) + 1)
        scores = self._penalised(self._biased(logits, text, lengths), drafted, lengths)
        scores = self._with_growing_end(scores, lengths)
        banned = self._repeated(text, lengths) | self._completed_words(text, lengths)
        self._forbid_early_end(banned, lengths)
        self._force(banned, lengths)
        self._suppress(banned, lengths)
        return scores.masked_fill(banned[:, : logits.shape[1]], BANNED)

    def _biased(self, logits: Tensor, text: Tensor, lengths: range) -> Tensor:
        if not self._rules.biases:
            return logits
        bias = self._single_biases.expand(len(lengths), -1).clone()
        for endings, matches in self._matches(self._biases, text, lengths):
            bias.scatter_add_(1, endings.last.expand_as(matches), endings.values * matches)
        return logits + bias[:, : logits.shape[1]]

    def _penalised(self, scores: Tensor, drafted: Tensor, lengths: range) -> Tensor:
        n_columns = scores.shape[1]
        if self._rules.prompt_penalty != 1.0:
            scores = _penalised(scores, self._in_prompt[:n_columns], 1.0 / self._rules.prompt_penalty)
        if self._rules.repetition_penalty == 1.0:
            return scores
        seen = self._seen.expand(len(lengths), -1).clone()
        if len(drafted):
            n_before = self._column(lengths) - len(self._text)
            is_before = torch.arange(len(drafted), device=self.device) < n_before
            # What is not before a position counts as the last committed id, which was seen anyway.
            seen.scatter_(1, torch.where(is_before, drafted, self._text[-1]), True)
        return _penalised(scores, seen[:, :n_columns], self._rules.repetition_penalty)

    def _with_growing_end(self, scores: Tensor, lengths: range) -> Tensor:
        growing = self._rules.growing_end
        if growing is None:
            return scores
        ends = self._ends[: scores.shape[1]]
        past = [n - self._n_prompt - growing.start for n in lengths]
        return torch.stack([
            torch.where(ends, row + row.abs() * (_power(growing.factor, n) - 1), row) if n > 0 else row
            for row, n in zip(scores, past, strict=True)
        ])  # fmt: skip

    def _repeated(self, text: Tensor, lengths: range) -> Tensor:
        """What would complete an n-gram that the text, or its prompt, has already: [m, V] bool."""
        banned = torch.zeros(len(lengths), self._n_vocabulary, dtype=torch.bool, device=self.device)
        rules = self._rules
        for size, end in ((rules.no_repeat_ngram, len(text)), (rules.no_prompt_ngram, self._n_prompt)):
            if not 0 < size <= len(text):
                continue
            ngrams = text.unfold(0, size, 1)
            tails = torch.stack([text[max(0, n - size + 1) :][: size - 1] for n in lengths])
            ends = torch.arange(size, len(text) + 1, device=self.device)
            is_before = ends <= self._column(lengths).clamp_max(end)
            matches = (ngrams[:, :-1] == tails.unsqueeze(1)).all(-1) & is_before
            banned |= self._marked(ngrams[:, -1], matches)
        return banned

    def _completed_words(self, text: Tensor, lengths: range) -> Tensor:
        """What would complete a bad word: [m, V] bool, or [V] where the text before is the same to all."""
        banned = self._single_words
        for endings, matches in self._matches(self._words, text, lengths):
            banned = banned | self._marked(endings.last, matches)
        return banned

    def _forbid_early_end(self, banned: Tensor, lengths: range) -> None:
        """Ban what ends the text before its least length, in place."""
        least = max(self._rules.min_length, self._n_prompt + self._rules.min_new_tokens)
        n_early = sum(n < least for n in lengths)
        if n_early:
            banned[:n_early] |= self._ends

    def _force(self, banned: Tensor, lengths: range) -> None:
        """Ban all but a forced token, in place; it overrules the bans before it."""
        first = () if self._rules.forced_first is None else (self._rules.forced_first,)
        for row, n in enumerate(lengths):
            forced = (self._rules.forced_last if n == self._n_most - 1 else ()) or (first if n == 1 else ())
            if forced:
                torch.logical_not(self._mask(forced), out=banned[row])

    def _suppress(self, banned: Tensor, lengths: range) -> None:
        """Ban the suppressed tokens, in place."""
        banned |= self._suppressed
        waits_for_forced = self._n_prompt == 1 and self._rules.forced_first is not None
        first = self._n_prompt + waits_for_forced
        if first in lengths:
            banned[first - lengths[0]] |= self._suppressed_first

    def _matches(self, groups: Sequence[_Endings], text: Tensor, lengths: range) -> Iterator[tuple[_Endings, Tensor]]:
        """Each group of endings, with which of them have their other tokens before each position: [m, n] bool."""
        for endings in groups:
            size = endings.prefixes.shape[1]
            if size > len(text):
                continue
            tails = torch.stack([text[max(0, n - size) :][:size] for n in lengths])
            fits = self._column(lengths) >= size
            yield endings, (tails.unsqueeze(1) == endings.prefixes).all(-1) & fits

    def _marked(self, tokens: Tensor, matches: Tensor) -> Tensor:
        """Which ids are among the matching tokens. tokens: [n]; matches: [m, n] bool. Returns [m, V] bool."""
        n = self._n_vocabulary
        marks = torch.zeros(len(matches), n + 1, dtype=torch.bool, device=self.device)
        return marks.scatter_(1, torch.where(matches, tokens, n), True)[:, :n]

    def _column(self, lengths: range) -> Tensor:
        """The lengths as [m, 1]."""
        return torch.arange(lengths.start, lengths.stop, device=self.device).unsqueeze(1)

    def _mask(self, ids: Sequence[int]) -> Tensor:
        mask = torch.zeros(self._n_vocabulary, dtype=torch.bool, device=self.device)
        return mask.index_fill_(0, uploaded_ids(self._writable(ids), self.device), True)

    def _writable(self, ids: Sequence[int]) -> list[int]:
        """Those that the model can write: to ban others bans nothing."""
        return [token for token in ids if 0 <= token < self._n_vocabulary]

    def _biases_of_one(self) -> Tensor:
        """What is added to the logit of each token whatever the text: [V]."""
        biases = torch.zeros(self._n_vocabulary)
        for bias in self._rules.biases:
            if len(bias.ids) == 1 and self._writable(bias.ids):
                biases[bias.ids[0]] = bias.value
        return uploaded(biases, self.device)

    def _endings(self, biases: Sequence[Bias]) -> list[_Endings]:
        """The sequences of several tokens, by length."""
        longer = [bias for bias in biases if len(bias.ids) > 1 and len(self._writable(bias.ids)) == len(bias.ids)]
        groups = [list(group) for _, group in groupby(sorted(longer, key=_length), key=_length)]
        return [
            _Endings(
                uploaded_ids([bias.ids[:-1] for bias in group], self.device),
                uploaded_ids([bias.ids[-1] for bias in group], self.device),
                uploaded(torch.tensor([bias.value for bias in group]), self.device),
            )
            for group in groups
        ]


def _penalised(scores: Tensor, seen: Tensor, penalty: float) -> Tensor:
    return torch.where(seen, torch.where(scores < 0, scores * penalty, scores / penalty), scores)


def _length(bias: Bias) -> int:
    return len(bias.ids)


def _power(factor: float, n: int) -> float:
    try:
        return min(factor**n, _MOST_GROWTH)
    except OverflowError:
        return _MOST_GROWTH
