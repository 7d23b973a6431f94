"""A prompt is text: begun once, with nothing behind it, and without control tokens of its own."""

import pytest
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from engine.models.prompt_encoding import begin_ids, encode_inside, encode_prompt
from tests import fakes

TEXT = "The harbour"


def words(template: str = "$A") -> PreTrainedTokenizerFast:
    made = fakes.chat_tokenizer()
    made.add_special_tokens({"bos_token": "<s>", "eos_token": "</s>"})
    signs = [(token, made.convert_tokens_to_ids(token)) for token in ("<s>", "</s>")]
    made.backend_tokenizer.post_processor = TemplateProcessing(single=template, special_tokens=signs)
    return made


@pytest.mark.parametrize(
    ("template", "n_begins", "said"),
    [("$A", 0, ""), ("<s> $A", 1, ""), ("<s> $A </s>", 1, "end-of-text"), ("<s> <s> $A", 1, "begin-of-text twice")],
)
def test_a_prompt_is_begun_once_and_not_ended(template: str, n_begins: int, said: str) -> None:
    tokenizer = words(template)
    ids, note = encode_prompt(tokenizer, TEXT)
    assert ids == (*[tokenizer.bos_token_id] * n_begins, *encode_inside(tokenizer, TEXT))
    assert begin_ids(tokenizer) == ids[:n_begins] and said in note and bool(said) == bool(note)


@pytest.mark.parametrize("written", ["<s>", "</s>", "<|im_end|>"])
def test_what_people_write_is_no_control_token(written: str) -> None:
    tokenizer = words("<s> $A")
    ids, note = encode_prompt(tokenizer, f"{written}{TEXT} {written}")
    assert not set(ids[1:]) & set(tokenizer.all_special_ids)
    assert written in note and "read as text" in note
    assert tokenizer.decode(ids[1:]) == f"{written}{TEXT} {written}"
