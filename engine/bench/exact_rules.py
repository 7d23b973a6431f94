"""Enumerates every draft and every outcome of the accept rules over random tables: what is emitted and accepted.

Nothing is sampled: draws are integrated by the odds they are compared with, so that what remains is rounding. A table
has a distribution of the target and one of the drafter after each prefix over a small vocabulary."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.decoding import accept, accept_block, accept_tree, draft_tree, tree_odds
from engine.decoding.accept import Odds

ExactRule: TypeAlias = Literal["token", "block", "independent", "recursive", "point_mass", "traversal"]
N_ENTRIES, N_JOINT = 3, 3
CHAIN_RULES: tuple[ExactRule, ...] = ("token", "block")
TREE_RULES: tuple[ExactRule, ...] = ("independent", "recursive", "point_mass", "traversal")
# No rule accepts fewer tokens than the one that stands before it in a pair.
ORDERED: tuple[tuple[ExactRule, ExactRule], ...] = (
    ("token", "block"), ("independent", "recursive"), ("recursive", "traversal"),
)  # fmt: skip
# Two children, and two of each: no smaller tree tells all rules apart.
BINARY_TREE = (-1, -1, 0, 0, 1, 1)
GAMMAS = (1, 2, 3, 4)
CONCENTRATIONS = (0.4, 1.0, 3.0)


class RuleResult(msgspec.Struct, frozen=True):
    """One rule over random tables of one kind. parents: of the drafts' nodes; concentration: of the symmetric Dirichlet
    distribution that the tables are drawn from, small where one token is much more probable than the others.

    mean_accepted: accepted tokens of a draft, over all tables. first_error, joint_error: the largest deviation from the
    target's probabilities of the first emitted token, and of the first three together."""

    rule: ExactRule
    parents: tuple[int, ...]
    concentration: float
    mean_accepted: float
    first_error: float
    joint_error: float


class RuleGain(msgspec.Struct, frozen=True):
    """How many more tokens of a draft `rule` accepts than `other`: on average, and in the tables with least and
    most."""

    rule: ExactRule
    other: ExactRule
    parents: tuple[int, ...]
    concentration: float
    mean: float
    least: float
    most: float


class RuleTables(msgspec.Struct, frozen=True):
    """All rules, over chains and over trees. largest_error: of any rule in any table; least_gain: the smallest gain in
    any table, never below 0 but for rounding."""

    results: tuple[RuleResult, ...]
    gains: tuple[RuleGain, ...]
    largest_error: float
    least_gain: float
    n_tables: int
    seed: int
    n_entries: int = N_ENTRIES


class Tables(NamedTuple):
    """p[l], q[l]: [T, V^l, V], of T tables, after each prefix of l tokens; a prefix is read as a number in base V."""

    p: tuple[Tensor, ...]
    q: tuple[Tensor, ...]


class Emissions(NamedTuple):
    """What a rule does in each table. accepted: [T], tokens of a draft on average. joint: [T, V^3], the law of the
    first three emitted tokens; where a round emits fewer, the target's own follow."""

    accepted: Tensor
    joint: Tensor


class _Drafts(NamedTuple):
    """Every assignment of tokens to the nodes of a tree. tokens: [D, n]; prefixes: [D, n + 1], what leads to each row,
    as a number; lengths: of these."""

    parents: Tensor
    tokens: Tensor
    prefixes: Tensor
    lengths: tuple[int, ...]


def random_tables(n_tables: int, n_levels: int, concentration: float, seed: int) -> Tables:
    """Tables after prefixes of 0 to n_levels - 1 tokens."""
    rng = np.random.default_rng(seed)

    def level(length: int) -> Tensor:
        return torch.from_numpy(rng.dirichlet([concentration] * N_ENTRIES, size=(n_tables, N_ENTRIES**length)))

    return Tables(*(tuple(map(level, range(n_levels))) for _ in Tables._fields))


def compare_rules(n_tables: int, seed: int) -> Iterator[RuleResult | RuleTables]:
    """Yield each result once it is known, and at last all of them."""
    chains = [(tuple(range(-1, gamma - 1)), 1.0, CHAIN_RULES) for gamma in GAMMAS]
    trees = [(BINARY_TREE, concentration, TREE_RULES) for concentration in CONCENTRATIONS]
    results: list[RuleResult] = []
    gains: list[RuleGain] = []
    for parents, concentration, rules in [*chains, *trees]:
        tables = random_tables(n_tables, max(N_JOINT, 1 + max(_drafts(parents).lengths)), concentration, seed)
        accepted: dict[ExactRule, Tensor] = {}
        for rule in rules:
            emitted = emissions(rule, tables, parents)
            accepted[rule] = emitted.accepted
            first, joint = errors(emitted, tables)
            results.append(RuleResult(rule, parents, concentration, float(emitted.accepted.mean()), first, joint))
            yield results[-1]
        for other, rule in ORDERED:
            if rule in accepted:
                more = accepted[rule] - accepted[other]
                spread = float(more.mean()), float(more.min()), float(more.max())
                gains.append(RuleGain(rule, other, parents, concentration, *spread))
    largest = max(max(result.first_error, result.joint_error) for result in results)
    yield RuleTables(tuple(results), tuple(gains), largest, min(gain.least for gain in gains), n_tables, seed)


def errors(emitted: Emissions, tables: Tables) -> tuple[float, float]:
    """The largest deviation from the target's law of the first emitted token, and of the first three together."""
    target = _extended([torch.ones(emitted.joint.shape[0], 1, dtype=torch.float64)], tables)
    deviation = emitted.joint - target
    first = deviation.view(-1, N_ENTRIES, N_ENTRIES ** (N_JOINT - 1)).sum(-1)
    return float(first.abs().max()), float(deviation.abs().max())


