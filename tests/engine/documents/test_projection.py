"""The map: principal axes of what was found, the same every time, and a clear word where UMAP is missing."""

import importlib.util

import numpy as np
import pytest
from sklearn.decomposition import PCA

from engine.documents.projection import MOST_BACKGROUND, project
from engine.errors import InputError

RNG = np.random.default_rng(0)
PASSAGES = RNG.standard_normal((10, 16)).astype(np.float32)
QUESTION = RNG.standard_normal(16).astype(np.float32)
BACKGROUND = RNG.standard_normal((500, 16)).astype(np.float32)


def test_axes_are_the_principal_components_of_passages_and_question() -> None:
    made = project(PASSAGES, QUESTION, BACKGROUND)
    known = PCA(2).fit(np.vstack([PASSAGES, QUESTION[None]]))
    expected = known.transform(np.vstack([PASSAGES, QUESTION[None], BACKGROUND[:MOST_BACKGROUND]]))
    found = np.array([(p.x, p.y) for p in (*made.passages, made.question, *made.background)])
    assert np.abs(found) == pytest.approx(np.abs(expected), abs=1e-5)
    assert made.explained == pytest.approx(known.explained_variance_ratio_.sum(), abs=1e-6)
    assert (len(made.passages), len(made.background)) == (10, MOST_BACKGROUND)


def test_same_vectors_give_the_same_map() -> None:
    assert project(PASSAGES, QUESTION, BACKGROUND) == project(PASSAGES.copy(), QUESTION, BACKGROUND)


def test_one_passage_equal_to_the_question_lies_upon_it() -> None:
    made = project(QUESTION[None], QUESTION, BACKGROUND[:0])
    assert made.passages[0] == made.question
    assert made.explained == 1.0


@pytest.mark.skipif(importlib.util.find_spec("umap") is not None, reason="umap is installed")
def test_umap_that_is_not_installed_is_refused_with_the_way_out() -> None:
    with pytest.raises(InputError, match="umap is not installed; install umap-learn, or choose the projection pca"):
        project(PASSAGES, QUESTION, BACKGROUND, how="umap")
