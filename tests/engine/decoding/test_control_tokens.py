"""Control tokens are those that are special or that the template names, as ranges of ids."""

from engine.decoding.control_tokens import control_ranges
from tests import fakes


def test_special_tokens_and_those_of_the_template_control_the_model() -> None:
    words = fakes.chat_tokenizer()
    (start, end), think = (
        words.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"]),
        words.convert_tokens_to_ids("<think>"),
    )
    assert end == start + 1 and think == end + 1
    ranges = control_ranges(words)
    assert ranges[-1] == (start, end)
    words.chat_template += "{# <think> #}"
    assert control_ranges(words)[-1] == (start, think)


def test_blanks_that_a_model_adds_are_text() -> None:
    words = fakes.tokenizer()
    before = control_ranges(words)
    words.add_tokens(["   ", "plain"])
    assert control_ranges(words) == before


def test_thousands_side_by_side_are_one_range() -> None:
    words = fakes.tokenizer()
    words.add_special_tokens({"additional_special_tokens": [f"<unused{i}>" for i in range(300)]})
    n = len(words)
    assert control_ranges(words)[-1] == (n - 300, n - 1)
