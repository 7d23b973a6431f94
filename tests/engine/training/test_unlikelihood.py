"""Unlikelihood of sentences that a model begins as it began one before."""

from importlib.resources import files

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine.training import curriculum, shapes
from engine.training.rows import MixtureRows, RowShape, TrainingBatch
from engine.training.shapes import StudentShape
from engine.training.unlikelihood import UnlikelyRepeats, begun_again, written

END = 7
SENTENCE = [1, 2, 3, 4, 5, 6, END]


def model_of_cycles() -> LlamaForCausalLM:
    """A tiny model taught to write one sentence over and over."""
    torch.manual_seed(5)
    model = LlamaForCausalLM(
        shapes.llama_config(StudentShape(hidden=16, layers=1, heads=2, kv_heads=1, mlp=32), end_id=0)
    )
    ids = torch.tensor([SENTENCE * 4])
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    return model


def test_only_sentences_that_begin_as_an_earlier_one_count() -> None:
    other, ends = [1, 2, 3, 4, 8, 6, END], frozenset({END, 9})
    assert begun_again([*SENTENCE, *other, *SENTENCE], 0, ends) == [14, 15, 16]
    assert begun_again([*SENTENCE, *other, *SENTENCE], 15, ends) == [], "it was given"
    assert begun_again([*SENTENCE, 9, *SENTENCE, *SENTENCE], 0, ends) == [8, 9, 10, 15, 16, 17], "of another text too"
    assert begun_again([*SENTENCE, *SENTENCE[:4]], 0, ends) == [], "too short to tell"
    assert begun_again(SENTENCE[:6] * 3, 0, ends) == [], "no sentence ends"


def test_the_loss_makes_a_model_begin_otherwise() -> None:
    model, beginnings = model_of_cycles(), torch.tensor([SENTENCE, SENTENCE])
    ids = written(model, beginnings, 14)
    assert ids.tolist() == [SENTENCE * 3] * 2
    repeats = UnlikelyRepeats(model, frozenset({END}), n_new=14)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.005)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = repeats.loss(beginnings)
        losses.append(float(loss.detach()))
        if not losses[-1]:
            break
        loss.backward()
        optimizer.step()
    assert losses[0] > 1, "two sentences are begun again"
    assert losses[-1] == 0, "none is begun again"
    assert not begun_again(written(model, beginnings, 14)[0].tolist(), 7, frozenset({END}))


def test_stories_to_go_on_with_come_with_the_rows_of_their_phase() -> None:
    target = files("assets").joinpath("models", "target")
    words: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(str(target))
    shape = RowShape(2, 256)
    with_stories, without = (
        MixtureRows(words, (phase._replace(prose=1.0),), seed=1, steps=10).batch(3, shape)
        for phase in (curriculum.UNLIKELIHOOD, curriculum.OWN_WORDS)
    )
    assert with_stories.beginnings is not None and without.beginnings is None
    assert torch.equal(with_stories.ids, without.ids), "the rows are the same"
    n, length = with_stories.beginnings.shape
    assert n == curriculum.UNLIKELIHOOD.n_beginnings and length < 100
    assert len({tuple(row) for row in with_stories.beginnings.tolist()}) == n, "each is of a story of its own"


def test_parts_of_a_batch_share_its_beginnings() -> None:
    batch = TrainingBatch(torch.zeros(3, 2), torch.ones(3, 2), None, torch.arange(4).reshape(4, 1))
    parts = [batch.rows(i, i + 1).beginnings for i in range(3)]
    assert torch.equal(torch.cat([part for part in parts if part is not None]), torch.arange(4).reshape(4, 1))
