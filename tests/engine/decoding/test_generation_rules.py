"""What rules say of themselves."""

from engine.decoding.generation_rules import NO_RULES, Bias, GenerationRules, GrowingEnd


def test_what_ends_a_text_is_no_rule() -> None:
    assert GenerationRules(end_ids=(3,)).change_nothing
    assert not GenerationRules(suppressed=(3,)).change_nothing
    assert NO_RULES.in_words() == ()


def test_every_rule_is_said() -> None:
    rules = GenerationRules(
        1.3, 3, 1.2, 4, (Bias((1,), 2.0),), ((1, 2), (3,)), 5, 6, 7, (8,), GrowingEnd(9, 1.1), (1,), (2, 3)
    )
    words = rules.in_words()
    assert len(words) == len(GenerationRules._fields) - 1
    assert words[0] == "repetition penalty 1.3"
    assert "2 bad words" in words
    assert "1 suppressed token" in words
