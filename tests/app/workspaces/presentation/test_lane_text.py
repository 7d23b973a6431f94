"""The text of a lane in lines; a character is one wide."""

from app.workspaces.presentation.lane_text import GrowingText, TextPiece, pieces_of
from app.workspaces.presentation.race import Emission
from engine.events import RoundFinished
from tests.app.factory import a_round


def _text(width: int = 10, n_lines: int = 3) -> GrowingText:
    text = GrowingText()
    text.restart(width, n_lines, lambda shown, bold: float(len(shown)))
    return text


def _word(text: str, *, joins: bool = False) -> TextPiece:
    return TextPiece(text, "plain", joins)


def _shown(text: GrowingText) -> list[str]:
    return [
        "".join(" " * (not p.piece.joins and i > 0) + p.piece.text for i, p in enumerate(line)) for line in text.lines
    ]


def test_words_stay_whole_at_the_end_of_a_line() -> None:
    text = _text()
    text.add([_word("count"), _word("lan"), _word("terns", joins=True), _word("twice")])
    assert _shown(text) == ["count", "lanterns", "twice"]


def test_a_word_wider_than_a_line_is_cut() -> None:
    text = _text(4, 9)
    text.add([_word("a"), _word("abcdefghij")])
    assert _shown(text) == ["a", "abcd", "efgh", "ij"]


def test_only_the_newest_lines_are_kept_and_the_others_counted() -> None:
    text = _text(5, 2)
    text.add(_word(f"word{i}") for i in range(5))
    assert _shown(text) == ["word3", "word4"] and text.n_dropped == 3
    text.clear()
    assert text.lines == ([],) and text.n_dropped == 0


def test_only_what_can_be_seen_is_laid_out() -> None:
    text = _text(10, 2)
    emissions = [Emission(0.0, 1, None, i, lambda i: f" w{i}") for i in range(1000)]
    newest = text.newest(reversed(emissions))
    assert newest[-1].number == 999 and len(newest) < 20


def test_a_round_shows_its_ghosts_and_its_spaces_as_spaces() -> None:
    done = a_round(0, [" a", " time"], [" lived", " ran"], " there")
    pieces = list(pieces_of(Emission(0.0, 3, done)))
    assert [piece.text for piece in pieces] == ["a", "time", "lived", "ran", "there"]
    assert [piece.fate for piece in pieces] == ["accepted", "accepted", "rejected", "untested", "correction"]
    assert not any(piece.joins for piece in pieces)


def test_hostile_text_is_spelled_out() -> None:
    (piece,) = pieces_of(Emission(0.0, 1, None, 0, lambda _: "<b>\x1b[31m\u202e\n"))
    assert piece.text == "<b>␛[31m⟨U+202E⟩⏎"
    (long,) = pieces_of(Emission(0.0, 1, None, 0, lambda _: "x" * 10_000))
    assert len(long.text) < 300
    (empty,) = pieces_of(Emission(0.0, 1, None, 0, lambda _: ""))
    assert empty.text == "⟨⟩"


def test_a_round_without_its_tokens_shows_its_text() -> None:
    (piece,) = pieces_of(Emission(0.0, 2, RoundFinished(0, (), None, (1, 2), 0.0, 1.0, 0.0, text=" two words")))
    assert (piece.text, piece.fate) == ("two words", "plain")
