"""What a tokenizer puts around a prompt: a beginning once, and no end."""

import pytest
from tokenizers import processors
from transformers import PreTrainedTokenizerFast

from engine.models.prompt_frame import framed
from tests import fakes


def words(frame: str) -> PreTrainedTokenizerFast:
    """A tokenizer that puts special tokens around a text, $A."""
    made = fakes.tokenizer(fakes.N_ENTRIES - 2)
    made.add_special_tokens({"bos_token": "<s>", "eos_token": "</s>"})
    tokens = [(token, made.convert_tokens_to_ids(token)) for token in ("<s>", "</s>")]
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(single=frame, special_tokens=tokens)
    return made


@pytest.mark.parametrize(
    ("frame", "kept", "said"),
    [("$A", "$A", ""), ("<s> $A", "<s> $A", ""), ("$A </s>", "$A", "an end of text"),
     ("<s> $A </s>", "<s> $A", "an end of text"), ("<s> <s> $A", "<s> $A", "a second beginning")],
)  # fmt: skip
def test_a_prompt_begins_once_and_is_not_ended(frame: str, kept: str, said: str) -> None:
    made = words(frame)
    result = framed(made, "The harbour", frozenset(made.convert_tokens_to_ids(["</s>"])))
    assert list(result.ids) == words(kept)("The harbour")["input_ids"]
    assert said in result.warning
    assert bool(result.warning) == bool(said)


def test_a_beginning_that_the_prompt_has_itself_is_not_put_again() -> None:
    made = words("<s> $A")
    assert list(framed(made, "<s>The harbour", frozenset()).ids) == made("The harbour")["input_ids"]


def test_an_end_that_the_prompt_has_itself_is_kept() -> None:
    made = words("<s> $A")
    (end,) = made.convert_tokens_to_ids(["</s>"])
    assert framed(made, "The harbour</s>", frozenset([end])).ids[-1] == end


def test_an_empty_prompt_has_no_ids_of_its_own() -> None:
    made = words("<s> $A </s>")
    assert framed(made, "", frozenset()).ids == (made.bos_token_id,)
