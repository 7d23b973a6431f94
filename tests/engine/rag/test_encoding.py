"""Prompts as ids: exact boundaries, the ids of the whole, and passages cut so that a prompt fits."""

from itertools import pairwise

import pytest
from tokenizers import Tokenizer, decoders, normalizers, processors
from tokenizers import models as token_models
from transformers import PreTrainedTokenizerFast

from engine import prompts
from engine.errors import InputError
from engine.models import checkpoint_folder, devices, loading
from engine.models.loading import LoadedModel
from engine.rag.encoding import encode, encode_piece, fit
from tests import fakes

PROMPT = prompts.reflection("Where is Bal?", "on the Dov", "Bal lies on the Dov.", True)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder = tmp_path_factory.mktemp("model")
    found = checkpoint_folder.inspect(fakes.save(fakes.model(), folder / "m"))
    *_, made = loading.load(
        found, devices.parse_device("cpu"), devices.parse_dtype("float32", devices.parse_device("cpu"))
    )
    assert isinstance(made, LoadedModel)
    return made


def test_pieces_cover_the_text_and_their_counts_the_ids() -> None:
    words = fakes.tokenizer()
    made = encode(PROMPT, words)
    assert made.ids == tuple(words(PROMPT.text)["input_ids"])
    assert all(a.end == b.start for a, b in pairwise(made.parts))
    assert (made.parts[0].start, made.parts[-1].end) == (0, len(PROMPT.text))
    assert sum(part.n_tokens for part in made.parts) == len(made.ids)
    start, end = made.span("rationale")
    assert words.decode(made.ids[start:end]) == " Bal lies on the Dov."


def test_pieces_whose_ids_are_given_are_not_tokenized() -> None:
    words = fakes.tokenizer()
    made, plain = encode(PROMPT, words, {"rationale": (9, 8)}), encode(PROMPT, words)
    start, end = plain.span("rationale")
    assert made.ids == (*plain.ids[:start], 9, 8, *plain.ids[end:])
    assert made.text == plain.text


def sentencepiece() -> PreTrainedTokenizerFast:
    """A tokenizer that puts a mark before the first word of a text and a token before the text."""
    words = ["<s>", "<unk>", "▁", "a", "▁a", "Y", "▁Y", *(f"<0x{byte:02X}>" for byte in range(256))]
    merges = [("▁", "a"), ("▁", "Y")]
    known = {word: i for i, word in enumerate(words)}
    made = Tokenizer(token_models.BPE(known, merges, unk_token="<unk>", byte_fallback=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", unk_token="<unk>")


def test_what_begins_a_text_stands_once_before_the_pieces() -> None:
    words = sentencepiece()
    made = encode(PROMPT, words)
    assert (made.n_special, made.ids[0]) == (1, words.bos_token_id)
    assert words.bos_token_id not in made.ids[1:]


def test_a_piece_in_a_text_has_no_mark_of_a_first_word() -> None:
    words = sentencepiece()
    assert words.tokenize(" Y") == ["▁", "▁Y"]
    assert words.convert_ids_to_tokens(encode_piece(" Y", words)) == ["▁Y"]


def build(passages: list[str] | tuple[str, ...]) -> prompts.Prompt:
    return prompts.rag_draft(passages, "Where?")


def test_prompt_that_fits_is_left_as_it_is(model: LoadedModel) -> None:
    made = fit(lambda passages: build(tuple(passages)), ["salt"], model, n_new=4, what="a draft")
    assert (made.encoded.text, made.note) == (build(["salt"]).text, "")


def test_longest_passages_are_cut_as_little_as_must_be_and_it_is_said(model: LoadedModel) -> None:
    passages = ["salt and fish " * 40, "a lamp"]
    made = fit(lambda texts: build(tuple(texts)), passages, model, n_new=8, what="a draft")
    assert fakes.CONTEXT - 8 - 3 <= len(made.encoded.ids) <= fakes.CONTEXT - 8
    assert "a lamp" in made.encoded.text
    assert made.note.startswith("passages cut to ") and f"reads {fakes.CONTEXT}" in made.note


def test_question_longer_than_the_context_is_refused(model: LoadedModel) -> None:
    with pytest.raises(InputError, match=r"the draft has \d+ tokens without its passages, .* has room for 120"):
        fit(lambda texts: prompts.rag_draft(texts, "Where is it? " * 60), ["salt"], model, n_new=8, what="the draft")
