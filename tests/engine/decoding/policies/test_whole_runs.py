"""Every policy in whole generations: the text is the target's, in greedy decoding and in law."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from threading import Event as Flag
from typing import get_args

import pytest
import torch
from msgspec.structs import replace
from scipy.stats import chisquare

from engine.commands import Load, Run
from engine.decoding.generation import whole
from engine.decoding.policies.policy import Decision, RoundFacts
from engine.decoding.policies.round_times import RoundTimes
from engine.decoding.sampling import Warp, probabilities
from engine.errors import InputError
from engine.events import PolicyDecided, RoundFinished
from engine.methods.speculative.config import SpeculativeConfig
from engine.runtime import RunContext
from engine.session.session import Session
from engine.settings import AcceptRule, PolicyName, Request
from tests import fakes
from tests.engine.session.running import emitted, loaded, rounds, run

POLICIES = [name for name in get_args(PolicyName) if name != "fixed"]
N_SAMPLES, N_KEPT = 400, 3
PROMPT = "The harbour"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    path: Path = tmp_path_factory.mktemp("pair")
    target = fakes.model()
    return fakes.save(target, path / "t"), fakes.save(fakes.noisy_copy(target), path / "d")


def session_of(folder: tuple[str, str], runtime: str = "fused") -> Session:
    return loaded(Load(*folder, runtime=runtime))


@pytest.fixture(scope="module")
def session(folder: tuple[str, str]) -> Session:
    return session_of(folder)


@pytest.mark.parametrize("policy", POLICIES)
def test_greedy_text_is_that_of_plain_decoding(policy: str, session: Session) -> None:
    plain = list(session.do(Run("plain", {"stop_at_end": False, "max_new_tokens": 90}, Request(PROMPT)), Flag()))
    events = run(session, PROMPT, max_new_tokens=90, policy=policy, gamma=3, most_gamma=6)
    assert emitted(events) == emitted(plain)
    decisions = [event for event in events if isinstance(event, PolicyDecided)]
    lengths = {event.round: len(event.proposed) for event in rounds(events)[:-2]}
    now = 3
    for n, drafted in lengths.items():
        now = next((each.gamma_after for each in decisions if each.round == n), now)
        assert drafted == now, n
    for before, after in pairwise(decisions):
        assert after.gamma_before == before.gamma_after != after.gamma_after


def test_a_decision_comes_before_the_rounds_that_it_changes(session: Session) -> None:
    events = run(session, PROMPT, max_new_tokens=60, policy="heuristic", gamma=2)
    n_rounds = 0
    for event in events:
        n_rounds += isinstance(event, RoundFinished)
        assert not isinstance(event, PolicyDecided) or event.round == n_rounds
    assert any(isinstance(event, PolicyDecided) for event in events)


@pytest.mark.parametrize("tree", ["2,2,2"])
@pytest.mark.parametrize("policy", ["best-s", "heuristic", "fallback"])
def test_of_a_tree_the_depth_is_chosen(policy: str, tree: str, session: Session) -> None:
    plain = emitted(run(session, PROMPT, max_new_tokens=60))
    events = run(session, PROMPT, max_new_tokens=60, policy=policy, tree=tree)
    assert emitted(events) == plain
    assert max(event.depth for event in rounds(events)) <= 3


@pytest.mark.parametrize("runtime", ["fused", "modules"])
@pytest.mark.parametrize("limit", [{"draft_until": 40}, {"least_free": 2**40}])
def test_within_limits_the_text_is_the_same_and_drafting_ends(
    limit: dict[str, int], runtime: str, folder: tuple[str, str]
) -> None:
    session = session_of(folder, runtime)
    events = run(session, PROMPT, max_new_tokens=90, **limit)
    assert emitted(events) == emitted(run(session, PROMPT, max_new_tokens=90))
    last = rounds(events)[-5:]
    assert not any(event.proposed for event in last)
    assert [event.reason for event in events if isinstance(event, PolicyDecided)] in (["long_text"], ["little_memory"])


class LongPlain:
    """Drafts nothing for a while, and then as always."""

    settled = False
    lengths = (0, 4)

    def __init__(self, n_plain: int) -> None:
        self._n_left = n_plain

    def begin(self) -> None:
        """Decide nothing."""

    @property
    def gamma(self) -> int:
        """0 at first."""
        return 0 if self._n_left > 0 else 4

    def observe(self, facts: RoundFacts) -> Decision | None:
        """Count the rounds."""
        self._n_left -= 1
        return Decision(4, "pays") if self._n_left == 0 else None


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_a_drafter_catches_up_with_a_long_plain_stretch(
    runtime: str, folder: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of((folder[0], folder[0]), runtime)
    monkeypatch.setattr("engine.runtime.policy_for", lambda *_, **__: LongPlain(60))
    events = rounds(run(session, PROMPT, max_new_tokens=100))
    assert all(len(event.emitted) == 1 for event in events[:60])
    drafted = [event for event in events[60:] if event.proposed]
    assert drafted and all(event.n_accepted == len(event.proposed) for event in drafted)  # the target drafts for itself


LAWS: list[tuple[PolicyName, AcceptRule]] = [
    ("best-s", "token"), ("heuristic", "token"), ("confidence", "token"), ("confidence", "block"),
    ("saturation", "block"), ("fallback", "token"),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "accept"), LAWS)
@torch.inference_mode()
def test_sampled_text_has_the_targets_distribution(policy: PolicyName, accept: AcceptRule, session: Session) -> None:
    assert session.target is not None
    ids = tuple(session.target.tokenizer(PROMPT)["input_ids"])
    times = RoundTimes()
    times.tried(range(9))
    for n, ms in ((0, 1.0), (1, 1.1), (2, 1.2), (4, 1.4)):
        times.calibrate(n, ms)
    rt = RunContext(session.target, session.drafter, "", cancelled=Flag(), round_times=times)
    config = SpeculativeConfig(
        temperature=0.7, top_k=N_KEPT, max_new_tokens=4, accept=accept, policy=policy, gamma=2, most_gamma=4,
        confidence=0.6, stop_at_end=False,
    )  # fmt: skip
    counts: Counter[tuple[int, ...]] = Counter()
    for seed in range(N_SAMPLES):
        _, made = whole(rt.generate(replace(config, seed=seed), ids, gamma=2))
        counts[made.ids[:2]] += 1
    expected: dict[tuple[int, ...], float] = {}
    for first, p in likely(session, ids).items():
        expected |= {(first, second): p * q for second, q in likely(session, (*ids, first)).items()}
    assert set(counts) <= set(expected)
    total = sum(expected.values())
    wanted = {pair: N_SAMPLES * p / total for pair, p in expected.items()}
    cells = [pair for pair in wanted if wanted[pair] >= 5]
    seen, meant = [counts[pair] for pair in cells], [wanted[pair] for pair in cells]
    if len(cells) < len(wanted):
        seen, meant = [*seen, N_SAMPLES - sum(seen)], [*meant, N_SAMPLES - sum(meant)]
    assert chisquare(seen, meant).pvalue > 1e-3 / len(LAWS)


def likely(session: Session, ids: tuple[int, ...]) -> dict[int, float]:
    """The target's distribution of the next token."""
    assert session.target is not None
    logits = session.target.model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
    p = probabilities(logits.float(), Warp(0.7, top_k=N_KEPT))
    return {token: float(p[token]) for token in p.nonzero()[:, 0].tolist()}


def test_confidence_keeps_the_token_that_ended_a_draft_and_drafts_none_after_it(session: Session) -> None:
    events = rounds(run(session, PROMPT, max_new_tokens=60, policy="confidence", confidence=0.5, gamma=6))
    drafts = [[token.q for token in event.proposed] for event in events[:-1]]
    assert any(1 < len(draft) < 6 for draft in drafts) or any(len(draft) == 1 for draft in drafts)
    for draft in drafts:
        assert all(q >= 0.5 for q in draft[:-1])
        assert len(draft) == 6 or draft[-1] < 0.5


def test_confidence_is_refused_where_there_is_none_to_stop_at(folder: tuple[str, str]) -> None:
    session = Session()
    list(session.do(Load(folder[0], "lookup")))
    with pytest.raises(InputError, match="does not say how sure"):
        run(session, PROMPT, policy="confidence")
