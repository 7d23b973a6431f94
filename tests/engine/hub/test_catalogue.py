"""The facts of the catalogue agree with each other: parameters with shapes, files with parameters, pairs in family."""

from datetime import date

import pytest

from engine.hub import catalogue
from engine.hub.catalogue import PAIRS, CatalogueModel, CataloguePair
from engine.hub.hub_id import HubId, parse_id

MODELS = sorted({model for pair in PAIRS for model in (pair.target, pair.drafter)})
HEADS_STORED_TWICE = ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B")  # their files hold the tied head, too


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.spec)
def test_parameters_follow_from_the_shape(model: CatalogueModel) -> None:
    assert catalogue.n_parameters(model.shape) == model.n_parameters


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.spec)
def test_files_are_as_large_as_the_parameters_in_bfloat16(model: CatalogueModel) -> None:
    head = model.shape.n_vocabulary * model.shape.hidden if model.spec in HEADS_STORED_TWICE else 0
    assert 2 * (model.n_parameters + head) <= model.n_bytes * 1.005 <= 2.3 * (model.n_parameters + head)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.target.spec)
def test_a_pair_is_of_one_family_with_a_smaller_drafter(pair: CataloguePair) -> None:
    assert pair.drafter.n_parameters < pair.target.n_parameters
    assert pair.drafter.shape.model_type == pair.target.shape.model_type
    assert abs(pair.drafter.shape.n_vocabulary - pair.target.shape.n_vocabulary) < 256, "the same up to padding"


def test_every_model_has_an_id_a_licence_and_the_list_a_date() -> None:
    assert all(parse_id(model.spec) == HubId(model.spec) and model.licence for model in MODELS)
    assert {pair.family for pair in PAIRS} == {"SmolLM2", "Qwen2.5", "Qwen3", "Llama 3", "Gemma 3"}
    assert date.fromisoformat(catalogue.STATED)
