"""One round as two functions of fixed shape over device tensors; knows no host, no generation and no CUDA graph.

Where a sequence stands lies on the device and is moved on there, so that a round can follow another that nobody has
read, and the very same operations can run as they come or be captured once and replayed. Lengths differ between rounds
by numbers in tensors alone: keys and values lie at fixed places and attention looks at the first `span` of them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from engine import chain
from engine.record import pack
from engine.sampling import Warp
from engine.speculate import Draft, judged


class Rows(Protocol):
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
    state.last_two.copy_(torch.tensor([[*last[-2:-1], last[-1], last[-1]][:2]]))
    state.length.fill_(length)


def draft(model: Rows, state: State, u: Tensor, warp: Warp, *, span: int, n_vocabulary: int) -> Draft:
    """Draft as many tokens as there are uniforms, u: [n] float64, n >= 1; n_vocabulary: of the target.

    The first step always feeds the last two ids, whether the cache lacks one of them or both: what is fed again
    is computed again, and no shape depends on what the last round accepted."""
    starts = (state.length - 2).clamp_min(0)
    row = model.forward(state.last_two, starts, span=span, at=state.length - 1 - starts)[0]
    steps = [chain.step(row, u[0], warp, n_vocabulary=n_vocabulary)]
    for i in range(1, u.shape[0]):
        row = model.forward(steps[-1].token.view(1, 1), state.length + (i - 1), span=span)[0, 0]
        steps.append(chain.step(row, u[i], warp, n_vocabulary=n_vocabulary))
    return chain.joined(steps, warp, n_vocabulary=n_vocabulary)


def verify(model: Rows, state: State, drafted: Draft, u: Tensor, warp: Warp, *, span: int) -> Tensor:
    """Judge a draft of n tokens, move the state on, and return the packed record of the round.

    u: [n + 1] float64, n to accept and one for the last token."""
    n = drafted.tokens.shape[0]
    fed = torch.cat([state.last_two[0, 1:], drafted.tokens])
    logits = model.forward(fed.view(1, -1), state.length - 1, span=span)[0].float()
    verdict, shown_p = judged(logits, drafted, u[:n], u[n], warp)
    packed = pack(logits, shown_p, drafted.shown, drafted.tokens, verdict, u[:n])
    n_accepted = verdict.n_accepted.view(1)
    before_last = fed.index_select(0, n_accepted)
    state.last_two.copy_(torch.cat([before_last, verdict.last_id.view(1)]).view(1, 2))
    state.length.add_(n_accepted + 1)
    return packed
