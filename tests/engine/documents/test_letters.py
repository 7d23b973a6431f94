"""Letters are written in one way, and what is no letter is gone."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.documents.letters import plain


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("of\ufb01ce \ufb02ag", "office flag"),
        ("har\u00adbour", "harbour"),
        ("cafe\u0301", "café"),
        ("ＡＢＣ１２", "ABC12"),
        ("ｶﾞｽ", "ガス"),
        ("\ufedf\ufe8e", "لا"),
        ("𝑥 + 𝒚", "x + y"),
        ("a\x00b\x1b[1m\x85", "ab[1m"),
        ("m² ½ ™ ª …", "m² ½ ™ ª …"),
        ("港，口。", "港，口。"),
        ("\ud800", "?"),
    ],
)
def test_letters_are_written_in_one_way(text: str, written: str) -> None:
    assert plain(text) == written


@given(st.text())
def test_plain_text_stays_as_it_is_and_is_composed(text: str) -> None:
    once = plain(text)
    assert plain(once) == once == unicodedata.normalize("NFC", once)
