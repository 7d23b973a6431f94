"""Converted tokenizers cut three hundred real texts as the file says, and every text comes back."""

from pathlib import Path

import pytest
from tokenizers import Regex
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from engine.models.gguf import header, pre_tokenizers
from tests_real import sentencepiece, texts
from tests_real.conftest import OpenedModel
from tests_real.figures import Figures

_NORMAL, _USER_DEFINED = 1, 4


@pytest.mark.parametrize("name", ["smollm2", "gemma3"])
def test_every_text_comes_back_from_its_tokens(name: str, request: pytest.FixtureRequest) -> None:
    tokenizer = _tokenizer(request.getfixturevalue(name).folder)
    for text in (*texts.real_texts(), *texts.ODD):
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_a_guessed_split_would_have_cut_many_texts_differently(smollm2: OpenedModel, figures: Figures) -> None:
    tokenizer, other = _tokenizer(smollm2.folder), _tokenizer(smollm2.folder)
    split = Split(Regex(pre_tokenizers.GPT2), behavior="isolated")
    other.backend_tokenizer.pre_tokenizer = Sequence([split, ByteLevel(add_prefix_space=False, use_regex=False)])
    real = texts.real_texts()
    n = sum(tokenizer(text)["input_ids"] != other(text)["input_ids"] for text in real)
    figures.add("tokenizer of SmolLM2", texts=len(real), texts_that_GPT_2s_split_cuts_differently=n)
    assert n > 0


def test_digits_stand_alone_in_smollm2(smollm2: OpenedModel) -> None:
    tokenizer = _tokenizer(smollm2.folder)
    pieces = {piece for text in texts.real_texts() for piece in tokenizer.tokenize(text)}
    assert not [piece for piece in pieces if len(piece.strip("Ġ")) > 1 and any(c.isdigit() for c in piece)]


def test_gemma_cuts_text_as_sentencepiece_does(gemma3: OpenedModel, figures: Figures) -> None:
    source, tokenizer = header.read(str(gemma3.file)), _tokenizer(gemma3.folder)
    rows = zip(
        source.texts("tokenizer.ggml.tokens"), source.numbers("tokenizer.ggml.token_type"),
        source.numbers("tokenizer.ggml.scores"), strict=True,
    )  # fmt: skip
    by_kind = [(token, kind, score) for token, kind, score in rows]
    scores = {token: score for token, kind, score in by_kind if kind == _NORMAL}
    whole = {token for token, kind, _ in by_kind if kind == _USER_DEFINED}
    some = [*(text[:200] for text in texts.real_texts()[::3]), *texts.ODD[:-2]]
    different = sum(tokenizer.tokenize(text) != sentencepiece.cut(text, scores, whole) for text in some)
    figures.add("tokenizer of Gemma 3", texts=len(some), texts_cut_unlike_sentencepiece=different)
    assert different == 0


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    return tokenizer
