from engine.runs.round_counts import Position, RoundKind, count_kind, count_length, count_positions


def test_draft_lengths_are_counted_from_one_token_on() -> None:
    lengths: tuple[int, ...] = ()
    for length in (3, 0, 1, 3):
        lengths = count_length(lengths, length)
    assert lengths == (1, 0, 2)


def test_very_long_drafts_share_the_last_place() -> None:
    assert len(count_length(count_length((), 5000), 300)) == 256
    assert len(count_positions((), 900, 900)) == 256


def test_rounds_that_contribute_the_same_are_one_kind() -> None:
    kinds = count_kind(count_kind(count_kind((), 2, 3), 1, 1), 2, 3)
    assert kinds == (RoundKind(2, 3, 2), RoundKind(1, 1, 1))


def test_each_tested_position_is_counted() -> None:
    positions = count_positions(count_positions((), 1, 2), 0, 1)
    assert positions == (Position(1, 2), Position(0, 1))
