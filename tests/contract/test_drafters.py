"""What every drafter keeps to: exact text at any temperature's seed, widths, and being told of what was kept."""

from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from engine import drafters
from engine.commands import Load
from engine.decoding.drafting import Draft, DraftContext, Drafter
from engine.decoding.sampling import Warp
from engine.models import target_state
from engine.models.loading import LoadedModel
from engine.session.session import Session
from tests import fakes, longspec, vocabularies
from tests.engine.session.running import emitted, loaded, run

SPECS = {
    "small_model": "D",
    "small_model, other tokenizer": "O",
    "prompt_lookup": "lookup",
    "early_exit": "early-exit:1",
    "longspec": "L",
    "window": "window:8+2:D",
}
# What it reads and writes is the target's cache.
STATELESS = {"early_exit"}
IDS = [5, 6, 7, 5, 6, 7, 5, 6]


class Pairs(NamedTuple):
    folder: Path
    runtime: str


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made, target = tmp_path_factory.mktemp("pairs"), fakes.model(sharpness=2.0)
    fakes.save(target, made / "t")
    fakes.save(fakes.noisy_copy(target), made / "D")
    longspec.save(longspec.block_for(target), made / "L", str(made / "t"))
    words = vocabularies.tokenizer("space_sign")
    fakes.save(fakes.model(sharpness=2.0, n_vocabulary=len(words)), made / "O", words=words)
    return made


@pytest.fixture(scope="module", params=["fused", "modules"])
def pairs(request: pytest.FixtureRequest, folder: Path) -> Pairs:
    return Pairs(folder, str(request.param))


def built(pairs: Pairs, name: str) -> tuple[Session, Drafter, LoadedModel]:
    before, mark, last = SPECS[name].rpartition(":")
    spec = before + mark + str(pairs.folder / last) if (pairs.folder / last).exists() else SPECS[name]
    session = loaded(Load(str(pairs.folder / "t"), spec, runtime=pairs.runtime))
    assert session.drafter is not None
    assert session.target is not None
    return session, session.drafter, session.target


def proposed(drafter: Drafter, target: LoadedModel, warp: Warp) -> Draft:
    """A draft after IDS, with what the drafter needs of the target."""
    sequence, needed = target.sequence(), drafter.capabilities
    sequence.prefill(torch.tensor(IDS[:-1]))
    state = target_state.handles(target, needed)
    if needed.first_layers:
        state = state._replace(first_layers=sequence.first_layers(needed.first_layers))
    if needed.last_kv:
        state = state._replace(last_kv=sequence.last_kv())
    drafter.prefill(IDS[:-1], state)
    return drafter.propose(DraftContext(IDS, 3, warp, torch.rand(3, dtype=torch.float64), target=state))


def test_every_drafter_is_in_the_contract() -> None:
    assert {found.name for found in drafters.discover()} == {name.partition(",")[0] for name in SPECS}


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("warp", [Warp(), Warp(1.0)], ids=["greedy", "sampling"])
def test_drafts_fit_the_target_and_q_is_what_the_token_was_drawn_from(pairs: Pairs, name: str, warp: Warp) -> None:
    _, drafter, target = built(pairs, name)
    with torch.inference_mode():
        draft = proposed(drafter, target, warp)
    n = len(draft.tokens)
    assert n <= 3
    assert draft.parents.tolist() == list(range(-1, n - 1))
    for rows in (draft.q, draft.shown):
        assert rows is None or rows.shape == (n, target.n_vocabulary)
    if draft.q is not None:
        assert torch.allclose(draft.q.sum(-1), torch.ones(n), atol=1e-5)
        assert (draft.q.gather(1, draft.tokens.view(-1, 1)) > 0).all()


@pytest.mark.parametrize("name", SPECS)
def test_reset_makes_the_next_sequence_independent_of_the_last(pairs: Pairs, name: str) -> None:
    session, _, _ = built(pairs, name)
    first = emitted(run(session, "The harbour", max_new_tokens=20, temperature=1.0, seed=3))
    run(session, "In the town of", max_new_tokens=20)
    assert emitted(run(session, "The harbour", max_new_tokens=20, temperature=1.0, seed=3)) == first


@pytest.mark.parametrize("name", SPECS)
def test_state_has_a_size_and_is_given_back_after_a_run(pairs: Pairs, name: str) -> None:
    session, drafter, target = built(pairs, name)
    with torch.inference_mode():
        proposed(drafter, target, Warp())
    assert (drafter.cache_bytes() > 0) == (name not in STATELESS)
    run(session, "The harbour", max_new_tokens=8)
    assert drafter.cache_bytes() == 0
