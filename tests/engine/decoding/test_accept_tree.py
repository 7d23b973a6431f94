"""The rules for trees, against the same written one number at a time, and against their target distribution."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import pytest
import torch
from torch import Tensor

from engine.decoding import accept, accept_block, accept_tree, draft_tree, sampling
from engine.decoding.accept_tree import TreeAcceptance
from engine.decoding.sampling import Warp
from tests.engine.decoding.test_accept import N_SAMPLES, TABLE_P, TABLE_Q, p_value

Rule: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], TreeAcceptance]
V = 5
CHAIN, BINARY, UNEVEN, THREE = (-1, 0, 1), (-1, -1, 0, 0, 1, 1), (-1, -1, 0, 0, 0, 1, 2, 2, 5, 6, 6), (-1, -1, -1, 0)
EVERY_TREE = pytest.mark.parametrize("parents", [CHAIN, BINARY, UNEVEN, THREE], ids=str)


def of_point_mass(p: Tensor, q: Tensor, *rest: Tensor) -> TreeAcceptance:
    """The rule for children that were not drawn, with the arguments of the others."""
    return accept_tree.point_mass(p, *rest)


RULES: dict[str, Rule] = {
    "independent": accept_tree.independent,
    "recursive": accept_tree.recursive,
    "traversal": accept_tree.traversal,
    "point_mass": of_point_mass,
}
EVERY_RULE = pytest.mark.parametrize("rule", RULES)


class Drafted(NamedTuple):
    """A batch of drafts: p, q, tokens, and uniforms."""

    p: Tensor
    q: Tensor
    tokens: Tensor
    u: Tensor
    u_last: Tensor


def drawn(
    parents: Sequence[int], q_of: Callable[[Tensor | None], Tensor], rule: str, u: Tensor
) -> tuple[Tensor, Tensor]:
    """Draw the tokens of trees as a rule needs them: [B, n] tokens, and q before siblings were taken out [B, n, V].

    q_of: the tokens of a node, None for the last committed id -> the drafter's distribution after it [B, V]."""
    tokens: list[Tensor] = []
    rows: list[Tensor] = []
    for node, parent in enumerate(parents):
        q = q_of(None if parent < 0 else tokens[parent])
        siblings = [tokens[i] for i in range(node) if parents[i] == parent]
        rows.append(q)
        if rule == "point_mass":
            tokens.append(q.argsort(-1, descending=True)[:, len(siblings)])
            continue
        for token in siblings if rule != "independent" else []:
            q = q.scatter(-1, token[:, None], 0.0)
        others = torch.ones_like(q)
        for token in siblings:
            others = others.scatter(-1, token[:, None], 0.0)
        tokens.append(sampling.draw(torch.where(q.sum(-1, keepdim=True) > 0, q, others), u[:, node]))
    return torch.stack(tokens, 1), torch.stack(rows, 1)


def random_trees(parents: Sequence[int], rule: str, n_trees: int, seed: int) -> Drafted:
    """Drafts over random distributions, a different one at every node."""
    rng = torch.Generator().manual_seed(seed)
    n = len(parents)
    p = (2 * torch.randn(n_trees, n + 1, V, generator=rng).double()).softmax(-1)
    q_rows = (2 * torch.randn(n_trees, n + 1, V, generator=rng).double()).softmax(-1)
    u = torch.rand(n_trees, 2 * n + 1, generator=rng, dtype=torch.float64)
    at = iter([parent + 1 for parent in parents])
    tokens, q = drawn(parents, lambda token: q_rows[:, next(at)], rule, u[:, :n])
    return Drafted(p, q, tokens, u[:, n:-1], u[:, -1])


def emptied(q: list[float], token: int, tried: set[int]) -> list[float]:
    """q without a token, renormalised; uniform over what was not tried where nothing is left."""
    rest = [0.0 if i == token else x for i, x in enumerate(q)]
    if sum(rest) > 0:
        return [x / sum(rest) for x in rest]
    return [0.0 if i in tried else 1 / (len(q) - len(tried)) for i in range(len(q))]


