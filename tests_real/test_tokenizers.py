"""Converted tokenizers cut three hundred real texts as the file says, and every text comes back."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from engine.models.gguf import header
from tests_real import sentencepiece, texts
from tests_real.conftest import OpenedModel
from tests_real.figures import Figures

_NORMAL, _USER_DEFINED = 1, 4


@pytest.mark.parametrize("name", ["smollm2", "gemma3"])
def test_every_text_comes_back_from_its_tokens(name: str, request: pytest.FixtureRequest) -> None:
    tokenizer = _tokenizer(request.getfixturevalue(name).folder)
    for text in (*texts.real_texts(), *texts.ODD):
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_transformers_own_reader_would_have_cut_some_texts_differently(smollm2: OpenedModel, figures: Figures) -> None:
    ours = _tokenizer(smollm2.folder)
    theirs = AutoTokenizer.from_pretrained(smollm2.file.parent, gguf_file=smollm2.file.name)
    real = texts.real_texts()
    n = sum(ours(text)["input_ids"] != theirs(text)["input_ids"] for text in real)
    figures.add("tokenizer of SmolLM2", texts=len(real), texts_that_transformers_reader_cuts_differently=n)
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
    some = [*(text[:200] for text in texts.real_texts()[::3]), *texts.ODD]
    different = sum(tokenizer.tokenize(text) != sentencepiece.cut(text, scores, whole) for text in some)
    figures.add("tokenizer of Gemma 3", texts=len(some), texts_cut_unlike_sentencepiece=different)
    assert different == 0


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    return tokenizer
