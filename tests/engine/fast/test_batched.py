"""Several sequences in one forward: each row is what it would be alone, whatever the others are and were."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import PreTrainedModel

from engine.fast import matmul
from engine.fast.batched import RowsModel
from engine.fast.model import FusedModel
from engine.fast.weights import fuse
from tests import fakes
from tests.engine.fast.test_model import FUZZED, MODELS, SHAPES, logits, made, some_ids

LENGTHS = (1, 7, 30, 19)
CAPACITY = 48


def rows_of(model: PreTrainedModel, n_rows: int, *, capacity: int = CAPACITY) -> RowsModel:
    return RowsModel(fuse(model), n_rows=n_rows, capacity=capacity)


def padded(rows: list[list[int]]) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [5] * (width - len(row)) for row in rows])


def assert_close(found: Tensor, expected: Tensor) -> None:
    """Within 1e-5 of the largest logit."""
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.fixture(params=[False, True], ids=["cached matrices", "streamed matrices"])
def streamed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(matmul, "streams", lambda weights: request.param)
    return bool(request.param)


@pytest.mark.parametrize("name", SHAPES)
def test_every_row_of_a_ragged_batch_has_the_logits_of_its_own_text(name: str, streamed: bool) -> None:
    model = made(name)
    texts = [some_ids(n + 3, seed=n) for n in LENGTHS]
    rows = rows_of(model, len(texts))
    with torch.inference_mode():
        rows.prefill(padded([text[:-3] for text in texts]), 0)
        new = torch.tensor([text[-3:] for text in texts])
        found = rows.forward(new, torch.tensor(LENGTHS), span=max(LENGTHS) + 3)
        alone = FusedModel(fuse(model), context=fakes.CONTEXT)
        for i, text in enumerate(texts):
            assert_close(found[i], logits(model, text)[-3:])
            alone.reset()
            assert_close(found[i], alone.forward(torch.tensor(text))[-3:])


@pytest.mark.parametrize("name", FUZZED)
def test_only_the_columns_asked_for_are_computed(name: str) -> None:
    model = MODELS[name]
    texts = [some_ids(n, seed=n) for n in LENGTHS]
    with torch.inference_mode():
        starts = torch.zeros(len(texts), dtype=torch.int64)
        at = torch.tensor([len(text) - 1 for text in texts])
        found = rows_of(model, len(texts)).forward(padded(texts), starts, span=CAPACITY, at=at)
    assert found.shape == (len(texts), fakes.N_ENTRIES)
    for row, text in zip(found, texts, strict=True):
        assert_close(row, logits(model, text)[-1])


@pytest.mark.parametrize("name", FUZZED)
@settings(max_examples=6)
@given(st.integers(0, 2**31), st.integers(1, 4))
def test_random_acceptance_per_row_over_hundreds_of_rounds_equals_recomputation(
    name: str, seed: int, n_drafted: int
) -> None:
    rng = torch.Generator().manual_seed(seed)
    model, n_rows = MODELS[name], 3
    rows = rows_of(model, n_rows)
    texts = [[1] for _ in range(n_rows)]
    checked = {int(i) for i in torch.randint(0, 200, (6,), generator=rng)}
    with torch.inference_mode():
        for index in range(200):
            texts = [text if len(text) + n_drafted < CAPACITY else [1] for text in texts]
            draft = torch.randint(0, fakes.N_ENTRIES, (n_rows, n_drafted), generator=rng)
            pending = torch.tensor([text[-1:] for text in texts])
            starts = torch.tensor([len(text) - 1 for text in texts])
            span = int(starts.max()) + n_drafted + 1
            found = rows.forward(torch.cat([pending, draft], 1), starts, span=span)
            for i, text in enumerate(texts):
                if index in checked:
                    assert_close(found[i], logits(model, [*text, *draft[i].tolist()])[len(text) - 1 :])
                kept = int(torch.randint(0, n_drafted + 1, (), generator=rng))
                text += [*draft[i, :kept].tolist(), index % fakes.N_ENTRIES]


def test_a_row_is_the_same_whatever_stands_in_the_others() -> None:
    model, text = MODELS["grouped heads"], some_ids(12)
    starts = torch.zeros(3, dtype=torch.int64)
    found = []
    with torch.inference_mode():
        for seed in (1, 2):
            others = [some_ids(12, seed=seed), text, some_ids(12, seed=seed + 10)]
            found.append(rows_of(model, 3).forward(torch.tensor(others), starts, span=12)[1])
    assert torch.equal(found[0], found[1])


def test_a_longer_span_than_needed_changes_nothing() -> None:
    model = MODELS["mistral, window shorter than the text"]
    ids, starts = torch.tensor([some_ids(20), some_ids(20, seed=1)]), torch.zeros(2, dtype=torch.int64)
    with torch.inference_mode():
        short = rows_of(model, 2).forward(ids, starts, span=20)
        long = rows_of(model, 2).forward(ids, starts, span=CAPACITY)
    assert_close(long, short)


def test_ids_beyond_the_vocabulary_are_fed_as_its_last_entry() -> None:
    model, starts = MODELS["grouped heads"], torch.zeros(1, dtype=torch.int64)
    with torch.inference_mode():
        found = rows_of(model, 1).forward(torch.tensor([[fakes.N_ENTRIES + 50]]), starts, span=1)
    assert_close(found[0, -1], logits(model, [fakes.N_ENTRIES - 1])[-1])


def test_cache_takes_the_bytes_it_says() -> None:
    rows = rows_of(MODELS["grouped heads"], 3)
    assert rows.bytes() == 2 * 2 * 3 * CAPACITY * 2 * 8 * 4


def test_a_forward_asks_for_no_number_of_a_device(streamed: bool) -> None:
    """Fake tensors have shapes and no numbers: reading one back, or a shape that depends on one, raises."""
    rows = rows_of(MODELS["mistral, window shorter than the text"], 2)
    with FakeTensorMode(allow_non_fake_inputs=True), torch.inference_mode():
        ids, starts = torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
        assert rows.forward(ids, starts, span=16).shape == (2, 3, fakes.N_ENTRIES)
        assert rows.forward(ids, starts, span=16, at=starts).shape == (2, fakes.N_ENTRIES)
        assert rows.aligned(ids, 5).shape == (2, 3, fakes.N_ENTRIES)
        rows.prefill(ids, 5)


@pytest.mark.parametrize("name", FUZZED)
def test_rows_that_are_kept_go_on_as_they_were(name: str) -> None:
    model, texts = MODELS[name], [some_ids(20, seed=seed) for seed in range(4)]
    rows = rows_of(model, 4)
    with torch.inference_mode():
        rows.prefill(torch.tensor([text[:-1] for text in texts]), 0)
        rows.keep([1, 3])
        new = torch.tensor([texts[1][-1:], texts[3][-1:]])
        found = rows.forward(new, torch.tensor([19, 19]), span=20)
    for row, text in zip(found, (texts[1], texts[3]), strict=True):
        assert_close(row[-1], logits(model, text)[-1])


@pytest.mark.parametrize("name", SHAPES)
def test_rows_that_are_aligned_have_the_logits_of_their_texts(name: str, streamed: bool) -> None:
    model, texts = made(name), [some_ids(30, seed=seed) for seed in range(2)]
    rows = rows_of(model, 2)
    with torch.inference_mode():
        for start, end in ((0, 1), (1, 9), (9, 30)):
            found = rows.aligned(torch.tensor([text[start:end] for text in texts]), start)
            for row, text in zip(found, texts, strict=True):
                assert_close(row, logits(model, text)[start:end])


def test_one_row_of_one_id_is_computed_like_any_other(streamed: bool) -> None:
    model, text = MODELS["grouped heads"], some_ids(9)
    rows = rows_of(model, 1)
    with torch.inference_mode():
        rows.prefill(torch.tensor([text[:1]]), 0)
        rows.prefill(torch.tensor([text[1:-1]]), 1)
        for at in (None, torch.tensor([0])):
            found = rows.forward(torch.tensor([text[-1:]]), torch.tensor([8]), span=9, at=at)
            assert found.shape == ((1, 1, fakes.N_ENTRIES) if at is None else (1, fakes.N_ENTRIES))
            assert_close(found.view(-1), logits(model, text)[-1])


def test_rows_that_are_kept_move_within_their_memory() -> None:
    rows = rows_of(MODELS["grouped heads"], 4)
    caches = rows._keys, rows._values
    rows.keep([1, 3])
    assert rows._keys is caches[0] and rows._values is caches[1]
    assert rows.n_rows == 2
