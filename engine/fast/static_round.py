"""One round as two functions of fixed shape over device tensors: draft and verify.

The state of the sequence lies on the device and is advanced there, so that a round can follow one that the host has not
read, and the same operations can run directly or be captured once and replayed. Lengths are only values in tensors:
keys and values lie at fixed addresses, and attention reads the first `span` of them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from engine.decoding import autoregressive_draft
from engine.decoding.accept import Acceptance
from engine.decoding.drafting import Draft
from engine.decoding.packing import pack
from engine.decoding.sampling import Warp
from engine.decoding.verifying import Verifier, VerifyContext


class FixedRows(Protocol):
    """The model interface of a round: rows of ids, each at its own length, in a cache of fixed shape."""

    def forward(self, ids: Tensor, starts: Tensor, *, span: int, at: Tensor | None = None) -> Tensor:
        """Logits [B, n, V] after each of the ids [B, n], which go to positions starts [B] and on; [B, V] of the
        columns `at` [B] only, if given. Attention reads the first `span` positions."""


class State(NamedTuple):
    """Position of a sequence. last_two: [1, 2] int64, its last two ids; a single id is repeated.

    length: [1] int64, how many ids are committed; a cache holds all of them but the last, the drafter's at least all
    but the last two."""

    last_two: Tensor
    length: Tensor


def new_state(device: torch.device) -> State:
    """The state of an empty sequence."""
    return State(*(torch.zeros(shape, dtype=torch.int64, device=device) for shape in ((1, 2), (1,))))


def place(state: State, last: Sequence[int], length: int) -> None:
    """Set the state, in place, to the end of a sequence of `length` ids that ends in `last`."""
    for entry, token in zip(state.last_two[0], (*last[-2:-1], last[-1], last[-1]), strict=False):
        entry.fill_(token)
    state.length.fill_(length)


def drafter_logits(model: FixedRows, state: State, drawn: Sequence[Tensor], *, span: int) -> Tensor:
    """A drafter's logits [V] after the committed ids and the tokens drawn so far in this round, each [] int64.

    The first step always feeds the last two ids, whether the cache lacks one of them or both: an id fed again is
    recomputed, so that no shape depends on what the last round accepted."""
    if drawn:
        return model.forward(drawn[-1].view(1, 1), state.length + (len(drawn) - 1), span=span)[0, 0]
    starts = (state.length - 2).clamp_min(0)
    return model.forward(state.last_two, starts, span=span, at=state.length - 1 - starts)[0]


def draft(model: FixedRows, state: State, u: Tensor, warp: Warp, *, span: int, n_vocabulary: int) -> Draft:
    """Draft as many tokens as there are uniforms, u: [n] float64, n >= 1; n_vocabulary: of the target."""
    steps: list[autoregressive_draft.DraftStep] = []
    for i in range(u.shape[0]):
        row = drafter_logits(model, state, [step.token for step in steps], span=span)
        steps.append(autoregressive_draft.step(row, u[i], warp, n_vocabulary=n_vocabulary))
    return autoregressive_draft.joined(steps, warp, n_vocabulary=n_vocabulary)


def target_logits(model: FixedRows, state: State, tokens: Tensor, *, span: int) -> Tensor:
    """The target's logits [n + 1, V] after the last committed id and each of n drafted tokens."""
    ids = torch.cat([state.last_two[0, 1:], tokens])
    return model.forward(ids.view(1, -1), state.length - 1, span=span)[0]


def advance(state: State, tokens: Tensor, acceptance: Acceptance) -> None:
    """Commit the accepted ones of the drafted tokens [n], and the last token, in place."""
    n_accepted = acceptance.n_accepted.view(1)
    before_last = torch.cat([state.last_two[0, 1:], tokens]).index_select(0, n_accepted)
    state.last_two.copy_(torch.cat([before_last, acceptance.last_id.view(1)]).view(1, 2))
    state.length.add_(n_accepted + 1)


class VerifySettings(NamedTuple):
    """How to verify a draft of n tokens. u: [n + 1] float64, n to accept and one for the last token; span: how many
    positions attention reads."""

    verifier: Verifier
    u: Tensor
    warp: Warp
    span: int


def verify(model: FixedRows, state: State, drafted: Draft, judging: VerifySettings) -> Tensor:
    """Verify a draft of n tokens, advance the state, and return the packed record of the round."""
    n, u = drafted.tokens.shape[0], judging.u

    def logits(tokens: Tensor) -> Tensor:
        return target_logits(model, state, tokens, span=judging.span).float()

    verdict = judging.verifier.verify(VerifyContext(logits, judging.warp, u[:n], u[n]), drafted)
    packed = pack(verdict, drafted.tokens, drafted.shown, u[:n])
    advance(state, drafted.tokens, verdict.acceptance)
    return packed
