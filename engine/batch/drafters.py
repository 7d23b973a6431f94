"""Drafters of several sequences at once: a small model, or prompt lookup; know the target by vocabulary and device."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from engine.batch.sequences import RowCounts, Sequences, padded, sequences_of, take_in
from engine.decoding import sampling
from engine.decoding.sampling import Warp
from engine.decoding.transfers import moved_together, uploaded_together
from engine.drafters.prompt_lookup import PromptLookupDrafter
from engine.models.loading import LoadedModel


class RowsDraft(NamedTuple):
    """A chain of proposed tokens a row, padded to n.

    tokens: [B, n] int64; counts: how many of each row's tokens were proposed. q, shown: [B, n, V_target] float32 as in
    `drafting.Draft`; real: [B, n] bool, which tokens were proposed, None where all were."""

    tokens: Tensor
    counts: tuple[int, ...]
    q: Tensor | None
    shown: Tensor | None
    real: Tensor | None


class RowsDrafter(Protocol):
    """Whatever proposes tokens for several sequences; it keeps its own state in step with the texts it is shown."""

    def prefill(self, prompts: Sequence[Sequence[int]], capacity: int, checkpoint: Callable[[], None]) -> None:
        """Start over with these prompts, one a row, the last id of each included; no row grows past `capacity`."""

    def propose(self, texts: Sequence[Sequence[int]], wanted: Sequence[int], warp: Warp, u: Tensor) -> RowsDraft:
        """Propose at most wanted[b] tokens to follow the committed ids of row b.

        u: [B, n] float64 on the host to draw with. The draft lies on the target's device."""

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all rows but these, which become the rows 0, 1, ..."""

    def cache_bytes(self) -> int:
        """Memory of the drafter's own state."""


class SmallModelRows:
    """Drafts for all rows with a causal language model of the target's tokenizer, a forward a token."""

    def __init__(self, drafter: LoadedModel, target: LoadedModel) -> None:
        self._sequences: Sequences = sequences_of(drafter)
        self._context = drafter.context
        self._n_target = target.n_vocabulary
        self._target_device = target.device
        self._held: list[int] = []

    def prefill(self, prompts: Sequence[Sequence[int]], capacity: int, checkpoint: Callable[[], None]) -> None:
        """Take in all prompts but their last ids; one that fills the drafter's context is never drafted for."""
        heads = [prompt[:-1] if len(prompt) < self._context else () for prompt in prompts]
        self._sequences.open(len(prompts), capacity)
        take_in(self._sequences, heads, checkpoint)
        self._held = [len(head) for head in heads]

    def propose(self, texts: Sequence[Sequence[int]], wanted: Sequence[int], warp: Warp, u: Tensor) -> RowsDraft:
        """Draw wanted[b] tokens one after another, fewer or none at the end of the drafter's own context."""
        left = [self._context - len(text) for text in texts]
        counts = tuple(max(0, min(pair)) for pair in zip(wanted, left, strict=True))
        if not any(counts):
            return no_drafts(len(texts), self._target_device)
        news, ends = self._behind(texts, counts)
        given = (padded(news), torch.tensor([self._held, [len(new) for new in news], ends, counts]), u)
        ids, (held, n_new, end, count), u = uploaded_together(given, self._sequences.device)
        logits = self._sequences.last(ids, RowCounts(tuple(self._held), held), RowCounts(tuple(map(len, news)), n_new))
        tokens: list[Tensor] = []
        rows: list[Tensor] = []
        for i in range(max(counts)):
            if i:
                # A row whose draft is complete continues past its end, where nothing is looked at.
                starts = RowCounts(tuple(place + i - 1 for place in ends), end + (i - 1))
                drawing = [int(i < n) for n in counts]
                logits = self._sequences.forward(tokens[-1].unsqueeze(-1), starts, drawing)[:, 0]
            row = logits[:, : self._n_target].float()  # an id the target lacks can never be accepted
            row = row if warp.greedy else sampling.probabilities(row, warp)
            tokens.append(row.argmax(-1) if warp.greedy else sampling.draw(row, u[:, i]))
            rows.append(row)
        self._held = [place + max(0, n - 1) for place, n in zip(ends, counts, strict=True)]
        return self._draft(torch.stack(tokens, 1), torch.stack(rows, 1), counts, count, warp)

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all rows but these."""
        self._sequences.keep(rows)
        self._held = [self._held[row] for row in rows]

    def cache_bytes(self) -> int:
        """Memory of the drafter's caches."""
        return self._sequences.bytes()

    def _behind(self, texts: Sequence[Sequence[int]], counts: Sequence[int]) -> tuple[list[Sequence[int]], list[int]]:
        """Take back what was rejected; what each row that is drafted for has yet to take in, and its length then."""
        self._held = [min(held, len(text) - 1) for held, text in zip(self._held, texts, strict=True)]
        rows = list(zip(texts, self._held, counts, strict=True))
        news = [text[held:] if n else () for text, held, n in rows]
        return news, [len(text) if n else held for text, held, n in rows]

    def _draft(self, tokens: Tensor, rows: Tensor, counts: tuple[int, ...], count: Tensor, warp: Warp) -> RowsDraft:
        """rows: logits [B, n, V] where greedy, else the distributions that were drawn from; count: [B], the counts."""
        probs = rows.softmax(-1) if warp.greedy else rows
        tokens, probs, count = moved_together((tokens, probs, count), self._target_device)
        probs = functional.pad(probs, (0, self._n_target - probs.shape[-1]))
        return RowsDraft(tokens, counts, None if warp.greedy else probs, probs, _real(counts, count))


class LookupRows:
    """Prompt lookup in each row's own text, on the host; idioms: ids that are found as if each began with them."""

    def __init__(self, max_ngram: int, target: LoadedModel, *, idioms: Sequence[int] = ()) -> None:
        self._max_ngram, self._device, self._idioms = max_ngram, target.device, tuple(idioms)
        self._rows: list[PromptLookupDrafter] = []

    def prefill(self, prompts: Sequence[Sequence[int]], capacity: int, checkpoint: Callable[[], None]) -> None:
        """An empty index a row; it is brought up to date when something is to be proposed."""
        self._rows = [PromptLookupDrafter(self._max_ngram, device=torch.device("cpu")) for _ in prompts]

    def propose(self, texts: Sequence[Sequence[int]], wanted: Sequence[int], warp: Warp, u: Tensor) -> RowsDraft:
        """Propose what followed the last ids of each row earlier in it; nothing where they are new."""
        seen = [(*self._idioms, *text) for text in texts]
        rows = zip(self._rows, seen, wanted, strict=True)
        proposed = [row.following(text)[:n] if n else [] for row, text, n in rows]
        counts = tuple(map(len, proposed))
        tokens, count = uploaded_together([padded(proposed), torch.tensor(counts)], self._device)
        return RowsDraft(tokens, counts, None, None, _real(counts, count))

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all rows but these."""
        self._rows = [self._rows[row] for row in rows]

    def cache_bytes(self) -> int:
        """Memory of the indexes."""
        return sum(row.cache_bytes() for row in self._rows)


def no_drafts(n_rows: int, device: torch.device) -> RowsDraft:
    """Nothing proposed for any row."""
    return RowsDraft(torch.empty(n_rows, 0, dtype=torch.int64, device=device), (0,) * n_rows, None, None, None)


def _real(counts: Sequence[int], count: Tensor) -> Tensor | None:
    """Which tokens were proposed [B, n] of drafts padded to the longest; count: [B], the same on a device."""
    n = max(counts)
    return None if min(counts) == n else torch.arange(n, device=count.device) < count[:, None]
