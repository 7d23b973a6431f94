"""The interface of a drafter: what it declares, what it receives before each draft, and the draft it returns.

A chain is a tree in which each token follows the one before it. Source: arXiv:2211.17192, section 2.3 (chains)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp


class Draft(NamedTuple):
    """A tree of n proposed tokens, in which each token comes after its parent.

    tokens: [n] int64. parents: [n] int64, index of each token's parent in `tokens`, -1 for the last committed id;
    `chain(n)` for a chain. q: [n, V_target] float32, the distribution each token was drawn from; None where the drafter
    is deterministic, a point mass; for siblings that were drawn without replacement, the one before any was. shown:
    [n, V_target] float32, what to show as q; None where only the token is known. widths: how many nodes there are at
    each depth, of a tree whose nodes lie depth by depth; empty for a chain."""

    tokens: Tensor
    parents: Tensor
    q: Tensor | None = None
    shown: Tensor | None = None
    widths: tuple[int, ...] = ()


def chain(n: int, device: torch.device) -> Tensor:
    """Parents of a chain of n tokens: -1, 0, 1, ..., [n] int64."""
    return torch.arange(-1, n - 1, device=device)


def no_draft(device: torch.device) -> Draft:
    """A draft of no tokens."""
    return Draft(torch.empty(0, dtype=torch.int64, device=device), chain(0, device))


class Capabilities(NamedTuple):
    """What a drafter reads of the target, and what its drafts are like; the loop passes nothing beyond this.

    hidden_layers: target layers whose output it reads, 0 for the first, -1 for the last. last_kv: it reads the keys and
    values of the target's last layer. embedding_and_head: it uses the target's input embedding and its head.
    first_layers: how many of the target's first layers it drafts with, in the target's own cache. trees: its drafts
    branch where that is asked for. point_mass: its drafts have no distribution q at any temperature. stops: its chains
    end where `DraftContext.stop_below` says."""

    hidden_layers: tuple[int, ...] = ()
    last_kv: bool = False
    embedding_and_head: bool = False
    first_layers: int = 0
    trees: bool = False
    point_mass: bool = False
    stops: bool = False


class LastKv(NamedTuple):
    """Rotated keys, and values, of the target's last layer: [at least length, H_kv, D] each. The first `length` rows
    belong to the committed ids but the last. Both are views, valid until the target's next forward."""

    keys: Tensor
    values: Tensor
    length: int


class FirstLayers(Protocol):
    """The target's first layers, its last norm and its head, over the target's own cache: `length` ids are in it."""

    device: torch.device
    length: int

    def forward(self, ids: Tensor) -> Tensor:
        """Logits [n, V] after each of the new ids [n], of which these layers' keys and values join the cache."""

    def rollback(self, n: int) -> None:
        """Remove the last n ids."""


class TargetState(NamedTuple):
    """What a drafter reads of the target, on the target's device; None for what it did not declare.

    hidden: [layers, n, hidden], the output of the declared layers, before the last norm, at the n positions that joined
    the target's cache since the last call. embed: ids [n] -> [n, hidden], as the first layer reads them. head: last
    hidden states [n, hidden], normalised -> logits [n, V_target]. first_layers: a model that holds every committed id
    but the last; what the drafter adds to it is removed before its draft is verified."""

    hidden: Tensor | None = None
    last_kv: LastKv | None = None
    embed: Callable[[Tensor], Tensor] | None = None
    head: Callable[[Tensor], Tensor] | None = None
    first_layers: FirstLayers | None = None


NOTHING = TargetState()


