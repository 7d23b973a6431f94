"""The loss of a LongSpec block: what is drawn, what each switch changes, and that it is what drafting computes."""

from random import Random

import pytest
import torch

from engine.decoding.cached_model import read_texts
from engine.decoding.drafting import DraftContext, LastKv, TargetState
from engine.decoding.sampling import Warp
from engine.drafters.longspec import drafter_over
from engine.longspec.block import LongspecBlock
from engine.models.loading import LoadedModel
from engine.training import longspec_objective, objectives
from engine.training.longspec_objective import LongspecSwitches, TextDraw, draft_logits, drawn, loss_of, objective
from engine.training.rows import TrainingBatch
from tests import fakes, longspec
from tests.fake_cuda.kinds import loaded

N = 24
ALL = LongspecSwitches()


@pytest.fixture(scope="module")
def target() -> LoadedModel:
    return loaded(None, "llama", "cpu", torch.float32)


@pytest.fixture
def block(target: LoadedModel) -> LongspecBlock:
    return longspec.block_for(target.model, window=6).requires_grad_(True)


@pytest.fixture(scope="module")
def batch() -> TrainingBatch:
    torch.manual_seed(2)
    return TrainingBatch(torch.randint(0, fakes.N_ENTRIES, (3, N)), torch.rand(3, N))


def test_sinks_offset_and_lag_are_drawn_from_their_ranges() -> None:
    rng = Random(1)
    draws = [drawn(rng, 200, context=8192, switches=ALL) for _ in range(4000)]
    assert {draw.n_sinks for draw in draws} == {0, 1, 2, 3, 4}
    assert {draw.lag for draw in draws} == {1, 2, 3, 4}
    assert min(draw.offset for draw in draws) < 20
    assert 6900 < max(draw.offset for draw in draws) <= 8192 - 1000 - 200
    assert 29_000 < max(drawn(rng, 200, context=1 << 20, switches=ALL).offset for _ in range(500)) <= 29_800


def test_a_position_after_the_sinks_moves_by_the_offset() -> None:
    positions = TextDraw(4, 16257, 1).positions(7, torch.device("cpu"))
    assert positions.tolist() == [0, 1, 2, 3, 16261, 16262, 16263]


@pytest.mark.parametrize(
    ("length", "context", "switches"),
    [(1201, 32768, ALL), (200, 128, ALL), (200, 32768, ALL._replace(anchor_offset=False))],
    ids=["long", "short context", "switched off"],
)
def test_long_texts_and_those_without_the_switch_stand_at_ordinary_positions(
    length: int, context: int, switches: LongspecSwitches
) -> None:
    for seed in range(20):
        draw = drawn(Random(seed), length, context=context, switches=switches)
        assert draw.positions(length, torch.device("cpu")).tolist() == list(range(length))


def test_without_noise_the_keys_lag_by_one() -> None:
    assert {drawn(Random(seed), 20, context=99, switches=ALL._replace(noisy=False)).lag for seed in range(20)} == {1}


@pytest.mark.parametrize("lag", [1, 2, 4])
def test_the_logits_are_those_of_a_draft_with_so_old_keys(
    target: LoadedModel, block: LongspecBlock, batch: TrainingBatch, lag: int
) -> None:
    ids, positions = batch.ids[:1], torch.arange(N)
    with torch.inference_mode():
        read = read_texts(target.model, ids, positions, logits=False)
        logits = draft_logits(block, target, ids, read, lag=lag)[0]
        model, drafter = target.model, drafter_over(block, target)
        for n in (lag + 1, N - 3):
            kv = LastKv(read.keys[0], read.values[0], n - lag)
            state = TargetState(last_kv=kv, embed=model.get_input_embeddings(), head=model.get_output_embeddings())
            context = DraftContext(ids[0, :n].tolist(), 1, Warp(), torch.zeros(1), target=state)
            drafter.reset()
            shown = drafter.propose(context).shown
            assert shown is not None
            torch.testing.assert_close(shown[0], logits[n - 1].softmax(-1), rtol=1e-3, atol=1e-5)


