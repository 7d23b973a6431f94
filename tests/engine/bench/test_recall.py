"""Recall by distance: each value is found among the tokens, and ranges hold what belongs to them."""

import pytest
import torch

from engine.bench import recall
from engine.bench.builtin import load_builtin
from engine.bench.recall import RecallAtDistance, RecalledValue, predictions, recalled
from engine.events import Progressed
from engine.models.loading import LoadedModel
from engine.world.long_text import long_text


@pytest.fixture(scope="module")
def target() -> LoadedModel:
    return load_builtin(None).target


def test_values_are_predicted_where_they_stand(target: LoadedModel) -> None:
    text = long_text(1, 3000, "dossiers")
    found = predictions(target, text, 700)
    ids = target.tokenizer(text.text)["input_ids"][:700]
    whole = [s for s in text.statements if len(target.tokenizer(text.text[: s.end])["input_ids"]) < 690]
    assert len(whole) <= len(found) <= len(text.statements)
    with torch.inference_mode():
        logp = target.model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    assert all(value.logp < 0 for value in found)
    assert min(value.logp for value in found) >= float(logp.min()) * 12
    near = [value for value in found if value.distance is not None]
    assert near and all(0 < value.distance < 700 for value in near if value.distance is not None)


def test_ranges_count_values_once_and_new_ones_apart() -> None:
    texts = [[RecalledValue(None, False, -9.0), RecalledValue(150, True, -0.1), RecalledValue(5000, False, -2.0)]] * 10
    results = list(recall._by_distance("dossiers", texts))
    assert [(r.nearest, r.farthest, r.n, r.exact) for r in results] == [
        (0, 0, 10, 0.0), (100, 300, 10, 1.0), (4000, 8000, 10, 0.0),
    ]  # fmt: skip
    assert results[0].logp == -9.0 and results[0].exact_ci is not None
    assert list(recall._by_distance("dossiers", [[]])) == []


def test_both_forms_are_measured(target: LoadedModel) -> None:
    *told, results = recalled(target, seed=1, n_texts=1, length=400)
    assert [(item.done, item.total) for item in told if isinstance(item, Progressed)] == [(1, 2), (2, 2)]
    assert isinstance(results, tuple)
    assert {r.form for r in results if isinstance(r, RecallAtDistance)} == {"chronicles", "dossiers"}
