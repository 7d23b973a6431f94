"""A checkpoint's generation config: what is obeyed, what is not, and values that make no sense."""

import pytest
from transformers import GenerationConfig

from engine.decoding.generation_rules import Bias
from engine.errors import ModelError
from engine.models import generation_config
from engine.models.generation_config import ReadGenerationConfig

ENDS = frozenset([2])


def read(**values: object) -> ReadGenerationConfig:
    config = GenerationConfig()
    for name, value in values.items():  # not through the constructor, which refuses some of them itself
        setattr(config, name, value)
    return generation_config.read(config, "folder", ENDS)


def test_a_config_that_asks_for_nothing_has_no_rules() -> None:
    assert generation_config.read(None, "folder", ENDS) == ReadGenerationConfig()
    neutral = {
        "repetition_penalty": 1.0,
        "no_repeat_ngram_size": 0,
        "min_length": 0,
        "suppress_tokens": [],
        "top_k": 50,
    }
    made = read(**neutral)
    assert made.rules.change_nothing
    assert (made.ignored, made.sampling) == ((), "")


def test_a_least_number_of_new_tokens_counts_instead_of_a_least_length() -> None:
    assert read(min_length=9).rules.min_length == 9
    assert (read(min_length=9, min_new_tokens=4).rules.min_length, read(min_new_tokens=4).rules.min_new_tokens) == (
        0,
        4,
    )


def test_a_least_length_needs_something_that_ends_the_text() -> None:
    assert generation_config.read(GenerationConfig(min_length=9), "folder", frozenset()).rules.change_nothing


def test_biases_are_read_in_both_forms_and_an_infinite_one_forbids() -> None:
    pairs = read(sequence_bias=[[[1, 2], 0.5], [[3], -float("inf")]]).rules
    assert (pairs.biases, pairs.bad_words) == ((Bias((1, 2), 0.5),), ((3,),))
    assert read(sequence_bias={(1, 2): 0.5}).rules.biases == (Bias((1, 2), 0.5),)


def test_what_ends_a_text_is_no_bad_word() -> None:
    assert read(bad_words_ids=[[2], [4, 2]], eos_token_id=2).rules.bad_words == ((4, 2),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repetition_penalty", -1.0), ("repetition_penalty", "1.3"), ("repetition_penalty", float("nan")),
        ("no_repeat_ngram_size", 2.5), ("no_repeat_ngram_size", -2), ("min_length", [3]), ("bad_words_ids", [[]]),
        ("bad_words_ids", [3]), ("bad_words_ids", [[-1]]), ("suppress_tokens", ["a"]), ("sequence_bias", 3),
        ("sequence_bias", [[[], 1.0]]), ("sequence_bias", [[[1], float("inf")]]),
        ("exponential_decay_length_penalty", [1]), ("exponential_decay_length_penalty", [1, -2.0]),
        ("forced_bos_token_id", True), ("forced_eos_token_id", {"a": 1}), ("min_new_tokens", 10**400),
    ],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ModelError) as refusal:
        read(**{name: value})
    assert f"folder: its generation config says {name} = " in refusal.value.message
    assert len(refusal.value.message) < 200


def test_what_is_not_obeyed_is_said() -> None:
    made = read(num_beams=4, guidance_scale=1.5, stop_strings=["x"], do_sample=True, typical_p=0.9, temperature=0.6)
    assert made.rules.change_nothing
    assert set(made.ignored) == {
        "beam search with 4 beams",
        "classifier-free guidance 1.5",
        "stop strings",
        "typical p 0.9",
    }
    assert made.sampling == "temperature 0.6"
