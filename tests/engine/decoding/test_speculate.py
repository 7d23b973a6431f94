"""Trees through the whole loop: greedy text is the target's own, sampled text is distributed as the target's."""

from collections import Counter
from pathlib import Path
from threading import Event as Flag

import pytest
import torch
from msgspec.structs import replace
from scipy.stats import chisquare
from transformers import PreTrainedModel

from engine.commands import Load, Run
from engine.decoding.generation import whole
from engine.decoding.sampling import Warp, probabilities
from engine.events import RunStarted, Warned
from engine.methods.speculative.config import SpeculativeConfig
from engine.runtime import RunContext
from engine.session.session import Session
from engine.settings import AcceptRule, Request
from tests import fakes, longspec
from tests.engine.fast.static_pair import on_static
from tests.engine.session import running
from tests.engine.session.running import emitted, rounds, run

PROMPT = "The harbour of the old town lay quiet"
TREES = ("4,8,8", "1,1,1,1", "3", "8,2,5")
FULL_LAST = {"layer_types": ["sliding_attention", "full_attention"]}
RUNTIMES = ("fused", "modules")
WINDOWED = ("mistral-sliding", "gemma2", "gemma3_text")
LAWS = (
    ("small model", "fused", "token"),
    ("small model", "fused", "traversal"),
    ("longspec", "fused", "traversal"),
    ("longspec", "modules", "token"),
)
N_SAMPLES, N_KEPT = 300, 3
FUSED = ("llama", "mistral", "mistral-sliding", "qwen2", "qwen3", "granite", "gemma3_text")


def saved(family: str, folder: Path, *, longspec_too: bool = False) -> tuple[str, str]:
    """A target and a related drafter."""
    changes = FULL_LAST if longspec_too and family == "gemma3_text" else {}
    model = fakes.model(family, sharpness=2.0, **changes)
    target = fakes.save(model, folder / "t")
    if longspec_too:
        return target, longspec.save(longspec.block_for(model), folder / "d", target)
    drafter = fakes.noisy_copy(model)
    if family in WINDOWED:  # on modules, a tree must fit into the drafter's window
        drafter.config.sliding_window = 1024
    return target, fakes.save(drafter, folder / "d")


def loaded(pair: tuple[str, str], runtime: str) -> Session:
    return running.loaded(Load(*pair, runtime=runtime))


def plain(session: Session, n: int, **settings: float) -> tuple[int, ...]:
    chosen = {"max_new_tokens": n, "stop_at_end": False, **settings}
    return emitted(list(session.do(Run("plain", chosen, Request(PROMPT)), Flag())))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return saved("llama", tmp_path_factory.mktemp("pair"))


@pytest.fixture(scope="module")
def longspec_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return saved("llama", tmp_path_factory.mktemp("longspec"), longspec_too=True)


@pytest.fixture(params=["small model", "longspec"])
def any_pair(request: pytest.FixtureRequest, pair: tuple[str, str], longspec_pair: tuple[str, str]) -> tuple[str, str]:
    return pair if request.param == "small model" else longspec_pair


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("tree", TREES)
def test_greedy_text_is_that_of_plain_decoding(any_pair: tuple[str, str], runtime: str, tree: str) -> None:
    session = loaded(any_pair, runtime)
    events = run(session, PROMPT, max_new_tokens=60, tree=tree)
    assert emitted(events) == plain(session, 60)
    fates = Counter(token.fate for one in rounds(events) for token in one.proposed)
    assert fates["rejected"]
    widths = [int(width) for width in tree.split(",")]
    assert max(len(one.proposed) for one in rounds(events)) == sum(widths)
    assert max(one.depth for one in rounds(events)) == len(widths)


@pytest.mark.parametrize(
    ("family", "runtime"),
    [*((family, "modules") for family in fakes.FAMILIES), *((family, "fused") for family in FUSED)],
)
def test_every_family_says_what_it_says_alone(family: str, runtime: str, tmp_path: Path) -> None:
    session = loaded(saved(family, tmp_path), runtime)
    events = run(session, PROMPT, max_new_tokens=60, tree="3,6,4")
    assert emitted(events) == plain(session, 60)
    assert any(one.path and one.path != tuple(range(len(one.path))) for one in rounds(events)), "nothing was moved"