class Longhand:
    """One tree and its rules, one number at a time. Nodes are deleted for real."""

    def __init__(self, draft: Drafted, parents: Sequence[int], i: int) -> None:
        self.tokens, self.u, self.u_last = draft.tokens[i].tolist(), draft.u[i].tolist(), draft.u_last[i]
        self.parents = parents
        self.children = {node: [j for j, up in enumerate(parents) if up == node] for node in range(-1, len(parents))}
        self.p = {node: draft.p[i, node + 1].tolist() for node in self.children}
        self.q = {node: draft.q[i, below[0]].tolist() for node, below in self.children.items() if below}
        self.tried: dict[int, set[int]] = {node: set() for node in self.children}

    def last(self, node: int) -> int:
        """What is drawn after a node."""
        return int(sampling.draw(torch.tensor(self.p[node], dtype=torch.float64), self.u_last))

    def path(self, node: int) -> list[int]:
        """From the top to a node."""
        return [] if node < 0 else [*self.path(self.parents[node]), node]

    def refuse(self, node: int, a: float = 1.0, *, independent: bool = False) -> float:
        """Take a node out: at its parent, p becomes the rest. Returns the mass of it."""
        up, token = self.parents[node], self.tokens[node]
        rest = [max(a * x - y, 0.0) for x, y in zip(self.p[up], self.q[up], strict=True)]
        self.p[up] = [x / sum(rest) for x in rest] if sum(rest) > 0 else self.p[up]
        self.tried[up].add(token)
        if not independent:
            self.q[up] = emptied(self.q[up], token, self.tried[up])
        self.children[up].remove(node)
        return sum(rest)

    def ratio(self, node: int) -> float:
        """p over q of a node's token, as both are now."""
        up, token = self.parents[node], self.tokens[node]
        return self.p[up][token] / self.q[up][token]

    def independent(self) -> tuple[list[int], int]:
        """Children that were each drawn from q."""
        return self._one_by_one(independent=True)

    def recursive(self) -> tuple[list[int], int]:
        """Children without replacement, one by one."""
        return self._one_by_one(independent=False)

    def _one_by_one(self, *, independent: bool) -> tuple[list[int], int]:
        node = -1
        while self.children[node]:
            child = self.children[node][0]
            if self.u[child] < self.ratio(child):
                node = child
            else:
                self.refuse(child, independent=independent)
        return self.path(node), self.last(node)

    def point_mass(self) -> tuple[list[int], int]:
        """Children that were not drawn."""
        node = -1
        while self.children[node]:
            child = self.children[node][0]
            token = self.tokens[child]
            if self.u[child] < self.p[node][token]:
                node = child
                continue
            self.p[node] = emptied(self.p[node], token, set())
            self.children[node].remove(child)
        return self.path(node), self.last(node)

    def traversal(self) -> tuple[list[int], int]:
        """Whole paths, from the first leaf on."""
        stored = {-1: 1.0}

        def reached(node: int) -> float:
            if node in stored:
                return stored[node]
            return min(1.0, reached(self.parents[node]) * self.ratio(node))

        while self.children[-1]:
            leaf = -1
            while self.children[leaf]:
                leaf = self.children[leaf][0]
            if self.u[leaf] < reached(leaf):
                return self.path(leaf), self.last(leaf)
            up = self.parents[leaf]
            a = reached(up)
            mass = self.refuse(leaf, a)
            stored[up] = mass / (mass + 1 - a) if mass + 1 - a > 0 else 1.0
        return [], self.last(-1)


