"""Bytes become text in whatever encoding they are, and what is no text is told apart."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.documents.decoding import Decoded, decode

GERMAN = "Schöne Grüße aus München"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marked_and_plain_unicode_is_sure(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding))[:3] == (GERMAN, False, 0)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "cp1252"])
def test_other_encodings_are_guessed_and_said_to_be(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)) == Decoded(GERMAN, True, 0, encoding)


def test_lines_of_two_encodings_are_both_read() -> None:
    raw = "naïve\n".encode() + "façade\n".encode("cp1252") + b"bad \x81 byte"
    assert decode(raw) == Decoded("naïve\nfaçade\nbad \ufffd byte", True, 1, "cp1252")


def test_a_declared_encoding_is_used_where_it_is_one() -> None:
    text = "Привет"
    assert decode(text.encode("koi8-r"), "koi8-r") == Decoded(text, encoding="koi8-r")
    for unusable in ("no-such", "hex", "utf-16", "unicode_escape"):
        assert decode("é".encode("cp1252"), unusable) == Decoded("é", True, 0, "cp1252")


TEXTS = {
    "gb18030": "港口的守夜人叫欧拉。她每天晚上点亮灯塔，给渔船指路。",
    "big5": "港口的守夜人叫歐拉。她每天晚上點亮燈塔，給漁船指路。",
    "shift_jis": "港の番人はオルラという名前です。彼女は毎晩灯台に火をともします。",
    "euc_jp": "港の番人はオルラという名前です。彼女は毎晩灯台に火をともします。",
    "iso2022_jp": "港の番人はオルラという名前です。彼女は毎晩灯台に火をともします。",
    "euc_kr": "항구의 등대지기는 오를라입니다. 그는 매일 저녁 등불을 켭니다.",
    "cp1251": "Смотрителя гавани зовут Орла. Она каждый вечер зажигает маяк.",
    "koi8_r": "Смотрителя гавани зовут Орла. Она каждый вечер зажигает маяк.",
    "cp866": "Смотрителя гавани зовут Орла. Она каждый вечер зажигает маяк.",
    "iso8859_5": "Смотрителя гавани зовут Орла. Она каждый вечер зажигает маяк.",
    "cp1250": "Źdźbło trawy rośnie na łące, a strażnik portu zapala światło każdego wieczoru.",
    "iso8859_2": "Příliš žluťoučký kůň úpěl ďábelské ódy. Strážce přístavu rozsvěcí světlo.",
    "cp1253": "Ο φύλακας του λιμανιού ανάβει το φως κάθε βράδυ.",
    "cp1254": "Liman bekçisi her akşam ışığı yakar. Güneş batınca gemiler döner.",
    "cp1255": "שומר הנמל מדליק את המגדלור בכל ערב.",
    "cp1256": "حارس الميناء يشعل المصباح كل مساء.",
    "cp1257": "Uosto sargas kiekvieną vakarą uždega šviesą žvejams.",
    "cp874": "ผู้ดูแลท่าเรือจุดไฟทุกเย็น",
    "cp437": "Der Wärter überprüft das große Schloß.",
    "mac_roman": "Le café du port est tenu par Zoé et coûte cher.",
    "cp1252": "Le café du port est tenu par Zoé – « chez elle » coûte 5 €.",
    "utf-16-le": "港口的守夜人叫欧拉。\n她每天晚上点亮灯塔。\n",
    "utf-16-be": "Смотрителя гавани зовут Орла.\n",
}


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("times", [1, 30])
def test_old_encodings_are_detected_by_their_words(encoding: str, times: int) -> None:
    text = TEXTS[encoding] * times
    found = decode(text.encode(encoding))
    assert found is not None and (found.text, found.guessed, found.n_replaced) == (text, True, 0)


def test_bytes_that_are_words_in_no_encoding_have_none() -> None:
    found = decode(bytes(Random(1).choices(range(128, 256), k=1_000)))
    assert found is not None and found.encoding == ""


@pytest.mark.parametrize(("raw", "text"), [(b"20 \xb0C, 5 \xb5m", "20 °C, 5 µm"), (b"it\x92s", "it’s")])
def test_a_few_signs_among_ascii_are_western(raw: bytes, text: str) -> None:
    assert decode(raw) == Decoded(text, True, 0, "cp1252")


def test_a_broken_place_in_utf8_makes_no_other_encoding_of_it() -> None:
    text = "Смотрителя гавани зовут Орла."
    assert decode((text + "ю").encode()[:-1]) == Decoded(text + "\ufffd", True, 1)
    found = decode((TEXTS["gb18030"] * 20 + "守").encode("gb18030")[:-1])
    assert found is not None and (found.encoding, found.n_replaced) == ("gb18030", 1)


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
