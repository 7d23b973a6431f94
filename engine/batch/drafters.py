"""Drafters for several sequences at once: a small model, and prompt lookup."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from engine.batch.sequences import RowCounts, Sequences, padded, sequences_of, take_in
from engine.decoding import sampling
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.decoding.transfers import moved_together, uploaded_together
from engine.drafters.prompt_lookup import PromptLookupDrafter
from engine.models.loading import LoadedModel, refuse_other_tokenizer


class RowsDraft(NamedTuple):
    """One chain of proposed tokens per row, padded to n.

    tokens: [B, n] int64; counts: how many of each row's tokens were proposed. q, shown: [B, n, V_target] float32 as in
    `drafting.Draft`; real: [B, n] bool, which tokens were proposed, None where all were."""

    tokens: Tensor
    counts: tuple[int, ...]
    q: Tensor | None
    shown: Tensor | None
    real: Tensor | None


class RowsDrafter(Protocol):
    """Proposes tokens for several sequences; it keeps its own state in step with the texts it receives."""

    def prefill(self, prompts: Sequence[Sequence[int]], capacity: int, checkpoint: Callable[[], None]) -> None:
        """Start over with these prompts, one per row, last ids included; no row grows past `capacity`."""

    def propose(
        self, texts: Sequence[Sequence[int]], limits: Sequence[int], warp: Warp, u: Tensor, *,
        rules: Sequence[RuledText] = (),
    ) -> RowsDraft:  # fmt: skip
        """Propose at most limits[b] tokens to follow the committed ids of row b.

        u: [B, n] float64 on the host to draw with. rules: what changes the target's logits of each row; empty where
        nothing does. The draft lies on the target's device."""

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all rows but these, which become the rows 0, 1, ..."""

    def cache_bytes(self) -> int:
        """Memory of the drafter's own state."""


class SmallModelRows:
    """Drafts for all rows with a causal language model of the target's tokenizer, one forward per token."""

    def __init__(self, drafter: LoadedModel, target: LoadedModel) -> None:
        refuse_other_tokenizer(target, drafter)
        self._sequences: Sequences = sequences_of(drafter)
        self._context = drafter.context
        self._n_target = target.n_vocabulary
        self._target_device = target.device
        self._n_cached: list[int] = []

    def prefill(self, prompts: Sequence[Sequence[int]], capacity: int, checkpoint: Callable[[], None]) -> None:
        """Process all prompts except their last ids; one that fills the drafter's context never gets a draft."""
        heads = [prompt[:-1] if len(prompt) < self._context else () for prompt in prompts]
        self._sequences.open(len(prompts), capacity)
        take_in(self._sequences, heads, checkpoint)
        self._n_cached = [len(head) for head in heads]

    def propose(
        self, texts: Sequence[Sequence[int]], limits: Sequence[int], warp: Warp, u: Tensor, *,
        rules: Sequence[RuledText] = (),
    ) -> RowsDraft:  # fmt: skip
        """Draw limits[b] tokens one after another, fewer or none at the end of the drafter's own context."""
        n_left = [self._context - len(text) for text in texts]
        counts = tuple(max(0, min(bounds)) for bounds in zip(limits, n_left, strict=True))
        if not any(counts):
            return no_drafts(len(texts), self._target_device)
        new_ids, ends = self._roll_back(texts, counts)
        starts, n_new = tuple(self._n_cached), tuple(map(len, new_ids))
        host_tensors = (padded(new_ids), torch.tensor([starts, n_new, ends, counts]), u)
        ids, (device_starts, device_n_new, device_ends, device_counts), u = uploaded_together(
            host_tensors, self._sequences.device
        )
        logits = self._sequences.last(ids, RowCounts(starts, device_starts), RowCounts(n_new, device_n_new))
        tokens: list[Tensor] = []
        rows: list[Tensor] = []
        for i in range(max(counts)):
            if i:
                # A row whose draft is complete continues past its end, in positions that nothing reads.
                positions = RowCounts(tuple(end + i - 1 for end in ends), device_ends + (i - 1))
                active = [int(i < n) for n in counts]
                logits = self._sequences.forward(tokens[-1].unsqueeze(-1), positions, active)[:, 0]
            row = logits[:, : self._n_target].float()  # an id the target lacks can never be accepted
            # On another device the rules' own tensors are out of reach; there a draft is only accepted less often.
            row = _ruled(row, tokens, rules) if rules and rules[0].device == row.device else row
            row = row if warp.greedy else sampling.probabilities(row, warp)
            tokens.append(row.argmax(-1) if warp.greedy else sampling.draw(row, u[:, i]))
            rows.append(row)
        self._n_cached = [end + max(0, n - 1) for end, n in zip(ends, counts, strict=True)]
        return self._draft(torch.stack(tokens, 1), torch.stack(rows, 1), counts, device_counts, warp)

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all rows but these."""
        self._sequences.keep(rows)
        self._n_cached = [self._n_cached[row] for row in rows]

    def cache_bytes(self) -> int:
        """Memory of the drafter's caches."""
        return self._sequences.bytes()

    def _roll_back(
        self, texts: Sequence[Sequence[int]], counts: Sequence[int]
    ) -> tuple[list[Sequence[int]], list[int]]:
        """Forget rejected ids; returns the ids that each drafting row still lacks, and its length with them."""
        self._n_cached = [min(n_cached, len(text) - 1) for n_cached, text in zip(self._n_cached, texts, strict=True)]
        rows = list(zip(texts, self._n_cached, counts, strict=True))
        new_ids = [text[n_cached:] if n else () for text, n_cached, n in rows]
        return new_ids, [len(text) if n else n_cached for text, n_cached, n in rows]

    def _draft(
        self, tokens: Tensor, rows: Tensor, counts: tuple[int, ...], device_counts: Tensor, warp: Warp
    ) -> RowsDraft:
        """rows: logits [B, n, V] where greedy, else the distributions drawn from; device_counts: [B], the counts."""
        probs = rows.softmax(-1) if warp.greedy else rows
        tokens, probs, device_counts = moved_together((tokens, probs, device_counts), self._target_device)
        probs = functional.pad(probs, (0, self._n_target - probs.shape[-1]))
        return RowsDraft(tokens, counts, None if warp.greedy else probs, probs, _real(counts, device_counts))


