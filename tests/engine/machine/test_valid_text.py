"""Names whose bytes are no text can be written all the same."""

from engine.machine.valid_text import readable


def test_only_what_is_no_text_is_escaped_wherever_it_stands() -> None:
    value = {"a": ["b\udcff", ("漢", 1, None)], "c": True}
    assert readable(value) == {"a": ["b\\udcff", ["漢", 1, None]], "c": True}
