"""What a drafter is: what it declares, what it is handed before each draft, and the draft it returns.

A chain is a tree in which each token follows the one before it. Source: arXiv:2211.17192, section 2.3 (chains)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from engine.decoding.sampling import Warp


class Draft(NamedTuple):
    """A tree of n proposed tokens, each after its parent in the order of `tokens`.

    tokens: [n] int64. parents: [n] int64, the place of each token's parent in `tokens`, -1 for the last committed id;
    `chain(n)` for a chain. q: [n, V_target] float32, the distribution each token was drawn from; None where the drafter
    is deterministic, a point mass. shown: [n, V_target] float32, what to show as q; None where only the token is
    known."""

    tokens: Tensor
    parents: Tensor
    q: Tensor | None = None
    shown: Tensor | None = None


def chain(n: int, device: torch.device) -> Tensor:
    """Parents of a chain of n tokens: -1, 0, 1, ..., [n] int64."""
    return torch.arange(-1, n - 1, device=device)


def no_draft(device: torch.device) -> Draft:
    """Nothing proposed."""
    return Draft(torch.empty(0, dtype=torch.int64, device=device), chain(0, device))


class Capabilities(NamedTuple):
    """What a drafter needs from the target, and what its drafts are like; the loop hands it no more than this.

    hidden_layers: target layers whose output it reads, 0 for the first, -1 for the last. last_kv: it reads the keys and
    values of the target's last layer. embedding_and_head: it uses the target's input embedding and its head. trees: its
    drafts may branch. point_mass: its drafts have no distribution q at any temperature."""

    hidden_layers: tuple[int, ...] = ()
    last_kv: bool = False
    embedding_and_head: bool = False
    trees: bool = False
    point_mass: bool = False


class LastKv(NamedTuple):
    """Keys, rotated, and values of the target's last layer: [at least length, H_kv, D] each, the first `length` rows
    those of the committed ids but the last. Views, which hold until the target's next forward."""

    keys: Tensor
    values: Tensor
    length: int


class TargetState(NamedTuple):
    """What a drafter that declared it is handed of the target, on the target's device; None where it did not.

    hidden: [layers, n, hidden], the output of the declared layers, before the last norm, at the n positions that joined
    the target's cache since the last call. embed: ids [n] -> [n, hidden], as the first layer reads them. head: last
    hidden states [n, hidden], normalised -> logits [n, V_target]."""

    hidden: Tensor | None = None
    last_kv: LastKv | None = None
    embed: Callable[[Tensor], Tensor] | None = None
    head: Callable[[Tensor], Tensor] | None = None


NOTHING = TargetState()


class DraftContext(NamedTuple):
    """What a drafter proposes from.

    ids: every committed id; the target's cache holds all but the last. n: the most tokens to propose. u: [n] float64
    uniforms to draw with, on the host. n_accepted: proposed tokens accepted in the last round, None before any."""

    ids: Sequence[int]
    n: int
    warp: Warp
    u: Tensor
    n_accepted: int | None = None
    target: TargetState = NOTHING


class Drafter(Protocol):
    """Whatever proposes tokens. It is told of every committed id and keeps its own state in step."""

    capabilities: Capabilities

    def reset(self) -> None:
        """Forget the sequence."""

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        """Take in the next ids of the prompt, at most PREFILL_CHUNK of them; the last id of a prompt is not among
        them. target.hidden has a row for each."""

    def propose(self, context: DraftContext) -> Draft:
        """Propose at most context.n tokens to follow context.ids. The draft lies on the target's device."""

    def commit(self, ids: Sequence[int]) -> None:
        """The committed ids are now `ids`; whatever else was proposed is rejected."""

    def cache_bytes(self) -> int:
        """Memory of the drafter's own state."""


class KeptHidden:
    """Hidden states of the positions that were kept, until the drafter is next asked."""

    def __init__(self) -> None:
        self._waiting: list[Tensor] = []

    def add(self, hidden: Tensor | None, n_kept: int) -> None:
        """Note the first n_kept rows of a forward's [layers, n, hidden], None where the drafter reads none."""
        if hidden is not None:
            self._waiting.append(hidden[:, :n_kept].clone())

    def clear(self) -> None:
        """Forget them."""
        self._waiting.clear()

    def take(self) -> Tensor | None:
        """All that were noted since the last call, [layers, n, hidden]; None where there are none."""
        waiting, self._waiting = self._waiting, []
        return torch.cat(waiting, 1) if waiting else None
