"""The draft-and-verify loop over several sequences at once; knows neither events nor when a sequence has ended.

The rules are those of one sequence (`speculate`): a row's tokens follow from its own prompt, seed and draft length, up
to the rounding of the forward, whatever stands in the other rows. One round drafts for every row, verifies all drafts
in one target forward, and waits for the device once."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from engine.batch.drafters import RowsDraft, RowsDrafter, no_drafts
from engine.batch.sequences import RowCounts, Sequences, take_in
from engine.decoding import accept, sampling
from engine.decoding.accept import Acceptance
from engine.decoding.clock import Clock
from engine.decoding.packing import HostRecord, pack, shortened, unpack
from engine.decoding.sampling import Warp
from engine.decoding.speculate import Round
from engine.decoding.transfers import uploaded_together
from engine.decoding.verifying import Verdict


class BatchDecoder:
    """Sequences being decoded together; lane i is the i-th prompt for good, its row may change.

    A lane that has ended stays as padding until half of the rows are such; then the others move together in the caches.
    For lengths spread from 1 to 8 that takes a tenth to a fifth less time a token than padding to the end, as much as
    moving at every end does, and leaves few shapes for a device that prepares each."""

    def __init__(self, target: Sequences, drafter: RowsDrafter | None, *, warp: Warp, clock: Clock) -> None:
        self._target = target
        self._drafter = drafter
        self._warp = warp
        self._clock = clock
        self._lanes: list[int] = []
        self._ended: set[int] = set()

    def prefill(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[int], *, capacity: int, checkpoint: Callable[[], None]
    ) -> None:
        """Take in every prompt but its last id, which the first round feeds; capacity: the most ids a row will feed."""
        self.ids = [list(prompt) for prompt in prompts]
        self._rngs = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._lanes, self._ended = list(range(len(prompts))), set()
        self._target.open(len(prompts), capacity)
        take_in(self._target, [prompt[:-1] for prompt in prompts], checkpoint)
        if self._drafter is not None:
            self._drafter.prefill(prompts, capacity, checkpoint)

    def round(self, gammas: Mapping[int, int]) -> dict[int, Round]:
        """One round of every lane named, with at most so many drafted tokens; lanes not named have ended.

        Times are those of all lanes together."""
        self._drop(gammas)
        wanted = [gammas.get(lane, 0) for lane in self._lanes]
        started = self._clock.mark()
        drawn = self._uniforms(wanted)
        lengths = [0 if lane in self._ended else len(self.ids[lane]) - 1 for lane in self._lanes]
        pending = [self.ids[lane][-1:] for lane in self._lanes]
        # Before the draft, behind whose work a copy would have to wait.
        given = (torch.tensor(pending), torch.tensor(lengths), drawn)
        last, starts, u = uploaded_together(given, self._target.device)
        draft = self._draft(wanted, drawn)
        drafted = self._clock.mark()
        logits = self._forward(last, RowCounts(tuple(lengths), starts), draft)
        packed = self._judged(logits, draft, u[:, max(wanted) :])
        on_host = packed.tolist()  # sync: the one wait of a round, for all rows
        verified = self._clock.mark()
        times = self._clock.ms(started, drafted), self._clock.ms(drafted, verified)
        n, n_vocabulary = draft.tokens.shape[1], logits.shape[-1]
        done = {}
        for lane, numbers, n_own in zip(self._lanes, on_host, draft.counts, strict=True):
            if lane in gammas:
                record = unpack(numbers, n, n_vocabulary=n_vocabulary, drawn=not self._warp.greedy)
                done[lane] = Round(self._committed(lane, shortened(record, n_own)), *times)
        return done

    def bytes(self) -> int:
        """Memory of all caches."""
        return self._target.bytes() + (0 if self._drafter is None else self._drafter.cache_bytes())

    def _drop(self, live: Mapping[int, int]) -> None:
        """Note which lanes have ended; leave their rows out once they are half of all."""
        self._ended = set(self._lanes) - set(live)
        if 2 * len(self._ended) < len(self._lanes):
            return
        rows = [row for row, lane in enumerate(self._lanes) if lane in live]
        self._target.keep(rows)
        if self._drafter is not None:
            self._drafter.keep(rows)
        self._lanes, self._ended = [self._lanes[row] for row in rows], set()

    def _uniforms(self, wanted: Sequence[int]) -> Tensor:
        """The draws of a round [B, 2 gamma + 1], gamma the largest of `wanted`: those for the drafter, those to accept,
        one for the last token, on the host. Each row's come from its own stream, as many as it would draw alone."""
        n = 2 * max(wanted) + 1
        if self._warp.greedy:
            return torch.zeros(len(wanted), n, dtype=torch.float64)
        return torch.stack([self._drawn(lane, own, max(wanted)) for lane, own in zip(self._lanes, wanted, strict=True)])

    def _drawn(self, lane: int, own: int, gamma: int) -> Tensor:
        u = torch.rand(2 * own + 1, generator=self._rngs[lane], dtype=torch.float64)
        gap = u.new_zeros(gamma - own)
        return u if own == gamma else torch.cat([u[:own], gap, u[own : 2 * own], gap, u[-1:]])

    def _draft(self, wanted: Sequence[int], u: Tensor) -> RowsDraft:
        if self._drafter is None or not any(wanted):
            return no_drafts(len(wanted), self._target.device)
        return self._drafter.propose([self.ids[lane] for lane in self._lanes], wanted, self._warp, u)

    def _forward(self, pending: Tensor, starts: RowCounts, draft: RowsDraft) -> Tensor:
        """Logits [B, n + 1, V] after the pending id [B, 1] and each drafted token of every row."""
        counts = [0 if lane in self._ended else n + 1 for lane, n in zip(self._lanes, draft.counts, strict=True)]
        return self._target.forward(torch.cat([pending, draft.tokens], 1), starts, counts).float()

    def _judged(self, logits: Tensor, draft: RowsDraft, u: Tensor) -> Tensor:
        """What the host needs of every row [B, numbers]; u: [B, at least n + 1], the last column for the last token."""
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
        return accept.exact(p, draft.q, draft.tokens, u[:, :n], u[:, -1], real=real)

    def _committed(self, lane: int, record: HostRecord) -> HostRecord:
        """Append what a round decided to a lane's ids; the caches forget the rest when the next round begins."""
        self.ids[lane] += [*record.tokens[: record.n_accepted], record.last_id]
        return record