@pytest.mark.parametrize("family", ["qwen2", "qwen3", "granite", "gemma3_text", "mistral", "olmo2"])
def test_longspec_trees_of_every_family_say_what_it_says_alone(family: str, tmp_path: Path) -> None:
    session = loaded(saved(family, tmp_path, longspec_too=True), "auto")
    assert emitted(run(session, PROMPT, max_new_tokens=60, tree="3,6,4")) == plain(session, 60)


def test_rounds_state_parents_and_path(any_pair: tuple[str, str]) -> None:
    for one in rounds(run(loaded(any_pair, "fused"), PROMPT, max_new_tokens=60, tree="4,8,8")):
        assert len(one.parents) == len(one.proposed)
        assert [node for node, token in enumerate(one.proposed) if token.fate == "accepted"] == sorted(one.path)
        assert [one.parents[node] for node in one.path] == [-1, *one.path[:-1]][: len(one.path)]
        assert one.emitted[: len(one.path)] == tuple(one.proposed[node].id for node in one.path)
        for node, token in enumerate(one.proposed):
            siblings = [other for other in range(node) if one.parents[other] == one.parents[node]]
            assert token.id not in {one.proposed[other].id for other in siblings}
            if token.fate == "rejected":
                assert one.parents[node] in (-1, *one.path)
                assert not set(siblings) & set(one.path)


def test_chains_state_neither(pair: tuple[str, str]) -> None:
    for one in rounds(run(loaded(pair, "fused"), PROMPT, max_new_tokens=20, gamma=3)):
        assert one.parents == one.path == ()


def test_a_chain_written_as_a_tree_accepts_what_a_chain_does(any_pair: tuple[str, str]) -> None:
    session = loaded(any_pair, "fused")
    as_tree = rounds(run(session, PROMPT, max_new_tokens=60, tree="1,1,1"))
    as_chain = rounds(run(session, PROMPT, max_new_tokens=60, gamma=3))
    assert [one.emitted for one in as_tree] == [one.emitted for one in as_chain]
    for one, other in zip(as_tree, as_chain, strict=True):
        assert [token.fate for token in one.proposed] == [token.fate for token in other.proposed]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_trees_end_with_the_context(any_pair: tuple[str, str], runtime: str) -> None:
    session = loaded(any_pair, runtime)
    events = run(session, PROMPT, max_new_tokens=10_000, tree="4,8,8")
    n_prompt = len(next(event for event in events if isinstance(event, RunStarted)).prompt_ids)
    assert n_prompt + len(emitted(events)) == fakes.CONTEXT
    assert emitted(events) == plain(session, 10_000)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_is_recorded_of_a_node_is_of_the_text_before_it(any_pair: tuple[str, str], runtime: str) -> None:
    session = loaded(any_pair, runtime)
    events = run(session, PROMPT, max_new_tokens=12, tree="3,4,4", temperature=1.0)
    ids = list(next(event for event in events if isinstance(event, RunStarted)).prompt_ids)
    assert session.target is not None
    for one in rounds(events):
        paths: list[list[int]] = []
        for i, token in enumerate(one.proposed):
            before = [] if one.parents[i] < 0 else paths[one.parents[i]]
            paths.append([*before, token.id])
            with torch.inference_mode():
                logits = session.target.model(input_ids=torch.tensor([[*ids, *before]]), use_cache=False).logits
            p = logits[0, -1].softmax(-1)
            assert token.p == pytest.approx(float(p[token.id]), abs=1e-5)
            assert token.top_p[0].id == int(p.argmax())
            assert token.top_p[0].prob == pytest.approx(float(p.max()), abs=1e-5)
        ids += one.emitted


