import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.machine.number_text import begins_number, is_ambiguous, read_number, read_whole

NO_NUMBERS = (
    "",
    "-",
    ".",
    ",",
    "1.2.3",
    "1,2.3,4",
    "12 34",
    "1 2",
    "0x10",
    "nan",
    "inf",
    "1_00",
    "--1",
    "1e",
    "²",
    "½",
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.7", 0.7), ("0,7", 0.7), (",7", 0.7), (".5", 0.5), ("7,", 7.0), ("٠٫٧", 0.7), ("۰٫۷", 0.7), ("０．７", 0.7),
        ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1 234,5", 1234.5), ("1\u202f234,5", 1234.5), ("1’234.5", 1234.5),
        ("1.234.567", 1234567.0), ("١٬٢٣٤٫٥", 1234.5), ("−0,5", -0.5), ("\u061c-٥", -5.0), ("\u200e+2", 2.0),
        ("1e-4", 1e-4), ("2,5E3", 2500.0), (" 3 ", 3.0), ("1.250", 1.25),
    ],
)  # fmt: skip
def test_a_number_is_read_as_any_locale_writes_it(text: str, number: float) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,000", 1000), ("1.000", 1000), ("1 000", 1000), ("٤", 4), ("-12", -12), ("1.000.000", 1_000_000)],
)
def test_a_whole_number_may_be_grouped(text: str, number: int) -> None:
    assert read_whole(text) == number


@pytest.mark.parametrize("text", ["1.5", "1,00", "1.000,000", "", "-", "1e3"])
def test_a_whole_number_has_no_decimals(text: str) -> None:
    assert read_whole(text) is None


@pytest.mark.parametrize("text", ["", "-", "0", "0,", "1.", "1e", "1e-", "٠٫"])
def test_what_may_become_a_number_is_known(text: str) -> None:
    assert begins_number(text)


@pytest.mark.parametrize("text", ["a", "e", "1f", "1-", "1e5e", "<b>"])
def test_what_never_becomes_a_number_is_known(text: str) -> None:
    assert not begins_number(text)


def test_a_comma_before_three_digits_is_ambiguous_unless_a_zero_leads() -> None:
    assert is_ambiguous("1,000") and is_ambiguous("-12,500")
    assert not any(map(is_ambiguous, ("0,700", "1,00", "1.000", "1,000,000", "1,0000")))


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4), st.sampled_from(".,"))
def test_what_is_written_with_either_mark_is_read_back(number: object, mark: str) -> None:
    assert read_number(str(number).replace(".", mark)) == float(str(number))


@given(st.text(max_size=500))
def test_no_text_is_too_strange_to_read(text: str) -> None:
    assert read_number(text) is None or begins_number(text)
    assert read_whole(text) is None or isinstance(read_whole(text), int)
