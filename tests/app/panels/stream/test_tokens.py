import gc

import msgspec
import pytest

from app.panels.stream.tokens import ControlIds, StreamToken, added_texts, prompt_tokens, round_tokens
from app.state.selection import Selection
from tests.app.factory import a_round, started

PARTS = ["⟨æ⟩", "⟨¼⟩", "⟨¢⟩"]


@pytest.mark.parametrize(
    ("pieces", "text", "added"),
    [
        ([" a", " b"], " a b", [" a", " b"]),
        ([" a", *PARTS, " b"], " a漢 b", [" a", "", "", "漢", " b"]),
        (PARTS, "漢", ["", "", "漢"]),
        ([" a", *PARTS[:2]], " a", [" a", "", ""]),
        ([PARTS[2], " b"], "漢 b", ["漢", " b"]),
        ([*PARTS, *PARTS], "漢漢", ["", "", "", "", "", "漢漢"]),
        ([" Once", " upon"], "Once upon", ["Once", " upon"]),
        ([" a"], "漢 a", ["漢 a"]),
        (["", " a"], " a", ["", " a"]),
        ([" a", " b"], "", [" a", " b"]),
        (PARTS, "", ["", "", ""]),
        ([], "", []),
    ],
)
def test_each_piece_adds_its_part_of_the_text_and_a_broken_character_comes_whole(pieces, text, added):
    assert list(added_texts(pieces, text)) == added
    assert "".join(added) == text or not text


def test_kept_tokens_carry_the_text_of_the_round_and_ghosts_their_own():
    event = msgspec.structs.replace(a_round(3, PARTS, ["⟨é⟩"], " end"), text="漢 end")
    made = round_tokens(event)
    assert [token.text for token in made] == ["", "", "漢", "⟨é⟩", " end"]
    assert [token.shown for token in made] == [*PARTS, "⟨é⟩", "·end"]
    assert made[4].place == Selection(3, 4)


def test_a_token_of_the_prompt_has_no_place():
    made = list(prompt_tokens(started(pieces=("Once", ""))))
    assert [token.place for token in made] == [None, None]
    assert made[1].shown == "⟨⟩"


def test_tokens_are_not_tracked_by_the_garbage_collector():
    made = [*prompt_tokens(started()), *round_tokens(a_round(0, [" a"], [" b"]))]
    assert all(isinstance(token, StreamToken) and not gc.is_tracked(token) for token in made)


def test_a_control_token_is_told_from_the_same_characters_that_are_text():
    run = msgspec.structs.replace(
        started(pieces=("<|im_end|>", "<|im_end|>", " x")), prompt_ids=(3, 9, 50), control_ids=((0, 2), (7, 9))
    )
    assert [made.control for made in prompt_tokens(run)] == [False, True, False]
    controls = ControlIds(run.control_ids)
    assert [index in controls for index in (-1, 0, 2, 3, 6, 7, 9, 10)] == [
        False, True, True, False, False, True, True, False,
    ]  # fmt: skip
    event = a_round(0, ["<|im_end|>"], [" b"])
    proposed, *others = round_tokens(event, ControlIds([(event.proposed[0].id, event.proposed[0].id)]))
    assert proposed.control and not any(made.control for made in others)
    assert not any(made.control for made in round_tokens(event))


def test_a_file_that_states_fewer_ids_than_pieces_is_shown():
    run = msgspec.structs.replace(started(pieces=("a", " b")), prompt_ids=(1,), control_ids=((1, 1),))
    assert [made.control for made in prompt_tokens(run)] == [True, False]


def test_text_without_tokens_adds_to_none():
    assert added_texts((), "text") == []
