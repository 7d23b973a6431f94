from engine.decoding.policies.policy import LADDER, ladder


def test_a_ladder_ends_at_the_longest_draft_and_holds_the_length_that_a_run_starts_with() -> None:
    assert ladder(10, 7) == (1, 2, 3, 4, 5, 6, 7, 8, 10)
    assert ladder(64) == LADDER