class LookupRows:
    """Prompt lookup in each row's own text, on the host; idioms: ids searched as if every text began with them."""

    def __init__(self, max_ngram: int, target: LoadedModel, *, idioms: Sequence[int] = ()) -> None:
        self._max_ngram, self._device, self._idioms = max_ngram, target.device, tuple(idioms)
        self._rows: list[PromptLookupDrafter] = []

    def prefill(self, prompts: Sequence[Sequence[int]], capacity: int, checkpoint: Callable[[], None]) -> None:
        """Start an empty index per row; `propose` updates it."""
        self._rows = [PromptLookupDrafter(self._max_ngram, device=torch.device("cpu")) for _ in prompts]

    def propose(
        self, texts: Sequence[Sequence[int]], limits: Sequence[int], warp: Warp, u: Tensor, *,
        rules: Sequence[RuledText] = (),
    ) -> RowsDraft:  # fmt: skip
        """Propose what followed the last ids of each row earlier in its text; nothing if they are new."""
        bounds = [partial(rule.n_allowed, text) for rule, text in zip(rules, texts, strict=False)]
        rows = zip_longest(self._rows, texts, limits, bounds)
        proposed = [
            row.following((*self._idioms, *text), n, n_allowed) if n else [] for row, text, n, n_allowed in rows
        ]
        counts = tuple(map(len, proposed))
        tokens, device_counts = uploaded_together([padded(proposed), torch.tensor(counts)], self._device)
        return RowsDraft(tokens, counts, None, None, _real(counts, device_counts))

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all rows but these."""
        self._rows = [self._rows[row] for row in rows]

    def cache_bytes(self) -> int:
        """Memory of the indexes."""
        return sum(row.cache_bytes() for row in self._rows)


def _ruled(logits: Tensor, drafted: Sequence[Tensor], rules: Sequence[RuledText]) -> Tensor:
    """A drafter's logits [B, V] float32 as each row's rules change the target's; drafted: [B] of each step so far."""
    texts = torch.stack(list(drafted), 1) if drafted else rules[0].no_tokens.expand(len(rules), 0)
    rows = zip(rules, logits.unsqueeze(1), texts, strict=True)
    return torch.cat([rule.applied(row, text) for rule, row, text in rows])


def no_drafts(n_rows: int, device: torch.device) -> RowsDraft:
    """A draft of no tokens for every row."""
    return RowsDraft(torch.empty(n_rows, 0, dtype=torch.int64, device=device), (0,) * n_rows, None, None, None)


def _real(counts: Sequence[int], device_counts: Tensor) -> Tensor | None:
    """Which tokens were proposed [B, n] of drafts padded to the longest; device_counts: [B], the same counts."""
    n = max(counts)
    return None if min(counts) == n else torch.arange(n, device=device_counts.device) < device_counts[:, None]
