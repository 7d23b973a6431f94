"""The draft-and-verify loop over several sequences at once; the caller decides when a sequence has ended.

The rules are those of one sequence (`speculate`): a row's tokens follow from its own prompt, seed and draft length, up
to the rounding of the forward, whatever the other rows contain. One round drafts for every row, verifies all drafts
in one target forward, and waits for the device once."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.batch.drafters import RowsDraft, RowsDrafter, no_drafts
from engine.batch.sequences import RowCounts, Sequences, padded, take_in
from engine.decoding import accept, sampling
from engine.decoding.accept import Acceptance, ChainRule
from engine.decoding.clock import Clock
from engine.decoding.packing import HostRecord, pack, shortened, unpack
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.decoding.speculate import Round
from engine.decoding.transfers import uploaded_together
from engine.decoding.verifying import Verdict


class RewrittenEnd(NamedTuple):
    """A new end of a sequence: at least one id after the first n_kept of it, prompt included."""

    n_kept: int
    ids: tuple[int, ...]


class BatchDecoder:
    """Decodes sequences together; sequence i belongs to the i-th prompt, its row may change.

    An ended sequence stays as padding until half of the rows are padding; then the caches drop those rows.
    For lengths spread from 1 to 8 this takes a tenth to a fifth less time per token than padding to the end, as little
    as dropping each row at once, and needs few shapes on a device that prepares each."""

    def __init__(
        self,
        target: Sequences,
        drafter: RowsDrafter | None,
        *,
        warp: Warp,
        clock: Clock,
        rules: Callable[[int], RuledText] | None = None,
        accept_rule: ChainRule = accept.exact,
    ) -> None:
        """rules: makes what changes the target's logits in a sequence whose prompt has so many ids. accept_rule: for
        tokens that were drawn, in sampling."""
        self._target = target
        self._drafter = drafter
        self._warp = warp
        self._clock = clock
        self._new_rules = rules
        self._accept_rule = accept_rule
        self._rules: list[RuledText] = []
        self._indices: list[int] = []
        self._ended: set[int] = set()

    def prefill(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[int], *, capacity: int, checkpoint: Callable[[], None]
    ) -> None:
        """Process each prompt except its last id, which the first round feeds; capacity: the most ids per row."""
        self.ids = [list(prompt) for prompt in prompts]
        self._rngs = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._indices, self._ended = list(range(len(prompts))), set()
        self._rules = [] if self._new_rules is None else [self._new_rules(len(prompt)) for prompt in prompts]
        for rules, prompt in zip(self._rules, prompts, strict=False):
            rules.begin(prompt)
        self._target.open(len(prompts), capacity)
        take_in(self._target, [prompt[:-1] for prompt in prompts], checkpoint)
        if self._drafter is not None:
            self._drafter.prefill(prompts, capacity, checkpoint)

    def round(self, gammas: Mapping[int, int]) -> dict[int, Round]:
        """Run one round of each sequence in `gammas`, which maps it to its longest draft; all others have ended.

        Times are those of all sequences together."""
        self._drop(gammas)
        row_gammas = [gammas.get(index, 0) for index in self._indices]
        start = self._clock.mark()
        host_u = self._uniforms(row_gammas)
        lengths = [0 if index in self._ended else len(self.ids[index]) - 1 for index in self._indices]
        pending = [self.ids[index][-1:] for index in self._indices]
        # Upload before drafting: a later copy would have to wait for the drafter's work.
        host_tensors = (torch.tensor(pending), torch.tensor(lengths), host_u)
        last, starts, u = uploaded_together(host_tensors, self._target.device)
        for rules, ids in zip(self._rules, self.ids, strict=False):
            rules.follow(ids)
        draft = self._draft(row_gammas, host_u)
        draft_end = self._clock.mark()
        logits = self._forward(last, RowCounts(tuple(lengths), starts), draft)
        packed = self._packed_records(logits, draft, u[:, max(row_gammas) :])
        packed_rows = packed.tolist()  # sync: the one wait of a round, for all rows
        verify_end = self._clock.mark()
        times = self._clock.ms(start, draft_end), self._clock.ms(draft_end, verify_end)
        n, n_vocabulary = draft.tokens.shape[1], logits.shape[-1]
        rounds = {}
        for index, numbers, count in zip(self._indices, packed_rows, draft.counts, strict=True):
            if index in gammas:
                record = unpack(numbers, n, n_vocabulary=n_vocabulary, drawn=not self._warp.greedy)
                rounds[index] = Round(self._commit(index, shortened(record, count)), *times)
        return rounds

    def rewrite(self, endings: Mapping[int, RewrittenEnd]) -> None:
        """Cut sequences and append ids that no model chose; the target reads these, the last one in the next round."""
        for index, ending in endings.items():
            del self.ids[index][ending.n_kept :]
        lengths = [0 if index in self._ended else len(self.ids[index]) - 1 for index in self._indices]
        rows = [(self.ids[index][-1], *endings[index].ids[:-1]) if index in endings else () for index in self._indices]
        ids, starts = uploaded_together((padded(rows), torch.tensor(lengths)), self._target.device)
        self._target.forward(ids, RowCounts(tuple(lengths), starts), [len(row) for row in rows])
        for index, ending in endings.items():
            self.ids[index] += ending.ids
            if self._rules:
                self._rules[index].cut(ending.n_kept)

    def bytes(self) -> int:
        """Memory of all caches."""
        return self._target.bytes() + (0 if self._drafter is None else self._drafter.cache_bytes())

    def _drop(self, live: Mapping[int, int]) -> None:
        """Note which sequences have ended; drop their rows once they are half of all rows."""
        self._ended = set(self._indices) - set(live)
        if 2 * len(self._ended) < len(self._indices):
            return
        rows = [row for row, index in enumerate(self._indices) if index in live]
        self._target.keep(rows)
        if self._drafter is not None:
            self._drafter.keep(rows)
        self._indices, self._ended = [self._indices[row] for row in rows], set()

    def _uniforms(self, gammas: Sequence[int]) -> Tensor:
        """The uniforms of a round [B, 2 gamma + 1], gamma the largest of `gammas`, on the host: for the drafter, to
        accept, and one for the last token. Each row draws as many from its own generator as it would alone."""
        n = 2 * max(gammas) + 1
        if self._warp.greedy:
            return torch.zeros(len(gammas), n, dtype=torch.float64)
        return torch.stack(
            [self._row_uniforms(index, gamma, max(gammas)) for index, gamma in zip(self._indices, gammas, strict=True)]
        )

    def _row_uniforms(self, index: int, row_gamma: int, gamma: int) -> Tensor:
        u = torch.rand(2 * row_gamma + 1, generator=self._rngs[index], dtype=torch.float64)
        gap = u.new_zeros(gamma - row_gamma)
        return u if row_gamma == gamma else torch.cat([u[:row_gamma], gap, u[row_gamma : 2 * row_gamma], gap, u[-1:]])

    def _draft(self, gammas: Sequence[int], u: Tensor) -> RowsDraft:
        if self._drafter is None or not any(gammas):
            return no_drafts(len(gammas), self._target.device)
        texts = [self.ids[index] for index in self._indices]
        rules = [self._rules[index] for index in self._indices] if self._rules else []
        return self._drafter.propose(texts, gammas, self._warp, u, rules=rules)

    def _forward(self, pending: Tensor, starts: RowCounts, draft: RowsDraft) -> Tensor:
        """Logits [B, n + 1, V] after the pending id [B, 1] and each drafted token of every row."""
        counts = [0 if index in self._ended else n + 1 for index, n in zip(self._indices, draft.counts, strict=True)]
        logits = self._target.forward(torch.cat([pending, draft.tokens], 1), starts, counts).float()
        return self._ruled(logits, draft.tokens) if self._rules else logits

    def _ruled(self, logits: Tensor, tokens: Tensor) -> Tensor:
        """The logits of each row as its rules change them; of an ended row, and after padding, they do not matter."""
        rows = zip(self._indices, logits, tokens, strict=True)
        return torch.stack([
            row if index in self._ended else self._rules[index].applied(row, drafted) for index, row, drafted in rows
        ])  # fmt: skip

    def _packed_records(self, logits: Tensor, draft: RowsDraft, u: Tensor) -> Tensor:
        """Packed records of all rows [B, numbers]; u: [B, at least n + 1], the last column for the last token."""
        n = draft.tokens.shape[1]
        p = logits.softmax(-1) if self._warp.greedy else sampling.probabilities(logits, self._warp)
        verdict = Verdict(self._acceptance(logits, p, draft, u), logits, p)
        return pack(verdict, draft.tokens, draft.shown, u[:, :n])

    def _acceptance(self, logits: Tensor, p: Tensor, draft: RowsDraft, u: Tensor) -> Acceptance:
        n, real = draft.tokens.shape[1], draft.real
        if self._warp.greedy:
            return accept.greedy(logits.argmax(-1), draft.tokens, real=real)
        if draft.q is None:
            return accept.point_mass(p, draft.tokens, u[:, :n], u[:, -1], real=real)
        return self._accept_rule(p, draft.q, draft.tokens, u[:, :n], u[:, -1], real=real)

    def _commit(self, index: int, record: HostRecord) -> HostRecord:
        """Append the emitted ids to a sequence; the caches drop rejected ones when the next round begins."""
        self.ids[index] += [*record.tokens[: record.n_accepted], record.last_id]
        return record
