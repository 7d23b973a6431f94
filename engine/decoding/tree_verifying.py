"""Verifies draft trees: one target forward over all nodes, and the accept rule that the draft and the warping need."""

from typing import Literal, NamedTuple, Protocol, TypeAlias

import msgspec
from torch import Tensor

from engine.decoding import accept_tree, sampling
from engine.decoding.accept_tree import TreeAcceptance
from engine.decoding.drafting import Draft
from engine.decoding.verifying import VerifyContext
from engine.settings import AcceptRule

TreeRule: TypeAlias = Literal["recursive", "traversal", "independent"]
_RULES = {
    "recursive": accept_tree.recursive,
    "traversal": accept_tree.traversal,
    "independent": accept_tree.independent,
}


class TreeVerdict(NamedTuple):
    """A verification's result. logits: [n + 1, V] it used, row 0 after the last committed id and row i + 1 after node
    i; p: [n + 1, V] float32, the distributions to show."""

    acceptance: TreeAcceptance
    logits: Tensor
    p: Tensor


class TreeVerifies(Protocol):
    """Decides which path of a tree is accepted. It must be hashable, and run the same operations for the same shapes: a
    device may replay them."""

    def verify(self, context: VerifyContext, draft: Draft) -> TreeVerdict:
        """Verify a tree without reading anything back from the device; context.logits returns rows in node order."""


class TreeVerifier(msgspec.Struct, frozen=True):
    """The rules whose output is distributed exactly as the target's.

    rule: for children that were drawn: without replacement (recursive, traversal) or each on its own (independent).
    Greedy decoding always walks down the target's best tokens, and children that were not drawn are always tested as
    point masses."""

    rule: TreeRule = "traversal"

    def verify(self, context: VerifyContext, draft: Draft) -> TreeVerdict:
        """Verify a tree of n nodes by one target forward."""
        logits = context.logits(draft.tokens)
        if context.warp.greedy:
            walked = accept_tree.greedy_walk(logits.argmax(-1), draft.tokens, draft.parents)
            return TreeVerdict(walked, logits, logits.softmax(-1))
        p = sampling.probabilities(logits, context.warp)
        if draft.q is None:
            taken = accept_tree.point_mass(p, draft.tokens, draft.parents, context.u, context.u_last)
        else:
            taken = _RULES[self.rule](p, draft.q, draft.tokens, draft.parents, context.u, context.u_last)
        return TreeVerdict(taken, logits, p)


def tree_verifier(rule: AcceptRule) -> TreeVerifier:
    """The verifier of trees by a rule; of a tree, token is recursive and block is traversal."""
    return TreeVerifier("traversal" if rule in ("block", "traversal") else "recursive")
