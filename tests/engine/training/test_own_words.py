"""Stories in which the beginnings of sentences count more, and in which something stands twice."""

from importlib.resources import files
from random import Random

from transformers import PreTrainedTokenizerFast

from engine.training import curriculum
from engine.training.rows import MixtureRows, RowShape
from engine.training.stumbles import stumbling
from engine.training.weighted_text import PROSE_WEIGHT, encode_repeating
from engine.world.story import story


def tokenizer() -> PreTrainedTokenizerFast:
    target = files("assets").joinpath("models", "target")
    loaded: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(str(target))
    return loaded


def test_beginnings_of_sentences_count_more_in_stories_of_own_words() -> None:
    words = tokenizer()
    for phase, factor in ((curriculum.OWN_WORDS, 10.0), (curriculum.DEMONSTRATED, 1.0)):
        batch = MixtureRows(words, (phase._replace(prose=1.0),), seed=1, steps=10).batch(0, RowShape(2, 256))
        for ids, weights in zip(batch.ids.tolist(), batch.weights.tolist(), strict=True):
            texts = words.convert_ids_to_tokens(ids)
            n_ends = 0
            for i in range(len(ids)):
                opens = any(text.rstrip('"').endswith((".", "!", "?")) for text in texts[max(0, i - 4) : i])
                assert abs(weights[i] - PROSE_WEIGHT * (factor if opens else 1.0)) < 1e-6, (i, texts[i - 2 : i + 1])
                n_ends += opens
            assert n_ends > 10


def test_what_is_repeated_are_the_last_sentences_of_the_story_which_goes_on() -> None:
    n_repeated = 0
    for seed in range(40):
        written = story(Random(seed))
        text, repeated = stumbling(written, Random(seed), 0.2)
        left, at = "", 0
        for span in repeated:
            copy = text[span.start : span.end]
            once = copy[: len(copy) // 2] if copy[: len(copy) // 2] * 2 == copy else copy
            left, at = left + text[at : span.start], span.end
            assert left.endswith(once), copy
        assert left + text[at:] == written
        n_repeated += len(repeated)
    assert n_repeated > 40
    assert stumbling("no sentence at all", Random(0), 1.0) == ("no sentence at all", [])


def test_only_what_is_repeated_counts_nothing() -> None:
    words, written = tokenizer(), story(Random(3))
    encoded = encode_repeating(words, *stumbling(written, Random(1), 0.3))
    counted = words.decode([id_ for id_, weight in zip(encoded.ids[:-1], encoded.weights, strict=False) if weight])
    assert counted.split() == written.split()
    assert set(encoded.weights) == {0.0, PROSE_WEIGHT} and encoded.weights[-1] == PROSE_WEIGHT


def test_only_the_last_phase_of_own_words_stumbles() -> None:
    for phase, stumbles in ((curriculum.STUMBLING, True), (curriculum.OWN_WORDS, False)):
        rows = MixtureRows(tokenizer(), (phase._replace(prose=1.0),), seed=1, steps=10)
        batches = [rows.batch(step, RowShape(4, 256)) for step in range(3)]
        assert any(bool((batch.weights == 0).any()) for batch in batches) is stumbles
