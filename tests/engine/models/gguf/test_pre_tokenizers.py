"""Text is cut as each name of a pre-tokenizer says; a name that is not known is refused."""

import pytest
from tokenizers import Regex
from tokenizers.pre_tokenizers import Sequence, Split

from engine.errors import ModelError
from engine.models.gguf import pre_tokenizers

TEXT = "DON'T add 1234  two\n\nLines…"


def pieces(name: str, text: str) -> list[str]:
    rule = pre_tokenizers.find(name, "m.gguf")
    cut = Sequence([Split(Regex(split), behavior="isolated") for split in rule.splits])
    return [piece for piece, _ in cut.pre_tokenize_str(text)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gpt-2", ["DON", "'", "T", " add", " 1234", " ", " two", "\n", "\n", "Lines", "…"]),
        ("smollm", ["DON", "'", "T", " add", " ", "1", "2", "3", "4", " ", " two", "\n", "\n", "Lines", "…"]),
        ("llama-bpe", ["DON", "'T", " add", " ", "123", "4", " ", " two", "\n\n", "Lines", "…"]),
        ("qwen2", ["DON", "'T", " add", " ", "1", "2", "3", "4", " ", " two", "\n\n", "Lines", "…"]),
        ("tekken", ["DON", "'T", " add", " ", "1", "2", "3", "4", " ", " two", "\n\n", "Lines", "…"]),
    ],
)
def test_each_name_cuts_in_its_way(name: str, expected: list[str]) -> None:
    assert pieces(name, TEXT) == expected


def test_no_piece_is_lost_by_any_of_them() -> None:
    assert all("".join(pieces(name, TEXT)) == TEXT for name in pre_tokenizers.PRE_TOKENIZERS)


@pytest.mark.parametrize(("name", "what"), [("brand-new", "'brand-new' is not known"), ("", "does not name its")])
def test_an_unknown_name_is_refused_and_never_guessed(name: str, what: str) -> None:
    with pytest.raises(ModelError, match=what):
        pre_tokenizers.find(name, "m.gguf")