@EVERY_TREE
@EVERY_RULE
def test_the_rule_is_the_one_of_its_paper(rule: str, parents: tuple[int, ...]) -> None:
    n, n_trees = len(parents), 150
    draft = random_trees(parents, rule, n_trees, seed=len(rule) + n)
    taken = RULES[rule](draft.p, draft.q, draft.tokens, torch.tensor(parents), draft.u, draft.u_last)
    lengths = set()
    for i in range(n_trees):
        longhand = Longhand(draft, parents, i)
        path, last_id = getattr(longhand, rule)()
        assert taken.path[i].tolist() == [*path, *[-1] * (n - len(path))]
        assert (int(taken.n_accepted[i]), int(taken.last_id[i])) == (len(path), last_id)
        assert taken.last_row[i] == (path[-1] + 1 if path else 0)
        lengths.add(len(path))
    assert len(lengths) > 1


@EVERY_RULE
def test_a_tree_alone_has_the_verdict_that_it_has_in_a_batch(rule: str) -> None:
    draft, parents = random_trees(UNEVEN, rule, 20, seed=3), torch.tensor(UNEVEN)
    p, q, tokens, u, u_last = draft
    together = RULES[rule](p, q, tokens, parents, u, u_last)
    for i in range(20):
        alone = RULES[rule](p[i], q[i], tokens[i], parents, u[i], u_last[i])
        assert all(torch.allclose(a[i], b) for a, b in zip(together, alone, strict=True))


@EVERY_RULE
def test_no_tree_is_plain_decoding(rule: str) -> None:
    p, none = torch.tensor([[0.0, 1.0]]), torch.empty(0, dtype=torch.int64)
    half = torch.tensor(0.5, dtype=torch.float64)
    taken = RULES[rule](p, p[:0], none, none, half[None][:0], half)
    assert (int(taken.n_accepted), int(taken.last_id), int(taken.last_row)) == (0, 1, 0)
    assert taken.path.shape == (0,)


def test_traversal_of_a_chain_is_block_verification_and_recursion_the_exact_rule() -> None:
    p, q, tokens, u, u_last = random_trees(CHAIN, "recursive", 300, seed=8)
    for rule, chain_rule in ((accept_tree.traversal, accept_block.block), (accept_tree.recursive, accept.exact)):
        taken, expected = rule(p, q, tokens, torch.tensor(CHAIN), u, u_last), chain_rule(p, q, tokens, u, u_last)
        assert torch.equal(taken.n_accepted, expected.n_accepted)
        assert torch.equal(taken.last_id, expected.last_id)
        assert torch.allclose(taken.overlap, expected.overlap)
    assert torch.allclose(taken.accept_prob, expected.accept_prob)


def test_greedy_walk_follows_the_targets_best_tokens() -> None:
    parents, tokens = torch.tensor(UNEVEN), torch.tensor([7, 4, 1, 5, 6, 5, 8, 9, 2, 3, 0])
    best = torch.tensor([7, 1, 5, 9, 3, 3, 3, 3, 3, 3, 3, 3])
    taken = accept_tree.greedy_walk(best, tokens, parents)
    assert taken.path[:3].tolist() == [0, 2, 7]
    assert (int(taken.n_accepted), int(taken.last_id), int(taken.last_row)) == (3, 3, 8)
    nothing = accept_tree.greedy_walk(best + 10, tokens, parents)
    assert (int(nothing.n_accepted), int(nothing.last_id), int(nothing.last_row)) == (0, 17, 0)
    assert set(nothing.path.tolist()) == {-1}


def test_of_equal_siblings_the_first_is_taken() -> None:
    best, parents = torch.tensor([3, 5, 6]), torch.tensor([-1, -1])
    taken = accept_tree.greedy_walk(best, torch.tensor([3, 3]), parents)
    assert (taken.path.tolist(), int(taken.last_id)) == ([0, -1], 5)


def test_a_token_the_target_rules_out_is_never_accepted() -> None:
    p, q = torch.tensor([[1.0, 0.0, 0.0]] * 3), torch.tensor([[0.0, 0.5, 0.5]] * 2)
    u = torch.zeros(3, dtype=torch.float64)
    for rule in RULES.values():
        taken = rule(p, q, torch.tensor([1, 2]), torch.tensor([-1, -1]), u[:2], u[2])
        assert (int(taken.n_accepted), int(taken.last_id)) == (0, 0)


