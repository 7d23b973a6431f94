"""The bench of rounds runs what generations run, and refuses pairs that cannot."""

import pytest
import torch

from engine.bench import rounds
from engine.bench.rounds import measure
from engine.commands import Load
from engine.errors import InputError
from engine.fast import static_round
from engine.fast.batched import RowsModel
from engine.fast.static_round import State
from engine.models.loading import Pair
from engine.session.session import Session
from tests import fakes


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder, session, target = tmp_path_factory.mktemp("pair"), Session(), fakes.model()
    list(session.do(Load(fakes.save(target, folder / "t"), fakes.save(fakes.noisy_copy(target), folder / "d"))))
    assert session.models is not None
    return session.models


def test_both_rounds_make_the_same_tokens_and_leave_the_same_state(pair: Pair) -> None:
    found: list[tuple[list[int], State]] = []
    for make in (rounds._recorded, rounds._unrecorded):
        weights = pair.target.fused, pair.drafter.fused if pair.drafter is not None else None
        models = [RowsModel(one, n_rows=1, capacity=64) for one in weights if one is not None]
        state = static_round.new_state(torch.device("cpu"))
        static_round.place(state, [3, 7], 2)
        halves = make(models[0], models[1], state, 4, 64)
        with torch.inference_mode():
            tokens = halves.draft().tolist()
            halves.verify()
        found.append((tokens, state))
    assert found[0][0] == found[1][0]
    assert torch.equal(found[0][1].last_two, found[1][1].last_two)
    assert torch.equal(found[0][1].length, found[1][1].length)


def test_measured_rounds_are_told_with_their_halves_and_bytes(pair: Pair) -> None:
    made = measure(pair, gamma=3, length=100, n_blocks=3)
    assert pair.target.fused is not None
    assert min(made.round_ms, made.draft_ms, made.verify_ms, made.unrecorded_ms, made.target_bytes_per_s) > 0
    assert made.target_bytes > pair.target.fused.n_bytes
    assert (made.captured, made.n_blocks, made.span) == (False, 3, fakes.CONTEXT)
    assert made.recording_cost == made.round_ms / made.unrecorded_ms - 1
    assert made.recording_cost_ci is None
    assert made.recording_cost_range is not None


@pytest.mark.parametrize(("gamma", "length"), [(0, 10), (4, 1), (4, fakes.CONTEXT - 3)])
def test_rounds_that_do_not_fit_are_refused(pair: Pair, gamma: int, length: int) -> None:
    with pytest.raises(InputError, match="do not fit"):
        measure(pair, gamma=gamma, length=length, n_blocks=3)


def test_pair_that_is_not_fused_is_refused(pair: Pair) -> None:
    for other in (Pair(pair.target, None), Pair(pair.target._replace(fused=None), pair.drafter)):
        with pytest.raises(InputError, match="not all on one device, fused"):
            measure(other, gamma=2, length=10, n_blocks=3)
