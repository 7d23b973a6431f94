"""One round as two functions of fixed shape over device tensors; knows no host, no generation and no CUDA graph.

Where a sequence stands lies on the device and is moved on there, so that a round can follow another that nobody has
read, and the very same operations can run as they come or be captured once and replayed. Lengths differ between rounds
by numbers in tensors alone: keys and values lie at fixed places and attention looks at the first `span` of them."""

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
    """What a round needs of a model: rows of ids, each at its own length, in a cache of fixed shape."""

    def forward(self, ids: Tensor, starts: Tensor, *, span: int, at: Tensor | None = None) -> Tensor:
        """Logits [B, n, V] after each of the ids [B, n], which go to positions starts [B] and on; [B, V] of the
        columns `at` [B] alone where it is given. Attention reads the first `span` positions."""


class State(NamedTuple):
    """Where a sequence stands. last_two: [1, 2] int64, its last ids, twice the first of a sequence of one id.

    length: [1] int64, how many ids are committed; a cache holds all of them but the last, the drafter's at least all
    but the last two."""

    last_two: Tensor
    length: Tensor


def new_state(device: torch.device) -> State:
    """Of no sequence yet."""
    return State(*(torch.zeros(shape, dtype=torch.int64, device=device) for shape in ((1, 2), (1,))))


def place(state: State, last: Sequence[int], length: int) -> None:
    """Put the state, in place, at the end of a sequence of `length` ids that ends in `last`."""
    for place, token in zip(state.last_two[0], (*last[-2:-1], last[-1], last[-1]), strict=False):
        place.fill_(token)
    state.length.fill_(length)


def drafter_logits(model: FixedRows, state: State, drawn: Sequence[Tensor], *, span: int) -> Tensor:
    """A drafter's logits [V] after the committed ids and the tokens drawn so far in this round, each [] int64.

    The first step always feeds the last two ids, whether the cache lacks one of them or both: what is fed again
    is computed again, and no shape depends on what the last round accepted."""
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
    fed = torch.cat([state.last_two[0, 1:], tokens])
    return model.forward(fed.view(1, -1), state.length - 1, span=span)[0]


def advance(state: State, tokens: Tensor, acceptance: Acceptance) -> None:
    """Commit what was accepted of the drafted tokens [n], and the last token, in place."""
    n_accepted = acceptance.n_accepted.view(1)
    before_last = torch.cat([state.last_two[0, 1:], tokens]).index_select(0, n_accepted)
    state.last_two.copy_(torch.cat([before_last, acceptance.last_id.view(1)]).view(1, 2))
    state.length.add_(n_accepted + 1)


class Judging(NamedTuple):
    """What a draft of n tokens is judged with. u: [n + 1] float64, n to accept and one for the last token; span: how
    many positions attention looks at."""

    verifier: Verifier
    u: Tensor
    warp: Warp
    span: int


def verify(model: FixedRows, state: State, drafted: Draft, judging: Judging) -> Tensor:
    """Judge a draft of n tokens, move the state on, and return the packed record of the round."""
    n, u = drafted.tokens.shape[0], judging.u

    def logits(tokens: Tensor) -> Tensor:
        return target_logits(model, state, tokens, span=judging.span).float()

    verdict = judging.verifier.verify(VerifyContext(logits, judging.warp, u[:n], u[n]), drafted)
    packed = pack(verdict, drafted.tokens, drafted.shown, u[:n])
    advance(state, drafted.tokens, verdict.acceptance)
    return packed
