"""Decodes bytes to text, detects encodings that nothing declares, and recognises binary content.

* imports neither Qt nor torch."""

import codecs
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice, pairwise
from typing import NamedTuple

_PROBED_BYTES, _DETECTED_BYTES, _PROBED_WORDS = 8192, 200_000, 5_000
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
# In UTF-16 without a byte order mark, at least this share of every second byte is zero if the letters are Latin.
_WIDE_SHARE = 0.4
_LEAST_WIDE, _MOST_SCRIPTS = 4, 3
# Bytes of ASCII in pairs are Chinese characters in UTF-16, too: text with a stray zero byte is none of these.
_PRINTED, _ASCII_SHARE = bytes(range(32, 127)) + b"\t\n\r", 0.8
_CONTROL_SHARE = 0.05
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"
REPLACEMENT = "\ufffd"
# What files of people are in: today's encodings of each script, those of Unix, DOS and the Macintosh before them.
_EIGHT_BITS = (
    "gb18030", "big5hkscs", "cp932", "shift_jis_2004", "euc_jis_2004", "cp949", "euc_kr", "johab", "cp1250", "cp1251",
    "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "tis-620", "iso8859-1", "iso8859-2",
    "iso8859-3", "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "iso8859-9", "iso8859-13", "iso8859-15", "koi8-r",
    "koi8-u", "cp437", "cp737", "cp850", "cp852", "cp855", "cp866", "mac-roman", "mac-cyrillic", "mac-greek",
)  # fmt: skip
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
# Japanese mail and Korean mail: letters in seven bits behind escape sequences.
_ESCAPED = {b"\x1b$B": "iso2022_jp_ext", b"\x1b$@": "iso2022_jp_ext", b"\x1b$)C": "iso2022_kr"}
# What pages declare and browsers read instead.
_DECLARED = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "iso-8859-9": "cp1254", "gb2312": "gb18030",
    "gbk": "gb18030", "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949", "big5": "big5hkscs", "x-cp1251": "cp1251",
}  # fmt: skip
_DECLARABLE = re.compile(r"(?:iso|windows|cp|koi8|mac|gb|big5|euc|shift|hz|tis|ibm|johab|x-mac)[\w.:-]*", re.I)
# A text of so few characters outside ASCII is kept although they cannot be decoded.
_FEW_LOST, _FEW_LOST_SHARE = 3, 0.005
# A UTF-8 line with a broken place has this many good characters for each that is lost.
_GOOD_A_LOSS = 4
_FOREIGN_WORD = re.compile(r"[^\W\d_](?:[^\x00-\x7f\s]|[^\W\d_])+")
_EAST_ASIAN = frozenset(
    {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "FULLWIDTH", "HALFWIDTH", "IDEOGRAPHIC", "MODIFIER"}
)
_SPACES = frozenset("\t\n\v\f\r\x1b")
_HIGH = re.compile(rb"[\x80-\xff]++")
# In Latin alphabets letters outside ASCII stand alone; in others whole words do.
_LATIN_RUN = 2.0
_LEAST_CONFIDENCE = 0.05
# The share of words that may look wrong, since people misspell.
_WRONG_WORDS = 0.1
# So many encodings that are likely enough are compared by it.
_MOST_COMPARED = 3
_SUPERSETS = {"iso8859-1": "cp1252", "iso8859-9": "cp1254", "euc_kr": "cp949"}


class Decoded(NamedTuple):
    """A text and how reliable it is. guessed: its encoding was detected; n_replaced: characters lost; encoding: empty
    if it is not known, and what is outside ASCII is lost."""

    text: str
    guessed: bool = False
    n_replaced: int = 0
    encoding: str = "utf-8"


def decode(raw: bytes, declared: str = "") -> Decoded | None:
    """Decode UTF-8, UTF-16, UTF-32 or the declared encoding; otherwise detect the encoding of the lines that are not
    UTF-8, since files pasted together from several may have two.

    Returns None if the bytes are not text."""
    if marked := next((name for mark, name in _MARKS.items() if raw.startswith(mark)), ""):
        return _counted(raw.decode(marked, "replace"), marked)
    if wide := _wide(raw):
        return _counted(raw.decode(wide, "replace"), wide, guessed=True)
    if _is_binary(raw):
        return None
    if escaped := next((name for sign, name in _ESCAPED.items() if sign in raw[:_DETECTED_BYTES]), ""):
        return _counted(raw.decode(escaped, "replace"), escaped, guessed=True)
    for encoding in filter(None, ("utf-8-sig", _declared(declared))):
        try:
            return Decoded(raw.decode(encoding), encoding=encoding.removesuffix("-sig"))
        except (ValueError, LookupError):
            continue
    return _detected(raw.splitlines(keepends=True))


def _declared(name: str) -> str:
    """The codec of an encoding that a page declares; empty for one that no page can be in."""
    known = _DECLARED.get(name.lower(), name)
    return known if _DECLARABLE.fullmatch(known) else ""


def _detected(lines: Sequence[bytes]) -> Decoded:
    texts = [_as_utf8(line) for line in lines]
    rest = b"".join(line for line, text in zip(lines, texts, strict=True) if text is None)
    encoding = _encoding_of(rest)
    codec = encoding or "ascii"
    text = "".join(
        line.decode(codec, "replace") if text is None else text for line, text in zip(lines, texts, strict=True)
    )
    n_replaced = text.count(REPLACEMENT)
    if not encoding and n_replaced <= max(_FEW_LOST, _FEW_LOST_SHARE * len(text)):
        encoding = "utf-8"
    return Decoded(text.removeprefix("\ufeff"), True, n_replaced, encoding)


