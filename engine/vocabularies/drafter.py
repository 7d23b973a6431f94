"""Drafts with a small language model whose tokenizer is not the target's.

Greedy, the model continues in its own tokens, and its text is proposed in the target's tokens: a point mass a position,
so the exact rule holds. Sampling, each token is drawn among those that both vocabularies share, from the distribution
that is handed on as q. In either case the model reads the ids that it drew itself, as far as they were accepted.
Source: arXiv:2502.05202 (string-level exact match; token-level intersection)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from engine.decoding.cached_model import FEW_ROWS, PREFILL_CHUNK, SequenceModel
from engine.decoding.drafting import Capabilities, Draft, DraftContext, TargetState, chain, no_draft
from engine.decoding.transfers import moved_together, uploaded, uploaded_ids, uploaded_together
from engine.vocabularies import intersection
from engine.vocabularies.alignment import AlignedToken, aligned
from engine.vocabularies.followed_text import FollowedText
from engine.vocabularies.intersection import Drawn, intersect
from engine.vocabularies.spelling import spelling_of
from engine.vocabularies.text_encoder import TextEncoder

# Drafting stops before a position at which the shared tokens have less of the model's distribution than this.
LEAST_MASS = 1e-3
_UNFED = 8


class TokenizerOfModel(NamedTuple):
    """A model's tokenizer, how many ids the model has, and which of them end a text."""

    tokenizer: PreTrainedTokenizerBase
    n_vocabulary: int
    stop_ids: frozenset[int]


