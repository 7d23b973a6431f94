"""Entries of a vocabulary are shown as characters or as hexadecimal bytes, never in the alphabet that stores them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import ByteLevel

from engine.decoding import token_entries
from engine.decoding.token_entries import bytes_of, shown


def test_alphabet_is_the_one_of_the_library() -> None:
    assert set(token_entries._alphabet()) == set(ByteLevel.alphabet())
    assert sorted(token_entries._alphabet().values()) == list(range(256))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("Ġthe", " the"), ("Ċ", "\n"), ("âĢ", "⟨E2 80⟩"), ("æ¼¢", "漢"), ("Ġæ¼", " ⟨E6 BC⟩"), ("¢a", "⟨A2⟩a"),
        ("Ã©", "é"), ("<|im_end|>", "<|im_end|>"), ("", ""), ("ÿÿ", "⟨FF⟩⟨FF⟩"), ("ï¿½", "\ufffd"),
    ],
)  # fmt: skip
def test_entry_of_bytes_is_shown_as_what_it_stands_for(entry: str, expected: str) -> None:
    assert shown(entry, byte_level=True) == expected


@pytest.mark.parametrize(
    ("entry", "expected"), [("▁the", " the"), ("<0xE2>", "⟨E2⟩"), ("<0x0A>", "\n"), ("é", "é"), ("Ġ", "Ġ")]
)
def test_entry_of_another_vocabulary_is_its_text(entry: str, expected: str) -> None:
    assert shown(entry, byte_level=False) == expected


@given(st.text(max_size=20))
def test_whole_characters_are_given_back(text: str) -> None:
    content = text.encode("utf-8", "replace")
    by_byte = {byte: character for character, byte in token_entries._alphabet().items()}
    entry = "".join(by_byte[byte] for byte in content)
    if entry and not entry.startswith("<0x"):
        assert bytes_of(entry, byte_level=True) == content
        assert shown(entry, byte_level=True) == content.decode()


@given(st.text(max_size=12), st.booleans())
def test_any_entry_is_shown_somehow(entry: str, byte_level: bool) -> None:
    assert isinstance(shown(entry, byte_level=byte_level), str)
