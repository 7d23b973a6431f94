"""Stories in which the beginnings of sentences count more."""

from importlib.resources import files

from transformers import PreTrainedTokenizerFast

from engine.training import curriculum
from engine.training.rows import MixtureRows, RowShape
from engine.training.weighted_text import PROSE_WEIGHT


def test_beginnings_of_sentences_count_more_in_stories_of_own_words() -> None:
    target = files("assets").joinpath("models", "target")
    words: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(str(target))
    for phase, factor in ((curriculum.OWN_WORDS, 10.0), (curriculum.DEMONSTRATED, 1.0)):
        batch = MixtureRows(words, (phase._replace(prose=1.0),), seed=1, steps=10).batch(0, RowShape(2, 256))
        for ids, weights in zip(batch.ids.tolist(), batch.weights.tolist(), strict=True):
            texts = words.convert_ids_to_tokens(ids)
            n_ends = 0
            for i in range(2, len(ids)):
                opens = any(text.rstrip('"').endswith((".", "!", "?")) for text in texts[i - 2 : i])
                assert abs(weights[i] - PROSE_WEIGHT * (factor if opens else 1.0)) < 1e-6, (i, texts[i - 2 : i + 1])
                n_ends += opens
            assert n_ends > 10