def test_a_stop_token_within_a_path_ends_the_text(any_pair: tuple[str, str]) -> None:
    session = loaded(any_pair, "fused")
    free = emitted(run(session, PROMPT, max_new_tokens=60, tree="4,8,8"))
    assert session.target is not None
    for at in (0, 3, 7, 12):
        stop = next(token for token in free[at:] if free.index(token) >= at)
        session.target = session.target._replace(stop_ids=frozenset([stop]))
        events = run(session, PROMPT, max_new_tokens=60, tree="4,8,8", stop_at_end=True)
        assert emitted(events) == free[: free.index(stop) + 1]
        final = rounds(events)[-1]
        assert final.last is None or final.last.id == stop


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("settings", [{"repetition_penalty": 1.4}])
def test_rules_are_applied_along_each_path(any_pair: tuple[str, str], runtime: str, settings: dict[str, float]) -> None:
    session = loaded(any_pair, runtime)
    ruled = plain(session, 60, **settings)
    assert ruled != plain(session, 60)
    assert emitted(run(session, PROMPT, max_new_tokens=60, tree="4,8,8", **settings)) == ruled


@pytest.mark.parametrize(("drafter", "runtime", "accept"), LAWS)
@torch.inference_mode()
def test_sampled_text_has_the_targets_distribution(
    pair: tuple[str, str], longspec_pair: tuple[str, str], drafter: str, runtime: str, accept: AcceptRule
) -> None:
    session = loaded(pair if drafter == "small model" else longspec_pair, runtime)
    assert session.target is not None
    ids = tuple(session.target.tokenizer(PROMPT)["input_ids"])
    rt = RunContext(session.target, session.drafter, drafter, cancelled=Flag())
    config = SpeculativeConfig(tree="2,3", temperature=0.7, top_k=N_KEPT, max_new_tokens=3, accept=accept)
    counts: Counter[tuple[int, ...]] = Counter()
    for seed in range(N_SAMPLES):
        _, made = whole(rt.generate(replace(config, seed=seed), ids, gamma=2, widths=config.widths))
        counts[made.ids[:2]] += 1
    expected: dict[tuple[int, ...], float] = {}
    for first, p in likely(session.target.model, ids).items():
        expected |= {(first, second): p * q for second, q in likely(session.target.model, (*ids, first)).items()}
    assert set(counts) <= set(expected)
    observed = [counts[path] for path in expected]
    assert len(observed) == N_KEPT**2
    total = sum(expected.values())  # of float32 numbers
    assert chisquare(observed, [N_SAMPLES * p / total for p in expected.values()]).pvalue > 1e-3


def likely(model: PreTrainedModel, ids: tuple[int, ...]) -> dict[int, float]:
    """The target's distribution of the next token."""
    p = probabilities(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1], Warp(0.7, top_k=N_KEPT))
    return {token: float(p[token]) for token in p.nonzero()[:, 0].tolist()}


def test_the_same_seed_draws_the_same_tree(any_pair: tuple[str, str]) -> None:
    session = loaded(any_pair, "fused")
    first, second = (
        [(one.emitted, [token.id for token in one.proposed]) for one in rounds(run(
            session, PROMPT, max_new_tokens=30, tree="3,4", temperature=1.0, seed=seed
        ))]
        for seed in (5, 5)
    )  # fmt: skip
    assert first == second
    other = rounds(run(session, PROMPT, max_new_tokens=30, tree="3,4", temperature=1.0, seed=6))
    assert [one.emitted for one in other] != [emitted for emitted, _ in first]


def test_trees_are_decoded_without_graphs_and_a_run_says_so(any_pair: tuple[str, str]) -> None:
    session = loaded(any_pair, "fused")
    expected = emitted(run(session, PROMPT, max_new_tokens=30, tree="4,8,8"))
    events = run(on_static(session), PROMPT, max_new_tokens=30, tree="4,8,8")
    assert emitted(events) == expected
    assert not next(event for event in events if isinstance(event, RunStarted)).graphs
    assert [event.message for event in events if isinstance(event, Warned)] == [
        "draft trees are decoded without CUDA graphs, which is slower"
    ]


def test_wide_trees_go_through_the_forward_of_many_rows(any_pair: tuple[str, str]) -> None:
    session = loaded(any_pair, "fused")
    assert emitted(run(session, PROMPT, max_new_tokens=50, tree="16,40,30")) == plain(session, 50)