def test_the_target_reads_past_a_jump_as_one_text(target: LoadedModel, batch: TrainingBatch) -> None:
    positions = TextDraw(4, 60, 1).positions(N, torch.device("cpu"))
    plain = read_texts(target.model, batch.ids, torch.arange(N), logits=True)
    moved = read_texts(target.model, batch.ids, positions, logits=True)
    shifted = read_texts(target.model, batch.ids, torch.arange(N) + 60, logits=True)
    assert plain.logits is not None and moved.logits is not None and shifted.logits is not None
    torch.testing.assert_close(moved.logits[:, :4], plain.logits[:, :4])
    torch.testing.assert_close(shifted.logits, plain.logits, rtol=1e-3, atol=1e-3)  # positions are relative
    assert not torch.allclose(moved.logits[:, 4:], plain.logits[:, 4:], atol=1e-2)  # the sinks are farther away
    changed = batch.ids.clone()
    changed[:, 0] += 1
    other = read_texts(target.model, changed, positions, logits=True).logits
    assert other is not None and not torch.allclose(other[:, -1], moved.logits[:, -1])  # but still seen


def test_each_part_of_the_loss_can_be_left_out(target: LoadedModel, block: LongspecBlock, batch: TrainingBatch) -> None:
    draw = TextDraw(2, 30, 2)
    whole = loss_of(block, target, batch, draw, switches=ALL)
    text = loss_of(block, target, batch, draw, switches=ALL._replace(distillation=False))
    distance = loss_of(block, target, batch, draw, switches=ALL._replace(cross_entropy=False))
    torch.testing.assert_close(whole, text + distance)
    positions = draw.positions(N, torch.device("cpu"))
    read = read_texts(target.model, batch.ids, positions, logits=True)
    logits = longspec_objective._hidden(block, target, batch.ids, read, positions, lag=2)
    logits = target.model.get_output_embeddings()(logits)
    torch.testing.assert_close(text, objectives.next_token_loss(logits, batch))


@pytest.mark.parametrize("first", [0, 3, 7, 9, 20, N - 1])
def test_the_logits_of_the_last_positions_are_those_of_the_whole_text(
    target: LoadedModel, block: LongspecBlock, batch: TrainingBatch, first: int
) -> None:
    read = read_texts(target.model, batch.ids, torch.arange(N), logits=False)
    for lag in (1, 4):
        whole = draft_logits(block, target, batch.ids, read, lag=lag)
        last = draft_logits(block, target, batch.ids, read, lag=lag, first=first)
        torch.testing.assert_close(last, whole[:, first:], rtol=1e-3, atol=1e-4)


def test_a_loss_computed_in_parts_is_the_same_and_has_the_same_gradient(
    target: LoadedModel, block: LongspecBlock, batch: TrainingBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses, gradients = [], []
    for n_at_once in (10**6, 21):
        monkeypatch.setattr(longspec_objective, "most_tokens", lambda _, n=n_at_once: n)
        block.zero_grad()
        loss = loss_of(block, target, batch, TextDraw(2, 30, 2), switches=ALL)
        loss.backward()
        losses.append(loss.detach())
        gradients.append([weight.grad for weight in block.parameters()])
    torch.testing.assert_close(*losses)
    for whole, in_parts in zip(*gradients, strict=True):
        torch.testing.assert_close(whole, in_parts, rtol=1e-4, atol=1e-6)


def test_only_the_block_is_trained_and_all_of_it(
    target: LoadedModel, block: LongspecBlock, batch: TrainingBatch
) -> None:
    before = [weight.clone() for weight in target.model.parameters()]
    loss_of(block, target, batch, TextDraw(), switches=ALL).backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in block.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, target.model.parameters(), strict=True))


def test_the_same_seed_and_batch_draw_the_same(target: LoadedModel, block: LongspecBlock, batch: TrainingBatch) -> None:
    first, again, other = (float(objective(block, target, ALL, seed=seed)(batch).detach()) for seed in (1, 1, 4))
    assert first == again != other
