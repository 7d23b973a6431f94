"""Bytes become text in whatever encoding they are, and what is no text is told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.documents.decoding import Decoded, decode

GERMAN = "Schöne Grüße aus München"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marked_and_plain_unicode_is_sure(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)) == Decoded(GERMAN)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "cp1252"])
def test_other_encodings_are_guessed_and_said_to_be(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)) == Decoded(GERMAN, guessed=True)


def test_lines_of_two_encodings_are_both_read() -> None:
    raw = "naïve\n".encode() + "façade\n".encode("cp1252") + b"bad \x81 byte"
    assert decode(raw) == Decoded("naïve\nfaçade\nbad \ufffd byte", guessed=True, n_replaced=1)


def test_a_declared_encoding_is_used_where_it_is_one() -> None:
    text = "Привет"
    assert decode(text.encode("koi8-r"), "koi8-r") == Decoded(text)
    assert decode("é".encode("cp1252"), "no-such") == Decoded("é", guessed=True)
    assert decode("é".encode("cp1252"), "hex") == Decoded("é", guessed=True)


def test_text_from_right_to_left_stays_as_it_is() -> None:
    text = "שלום עולם. مرحبا بالعالم."
    assert decode(text.encode()) == Decoded(text)


@pytest.mark.parametrize("raw", [b"MZ\0\0\x01\x02 program", bytes(range(1, 32)) * 9, b"\x7fELF\0"])
def test_binary_bytes_are_no_text(raw: bytes) -> None:
    assert decode(raw) is None


@given(st.binary(max_size=400), st.sampled_from(["", "utf-7", "latin-1", "idna", "\0", "utf_16"]))
def test_no_bytes_are_too_strange(raw: bytes, declared: str) -> None:
    found = decode(raw, declared)
    assert found is None or isinstance(found.text, str)
