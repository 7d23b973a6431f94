"""Stories learned from a teacher, beside texts that are learned themselves."""

from importlib.resources import files

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from engine.training import builtin, curriculum
from engine.training.rows import MixtureRows, RowShape, TrainingBatch
from engine.world.census import SMALL
from tests import fakes


@torch.no_grad()
def test_only_rows_of_a_teacher_are_learned_from_it() -> None:
    torch.manual_seed(0)
    model, teacher = fakes.model(seed=1), fakes.model(seed=2)
    ids, marked = torch.randint(0, model.config.vocab_size, (2, 12)), torch.tensor([True, False])
    batch = TrainingBatch(ids, torch.ones(2, 12), None, marked)
    text = builtin._partly_distilled(model, teacher, batch._replace(from_teacher=None))
    both, alone = builtin._partly_distilled(model, teacher, batch), builtin._partly_distilled(model, model, batch)
    unmarked = builtin._partly_distilled(model, teacher, batch.rows(1, 2))
    assert alone == pytest.approx(float(unmarked), rel=1e-5), "a teacher like the model adds nothing"
    assert both > alone and text != pytest.approx(float(alone))


def test_stories_of_own_words_are_learned_from_a_teacher() -> None:
    target = files("assets").joinpath("models", "target")
    words: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(str(target))
    phase = curriculum.OWN_WORDS._replace(far=None, lessons=None, forms=("notes",), sizes=SMALL)
    for prose, expected in ((1.0, True), (0.0, None)):
        batch = MixtureRows(words, (phase._replace(prose=prose),), seed=1, steps=10).batch(0, RowShape(2, 256))
        assert (None if batch.from_teacher is None else bool(batch.from_teacher.all())) is expected