class OtherTokenizerDrafter:
    """Drafts with a causal language model of another tokenizer than the target's.

    context: the most ids of its own that the model reads."""

    capabilities = Capabilities()

    def __init__(
        self,
        model: SequenceModel,
        target: TokenizerOfModel,
        drafter: TokenizerOfModel,
        *,
        context: int,
        target_device: torch.device,
    ) -> None:
        self._model, self._context, self._target_device = model, context, target_device
        self._n_target = target.n_vocabulary
        spelling = spelling_of(target.tokenizer, target.stop_ids).first(target.n_vocabulary)
        self._spelling = spelling_of(drafter.tokenizer, drafter.stop_ids).first(drafter.n_vocabulary)
        shared = intersect(spelling, self._spelling)
        self._host_shared, self._shared = shared, shared.to(model.device)
        self._target_of = self._target_ids()
        self._target_encoder = TextEncoder(target.tokenizer, spelling)
        self._text = FollowedText(spelling, TextEncoder(drafter.tokenizer, self._spelling), shared)
        self._cached: list[int] = []  # the ids in the model's cache; the first n_fixed are never taken back
        self._n_fixed = 0
        self._drafted: list[int] = []
        self._proposed: list[int] = []

    @property
    def n_shared(self) -> int:
        """How many of the model's tokens are the target's too."""
        return len(self._host_shared.drafter_ids)

    def reset(self) -> None:
        """Forget the sequence."""
        self._model.reset()
        self._text.reset()
        self._cached, self._drafted, self._proposed = [], [], []
        self._n_fixed = 0

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        """Process the next ids of the prompt but for the last few, which may be encoded otherwise once more follows."""
        self._text.add(ids, n_fixed=self._n_fixed)
        end = len(self._text.ids) - _UNFED
        if end >= self._context:
            return
        for start in range(len(self._cached), end, PREFILL_CHUNK):
            chunk = self._text.ids[start : min(start + PREFILL_CHUNK, end)]
            self._model.prefill(uploaded_ids(chunk, self._model.device))
            self._cached += chunk
        self._n_fixed = len(self._cached)

    def propose(self, context: DraftContext) -> Draft:
        """Propose at most n tokens; fewer or none where the model's text has no tokens of the target's, or ends."""
        self._follow(context.ids)
        n = min(context.n, self._context - len(self._text.ids))
        if n < 1 or not self._text.ids or not self._text.complete:
            return no_draft(self._target_device)
        self._catch_up()
        draft = self._sampled(context, n) if not context.warp.greedy else self._continued(context, n)
        return no_draft(self._target_device) if draft is None else self._on_target_device(draft)

    def commit(self, ids: Sequence[int]) -> None:
        """Follow what was accepted, and roll back the ids that do not belong to it."""
        self._follow(ids)

    def cache_bytes(self) -> int:
        """Memory of the model's cache."""
        return self._model.bytes()

    def _follow(self, ids: Sequence[int]) -> None:
        """Bring the model's ids in step with the target's, and its cache with its ids, all of them but the last."""
        new = list(ids[self._text.n_followed :])
        drawn, self._proposed = self._proposed, []
        drafted, self._drafted = self._drafted, []
        if drawn:
            new = self._accept(list(zip(drafted, drawn, strict=True)), new)
        self._text.add(new, () if drawn else drafted, n_fixed=self._n_fixed)
        n_kept, most = self._n_fixed, min(len(self._cached), len(self._text.ids) - 1)
        while n_kept < most and self._cached[n_kept] == self._text.ids[n_kept]:
            n_kept += 1
        if self._cached:
            self._model.rollback(len(self._cached) - n_kept)
        del self._cached[n_kept:]
        self._n_fixed = n_kept

    def _accept(self, drawn: list[tuple[int, int]], new: list[int]) -> list[int]:
        """Follow drawn tokens that were accepted, and then shared ones; returns the rest of the target's new ids."""
        for drafter_id, target_id in drawn:
            if new[:1] != [target_id]:
                break
            self._text.draw(drafter_id, target_id)
            new = new[1:]
        while new and (shared_id := self._host_shared.read_as(new[0])) is not None:
            self._text.draw(shared_id, new[0])
            new = new[1:]
        return new

    def _catch_up(self) -> None:
        """Read what rounds without a draft have left unread, where it is much: as a prompt, without logits."""
        end = len(self._text.ids) - 1
        if end - len(self._cached) <= FEW_ROWS:
            return
        for start in range(len(self._cached), end, PREFILL_CHUNK):
            chunk = self._text.ids[start : min(start + PREFILL_CHUNK, end)]
            self._model.prefill(uploaded_ids(chunk, self._model.device))
            self._cached += chunk

    def _sampled(self, context: DraftContext, n: int) -> Draft | None:
        """Draw n shared tokens; those before the first position that has hardly any, up to what ends the text."""
        host_tensors = [torch.tensor(self._text.ids[len(self._cached) :]), context.u]
        new_ids, u = uploaded_together(host_tensors, self._model.device)
        steps: list[Drawn] = []
        for i in range(n):
            logits = self._ruled(self._model.forward(new_ids)[-1], context, [step.drafter_id for step in steps])
            steps.append(intersection.draw(logits, u[i], context.warp, self._shared))
            new_ids = steps[-1].drafter_id.view(1)
        numbers = [torch.stack([step.drafter_id, step.target_id]).double() for step in steps]
        numbers.append(torch.stack([step.mass for step in steps]).double())
        packed: list[float] = torch.cat(numbers).tolist()  # sync: what to follow, and where to stop
        drafter_ids, target_ids, masses = packed[: 2 * n : 2], packed[1 : 2 * n : 2], packed[2 * n :]
        self._cached = self._text.ids + [int(token) for token in drafter_ids[:-1]]
        n_kept = _n_kept(masses, [int(token) in self._target_encoder.spelling.ends for token in target_ids])
        if not n_kept:
            return None
        self._drafted = [int(token) for token in drafter_ids[:n_kept]]
        self._proposed = [int(token) for token in target_ids[:n_kept]]
        rows = torch.stack([step.row for step in steps[:n_kept]])
        q = intersection.over_target(rows, self._shared, n_vocabulary=self._n_target)
        tokens = torch.stack([step.target_id for step in steps[:n_kept]])
        return Draft(tokens, chain(n_kept, tokens.device), q, q)

    def _continued(self, context: DraftContext, n: int) -> Draft | None:
        """Continue the model's text by n of its tokens, and propose what the target's tokens of it are."""
        new_ids = uploaded_ids(self._text.ids[len(self._cached) :], self._model.device)
        rows: list[Tensor] = []
        tokens: list[Tensor] = []
        for _ in range(n):
            rows.append(self._ruled(self._model.forward(new_ids)[-1], context, tokens))
            tokens.append(rows[-1][: len(self._spelling)].argmax(-1))
            new_ids = tokens[-1].view(1)
        drafted: list[int] = torch.stack(tokens).tolist()  # sync: the text must be encoded on the host
        self._cached = self._text.ids + drafted[:-1]
        n_text = next((i for i, token in enumerate(drafted) if not self._spelling.is_text(token)), n)
        self._drafted = drafted[:n_text]
        proposals = self._aligned(drafted, n_text)[: context.n]
        if context.rules is not None:  # the text is one for these ids, so a draft may end by what it proposes
            proposals = proposals[: context.rules.n_allowed(context.ids, [token.id for token in proposals])]
        return self._point_masses(proposals, drafted[:n_text], rows) if proposals else None

    def _ruled(self, logits: Tensor, context: DraftContext, drafted: Sequence[Tensor]) -> Tensor:
        """The model's logits [V] float32 after drafted ids of its own, as the target's rules would change them."""
        rules, logits = context.rules, logits.float()
        # On another device the rules' own tensors are out of reach; there the draft is only accepted less often.
        if rules is None or rules.device != self._model.device:
            return logits
        ids = self._target_of.index_select(0, torch.stack(list(drafted))) if drafted else rules.no_tokens
        # A token that the target lacks counts as the last committed one, which was seen anyway.
        ids = torch.where(ids < 0, context.ids[-1], ids)
        return intersection.ruled(logits, rules, ids, self._shared, n_vocabulary=self._n_target)

    def _target_ids(self) -> Tensor:
        """The target's id of each of the model's, -1 where it shares none: [V] int64 on the model's device."""
        shared = self._host_shared
        ids = torch.full((len(self._spelling),), -1).index_copy(0, shared.drafter_ids, shared.target_ids)
        return uploaded(ids, self._model.device)

    def _aligned(self, drafted: Sequence[int], n_text: int) -> list[AlignedToken]:
        """The target's tokens of the drafted text, with the sign that follows it where the target has it too."""
        text = self._spelling.joined(drafted[:n_text])
        tokens = aligned(self._target_encoder, self._text.run, self._text.target_ends, text)
        end = tokens[-1].end if tokens else 0
        sign = self._host_shared.target_of(drafted[n_text]) if n_text < len(drafted) and end == len(text) else None
        return tokens if sign is None else [*tokens, AlignedToken(sign, end, end)]

    def _point_masses(self, proposals: list[AlignedToken], drafted: Sequence[int], rows: list[Tensor]) -> Draft:
        """The draft; shown with it is the model's distribution, where one of its tokens is just what is proposed."""
        device = self._model.device
        ends = self._spelling.ends_of(drafted) if drafted else []
        steps = {span: step for step, span in enumerate(zip([0, *ends], ends, strict=False))}
        same = [(i, steps.get((token.start, token.end))) for i, token in enumerate(proposals)]
        same = [
            (i, step) for i, step in same
            if step is not None and self._host_shared.target_of(drafted[step]) == proposals[i].id
        ]  # fmt: skip
        tokens = uploaded_ids([token.id for token in proposals], device)
        shown = rows[0].new_zeros(len(proposals), self._n_target).scatter_(1, tokens.view(-1, 1), 1.0)
        if same:
            held = torch.stack([rows[step] for _, step in same if step is not None])
            probs = held.index_select(1, self._shared.drafter_ids).softmax(-1)
            mapped = intersection.over_target(probs, self._shared, n_vocabulary=self._n_target)
            shown.index_copy_(0, uploaded_ids([i for i, _ in same], device), mapped)
        return Draft(tokens, chain(len(proposals), device), shown=shown)

    def _on_target_device(self, draft: Draft) -> Draft:
        """The same draft on the target's device."""
        assert draft.shown is not None
        tokens, parents, shown = moved_together((draft.tokens, draft.parents, draft.shown), self._target_device)
        return Draft(tokens, parents, None if draft.q is None else shown, shown)


def _n_kept(masses: Sequence[float], ends: Sequence[bool]) -> int:
    """How many drawn tokens to propose. A token left out was so by those before it, never by its own value."""
    for i, (mass, is_end) in enumerate(zip(masses, ends, strict=True)):
        if mass < LEAST_MASS:
            return i
        if is_end:
            return i + 1
    return len(masses)