def _as_utf8(line: bytes) -> str | None:
    """The line, if it is UTF-8 but for a few broken places."""
    text = line.decode("utf-8", "replace")
    if not (n_lost := text.count(REPLACEMENT)):
        return text
    n_good = sum(not character.isascii() for character in text) - n_lost
    return text if n_good >= _GOOD_A_LOSS * n_lost else None


def _encoding_of(raw: bytes) -> str:
    """The likeliest encoding in which bytes are words; empty if there is none."""
    if not raw:
        return "utf-8"
    probe = raw[:_DETECTED_BYTES]
    runs = _HIGH.findall(probe)
    is_latin = sum(map(len, runs)) < _LATIN_RUN * len(runs)
    shares = (
        (_wrong_share(probe, name, is_latin=is_latin), name) for name in (*_likeliest(probe, _EIGHT_BITS), "cp1252")
    )
    usable = islice((candidate for candidate in shares if candidate[0] <= _WRONG_WORDS), _MOST_COMPARED)
    return min(usable, key=lambda candidate: candidate[0], default=(0.0, ""))[1]


def _wrong_share(probe: bytes, encoding: str, *, is_latin: bool) -> float:
    """The share of the words that look wrong in an encoding; 1 if bytes are lost or are no letters."""
    text = probe.decode(encoding, "replace")
    foreign = [character for character in text if not character.isascii()]
    few_lost = max(_FEW_LOST_SHARE * len(foreign), _FEW_LOST if encoding == "cp1252" else 1)
    if foreign.count(REPLACEMENT) > few_lost or (is_latin and _has_other_letters(foreign)) or _has_controls(text):
        return 1.0
    words = [word for word in islice(_FOREIGN_WORD.findall(text), _PROBED_WORDS) if not word.isascii()]
    return sum(map(_is_wrong, words)) / max(1, len(words))


def _likeliest(probe: bytes, names: Sequence[str]) -> Iterator[str]:
    import chardet

    for answer in chardet.detect_all(probe, include_encodings=names, prefer_superset=False, compat_names=False):
        if (encoding := answer["encoding"]) is not None and answer["confidence"] >= _LEAST_CONFIDENCE:
            yield _SUPERSETS.get(encoding, encoding)


def _has_other_letters(characters: Iterable[str]) -> bool:
    return any(character.isalpha() and _script(character) != "LATIN" for character in characters)


def _has_controls(text: str) -> bool:
    """Whether there are control characters or such as mean nothing."""
    return any(unicodedata.category(character) in ("Cc", "Co", "Cn") for character in set(text) - _SPACES)


def _is_wrong(word: str) -> bool:
    """Whether a word is of two alphabets, or has a capital, a sign or a quote inside, as in a wrong encoding."""
    letters = word.strip(REPLACEMENT)
    if len({_alphabet(letter) for letter in letters if letter.isalpha() and letter != "µ"} - {""}) > 1:
        return True
    if any(a.islower() and b.isupper() and not b.isascii() for a, b in pairwise(letters)):
        return True
    inside = (letter for letter in letters[1:-1] if letter not in "‘’\ufffd")
    return any(
        unicodedata.category(letter)[:1] == "S" or unicodedata.category(letter) in ("Pi", "Pf") for letter in inside
    )


@cache
def _script(letter: str) -> str:
    """The first word of a letter's name, which is its script; signs that count as letters (µ, º) are Latin."""
    script = unicodedata.name(letter, "").split(" ")[0]
    return "LATIN" if script in ("MICRO", "FEMININE", "MASCULINE") else script


def _alphabet(letter: str) -> str:
    """The script of a letter; empty for the scripts of East Asia, which share words, and for marks."""
    script = _script(letter)
    return "" if script in _EAST_ASIAN or unicodedata.category(letter).startswith("M") else script


def _counted(text: str, encoding: str, *, guessed: bool = False) -> Decoded:
    return Decoded(text.removeprefix("\ufeff"), guessed, text.count(REPLACEMENT), encoding)


def _wide(raw: bytes) -> str:
    """The UTF-16 or UTF-32 byte order, judging by the positions of zero bytes; empty if the bytes are in neither."""
    probe = raw[: min(_PROBED_BYTES, len(raw) // 2 * 2)]
    half = len(probe) // 2
    if half < 2 or b"\0" not in probe:
        return ""
    high_last, high_first = probe[1::2].count(0) / half, probe[::2].count(0) / half
    if high_last > _WIDE_SHARE and not high_first:
        return "utf-16-le"
    if high_first > _WIDE_SHARE and not high_last:
        return "utf-16-be"
    n_ascii = len(probe) - len(probe.translate(None, _PRINTED))
    return next((name for name in _WIDE if _is_text_in(name, probe)), "") if n_ascii < _ASCII_SHARE * len(probe) else ""


def _is_text_in(encoding: str, probe: bytes) -> bool:
    """Whether bytes are text of this encoding: letters of a script for the most part, and nothing else but signs."""
    width = 4 if encoding.startswith("utf-32") else 2
    try:
        text = probe[: len(probe) // width * width].decode(encoding)
    except UnicodeDecodeError:
        return False
    letters = [character for character in text if character.isalpha()]
    few_scripts = len({_alphabet(letter) for letter in letters}) <= _MOST_SCRIPTS
    return len(text) >= _LEAST_WIDE and 2 * len(letters) > len(text) and few_scripts and not _has_controls(text)


def _is_binary(raw: bytes) -> bool:
    probe = raw[:_PROBED_BYTES]
    n_controls = len(probe) - len(probe.translate(None, _CONTROLS))
    return b"\0" in probe or n_controls > _CONTROL_SHARE * len(probe)