class DraftContext(NamedTuple):
    """Input of a drafter for one draft.

    ids: every committed id; the target's cache holds all but the last. n: the most tokens to propose in a row. u: [n]
    float64 uniforms to draw with, on the host; one for each node of a tree. widths: how many nodes the tree has at each
    of n depths; empty for a chain. n_accepted: proposed tokens accepted in the last round, None before any. rules:
    what the target's logits are changed by; a drafter need not follow them, but is accepted more often if it does.
    stop_below: a chain ends with the first token that its drafter gives less probability; 0 for never. That token stays
    in it: left out because of its own value, it would bias the text."""

    ids: Sequence[int]
    n: int
    warp: Warp
    u: Tensor
    n_accepted: int | None = None
    target: TargetState = NOTHING
    rules: RuledText | None = None
    widths: tuple[int, ...] = ()
    stop_below: float = 0.0


class Drafter(Protocol):
    """Proposes tokens. It receives every committed id and keeps its own state in step."""

    capabilities: Capabilities

    def reset(self) -> None:
        """Forget the sequence."""

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        """Process the next ids of the prompt, at most PREFILL_CHUNK, never the prompt's last id.

        target.hidden has a row for each."""

    def propose(self, context: DraftContext) -> Draft:
        """Propose at most context.n tokens to follow context.ids. The draft lies on the target's device."""

    def commit(self, ids: Sequence[int]) -> None:
        """Update the committed ids to `ids`; every other proposed id was rejected."""

    def cache_bytes(self) -> int:
        """Memory of the drafter's own state."""


@runtime_checkable
class Rehearses(Protocol):
    """A drafter with work of its own to capture, which it can do before anything is timed."""

    def rehearse(self, n: int, warp: Warp, target: TargetState) -> Draft:
        """Draft n tokens after a meaningless text that ends where the target's cache does, and forget them."""


@runtime_checkable
class FollowsPath(Protocol):
    """A drafter that keeps something of the nodes of its trees."""

    def follow(self, path: Sequence[int]) -> None:
        """Keep of the last draft, a tree, what belongs to the accepted nodes, in their order; `commit` comes next."""


@runtime_checkable
class ReadsWholePrompt(Protocol):
    """A drafter that reads of a prompt what it can only choose, or is better done, once all of it is there."""

    def prompt_ended(self, ids: Sequence[int]) -> None:
        """Read the whole prompt, of which `prefill` got all but the last id."""


@runtime_checkable
class ExpectsLength(Protocol):
    """A drafter whose memory grows with the text, and is allocated for no more than the text will have."""

    def expect(self, n: int) -> None:
        """Expect at most n ids from the next reset on; more remain possible."""


def follow_path(drafter: object, path: Sequence[int]) -> None:
    """Tell a drafter which nodes of its tree were accepted, if it keeps something of them."""
    if isinstance(drafter, FollowsPath):
        drafter.follow(path)


def end_prompt(drafter: object, ids: Sequence[int]) -> None:
    """Tell a drafter that a prompt is whole, if it wants to know."""
    if isinstance(drafter, ReadsWholePrompt):
        drafter.prompt_ended(ids)


def expect_length(drafter: object, n: int) -> None:
    """Tell a drafter how many ids the next text will have at most, if its memory depends on that."""
    if isinstance(drafter, ExpectsLength):
        drafter.expect(n)


class AcceptedHidden:
    """Collects the hidden states of accepted positions until the drafter proposes again."""

    def __init__(self) -> None:
        self._chunks: list[Tensor] = []

    def add(self, hidden: Tensor | None, n_kept: int, others: Tensor | None = None) -> None:
        """Add the first n_kept rows of a forward's [layers, n, hidden]; None where the drafter reads none.

        others: more rows to add, [k] int64."""
        if hidden is None:
            return
        self._chunks.append(hidden[:, :n_kept].clone())
        if others is not None:
            self._chunks.append(hidden.index_select(1, others))

    def clear(self) -> None:
        """Drop all of them."""
        self._chunks.clear()

    def take(self) -> Tensor | None:
        """Return and drop all states added since the last call, [layers, n, hidden]; None if there are none."""
        chunks, self._chunks = self._chunks, []
        return torch.cat(chunks, 1) if chunks else None