def test_a_draw_as_large_as_the_odds_is_a_rejection() -> None:
    draft = random_trees(BINARY, "traversal", 50, seed=4)
    p, q, tokens, _, u_last = draft
    for rule in RULES.values():
        odds = rule(p, q, tokens, torch.tensor(BINARY), torch.ones_like(draft.u), u_last).accept_prob
        refused = rule(p, q, tokens, torch.tensor(BINARY), odds.clone(), u_last)
        below = torch.nextafter(odds, torch.zeros_like(odds))
        accepted = rule(p, q, tokens, torch.tensor(BINARY), below, u_last)
        sure = (odds == 1).any(-1)
        assert (refused.n_accepted[~sure] == 0).all()
        assert (accepted.n_accepted > 0).all()


def triples(rule: str, parents: Sequence[int], warp: Warp, n: int, seed: int) -> Tensor:
    """The first three tokens [n, 3] of n generations; the next token depends on the last one alone."""
    p_table, q_table = sampling.probabilities(TABLE_P, warp), sampling.probabilities(TABLE_Q, warp)
    rng, n_nodes = torch.Generator().manual_seed(seed), len(parents)
    texts, length, rows = torch.zeros(n, 3, dtype=torch.int64), torch.zeros(n, dtype=torch.int64), torch.arange(n)
    for _ in range(3):
        last = torch.where(length > 0, texts[rows, (length - 1).clamp_min(0)], 0)
        u = torch.rand(n, 2 * n_nodes + 1, generator=rng, dtype=torch.float64)
        tokens, q = drawn(
            parents, lambda token, last=last: q_table[last if token is None else token], rule, u[:, :n_nodes]
        )
        p = p_table[torch.cat([last[:, None], tokens], 1)]
        taken = RULES[rule](p, q, tokens, torch.tensor(parents), u[:, n_nodes:-1], u[:, -1])
        path = torch.cat([taken.path, taken.path[:, :1]], 1)
        for i in range(int(taken.n_accepted.max()) + 1):
            token = tokens.gather(1, path[:, i : i + 1].clamp_min(0))[:, 0]
            token = torch.where(taken.n_accepted > i, token, taken.last_id)
            is_open = (length < 3) & (taken.n_accepted >= i)
            texts[rows[is_open], length[is_open]] = token[is_open]
            length += is_open.long()
    return texts


# The third child of a drafter with two tokens is drawn from what is left: uniformly.
EXHAUSTED = Warp(1.0, top_k=2)


@pytest.mark.parametrize(("parents", "warp"), [(BINARY, Warp(0.8, top_p=0.9)), (THREE, EXHAUSTED)])
@EVERY_RULE
def test_first_three_tokens_are_jointly_distributed_as_the_target(
    rule: str, parents: tuple[int, ...], warp: Warp
) -> None:
    p = sampling.probabilities(TABLE_P, warp)
    expected = (p[0][:, None, None] * p[:, :, None] * p[None, :, :]).flatten()
    texts = triples(rule, parents, warp, N_SAMPLES, seed=29)
    n_tests = 2 * len(RULES) * 2
    assert p_value(texts @ torch.tensor([16, 4, 1]), expected) > 1e-3 / n_tests
    assert p_value(texts[:, 0], p[0]) > 1e-3 / n_tests


def test_the_tested_children_of_a_node_share_its_overlap() -> None:
    draft = random_trees(BINARY, "recursive", 10, seed=5)
    overlap = accept_tree.overlaps(draft.p, draft.q, torch.tensor(BINARY))
    for node, parent in enumerate(BINARY):
        expected = torch.minimum(draft.p[:, parent + 1], draft.q[:, node]).sum(-1)
        assert torch.allclose(overlap[:, node], expected)
    assert draft_tree.earlier_siblings(torch.tensor(BINARY)).any()