def emissions(rule: ExactRule, tables: Tables, parents: Sequence[int]) -> Emissions:
    """What a rule emits and accepts, over every draft of the shape and every outcome of its draws."""
    drafts = _drafts(parents)
    p, q = _rows(tables.p, drafts, range(len(parents) + 1)), _rows(tables.q, drafts, [i + 1 for i in parents])
    tokens = drafts.tokens.expand(p.shape[0], -1, -1)
    odds = _odds(rule, p, q, tokens, drafts.parents)
    ends = _drafted(rule, q, tokens, drafts.parents).unsqueeze(-1) * _ends(rule, odds.accept_prob, drafts.parents)
    lengths = torch.tensor(drafts.lengths, dtype=torch.float64)
    return Emissions((ends.sum(1) * lengths).sum(-1), _joint(odds, ends, drafts, tables))


def _drafts(parents: Sequence[int]) -> _Drafts:
    n = len(parents)
    tokens = torch.cartesian_prod(*[torch.arange(N_ENTRIES)] * n).view(-1, n)
    prefixes, lengths = [torch.zeros_like(tokens[:, 0])], [0]
    for node, parent in enumerate(parents):
        prefixes.append(prefixes[parent + 1] * N_ENTRIES + tokens[:, node])
        lengths.append(lengths[parent + 1] + 1)
    return _Drafts(torch.tensor(parents), tokens, torch.stack(prefixes, -1), tuple(lengths))


def _rows(levels: Sequence[Tensor], drafts: _Drafts, rows: Sequence[int]) -> Tensor:
    """The distributions at these rows of every draft, [T, D, rows, V]."""
    return torch.stack([levels[drafts.lengths[row]][:, drafts.prefixes[:, row]] for row in rows], 2)


def _odds(rule: ExactRule, p: Tensor, q: Tensor, tokens: Tensor, parents: Tensor) -> Odds:
    match rule:
        case "token":
            return accept.exact_odds(p, q, tokens)
        case "block":
            return accept_block.block_odds(p, q, tokens).odds
        case "independent":
            return tree_odds.independent_odds(p, q, tokens, parents)
        case "recursive":
            return tree_odds.recursive_odds(p, q, tokens, parents)
        case "point_mass":
            return tree_odds.point_mass_odds(p, tokens, parents)
        case "traversal":
            return tree_odds.traversal_odds(p, q, tokens, parents)


def _drafted(rule: ExactRule, q: Tensor, tokens: Tensor, parents: Tensor) -> Tensor:
    """With which probability each draft is made, [T, D]."""
    index = tokens.unsqueeze(-1)
    if rule == "point_mass":  # the most probable tokens of the drafter, in order
        n_better = (q > q.gather(-1, index)).sum(-1)
        return (n_better == draft_tree.earlier_siblings(parents).sum(-1)).all(-1).double()
    drawn_from = tree_odds.untried(q, tokens, parents) if rule in ("recursive", "traversal") else q
    return drawn_from.gather(-1, index).squeeze(-1).prod(-1)


def _ends(rule: ExactRule, accept_prob: Tensor, parents: Tensor) -> Tensor:
    """With which probability the accepted path ends at each row, [T, D, n + 1], over all outcomes of the draws."""
    n = accept_prob.shape[-1]
    outcomes = torch.cartesian_prod(*[torch.tensor([False, True])] * n).view(-1, n)
    weights = torch.ones(*accept_prob.shape[:-1], outcomes.shape[0], dtype=torch.float64)
    for node in range(n):
        accepted = accept_prob[..., node].unsqueeze(-1)
        weights = weights * torch.where(outcomes[:, node], accepted, 1.0 - accepted)
    return weights @ functional.one_hot(_last_rows(rule, outcomes, parents), n + 1).double()


def _last_rows(rule: ExactRule, accepted: Tensor, parents: Tensor) -> Tensor:
    """The row at which the accepted path ends, by which draws were below the odds: [..., n] bool -> [...]."""
    if rule == "block":
        return accept_block.longest(accepted)
    walk = accept_tree.first_left if rule == "traversal" else accept_tree.top_down
    return accept_block.longest(walk(accepted, parents))


def _joint(odds: Odds, ends: Tensor, drafts: _Drafts, tables: Tables) -> Tensor:
    n_tables = ends.shape[0]
    emitted = [torch.zeros(n_tables, N_ENTRIES**length, dtype=torch.float64) for length in range(N_JOINT + 1)]
    for row, length in enumerate(drafts.lengths):
        rest = odds.rest(torch.full(ends.shape[:2], row))
        weights = ends[..., row, None] * rest / rest.sum(-1, keepdim=True)
        codes = drafts.prefixes[:, row, None] * N_ENTRIES + torch.arange(N_ENTRIES)
        kept = min(length + 1, N_JOINT)
        codes = codes // N_ENTRIES ** (length + 1 - kept)
        emitted[kept].index_add_(1, codes.reshape(-1), weights.reshape(n_tables, -1))
    return _extended(emitted, tables)


def _extended(emitted: Sequence[Tensor], tables: Tables) -> Tensor:
    """The law of three tokens, [T, V^3], where the target continues those emitted, [T, V^l] for l = 0, 1, ..."""
    total = emitted[0]
    for length in range(1, N_JOINT + 1):
        total = (total.unsqueeze(-1) * tables.p[length - 1]).flatten(1)
        if length < len(emitted):
            total = total + emitted[length]
    return total
