from msgspec.structs import replace

from engine.events import GenerationMeasured
from engine.reports import compared, texts
from engine.reports.compared import ComparisonFacts
from tests.comparisons import comparison


def facts(n_prompts: int = 2, n_tokens: int = 12) -> ComparisonFacts:
    log = compared.facts(comparison(n_prompts=n_prompts, n_tokens=n_tokens))
    assert log is not None
    return log


def test_what_is_kept_of_the_tokens_is_the_text() -> None:
    for event in facts().generations:
        kept = [t for t in texts.round_tokens(event.rounds) if t.fate not in ("rejected", "untested")]
        assert "".join(token.text for token in kept) == event.text
        assert len(kept) == len(event.ids)


def test_plain_tokens_have_no_fate_and_drafted_ones_all_of_them() -> None:
    lanes = texts.texts(facts(4, 64), 4)[0][0].lanes
    assert {token.fate for token in lanes[0].tokens} == {"plain"}
    assert {token.fate for lane in lanes for token in lane.tokens} >= {"accepted", "rejected", "correction", "bonus"}


def test_lanes_stand_in_the_order_of_the_comparison() -> None:
    log = facts()
    shuffled = log._replace(generations=tuple(reversed(log.generations)))
    assert [lane.lane for lane in texts.texts(shuffled, 1)[0][0].lanes] == [0, 1, 2]


def test_texts_beyond_the_wanted_number_are_counted() -> None:
    blocks, note = texts.texts(facts(5), 2)
    assert len(blocks) == 2 and "3 further prompts" in note
    assert texts.texts(facts(2), 2)[1] == ""


def test_a_report_does_not_grow_without_end() -> None:
    log = facts(1)
    long = log.generations[-1]
    rounds = long.rounds * 3_000
    tokens, note = texts.cut(texts.round_tokens(rounds))
    assert len(tokens) == 2_000 and "left out" in note
    many = tuple(replace(event, rounds=event.rounds * 1_000) for event in facts(30).generations)
    blocks, note = texts.texts(facts(30)._replace(generations=many), 30)
    assert sum(len(lane.tokens) for block in blocks for lane in block.lanes) <= 24_000 and note


def test_the_first_difference_from_the_plain_text_is_marked() -> None:
    log = facts(1, 24)
    changed = tuple(
        replace(event, first_divergence=3, margin=0.01) if event.lane != "plain" else event for event in log.generations
    )
    lane = texts.texts(log._replace(generations=changed), 1)[0][0].lanes[-1]
    kept = [token.differs for token in lane.tokens if token.fate not in ("rejected", "untested")]
    assert kept.index(True) == 3 and sum(token.differs for token in lane.tokens) == 1
    assert "from token 4 on" in lane.note and "0.01" in lane.note


def test_a_generation_without_its_rounds_shows_its_text() -> None:
    log = facts(1)
    bare = tuple(replace(event, rounds=()) for event in log.generations)
    lane = texts.texts(log._replace(generations=bare), 1)[0][0].lanes[0]
    assert lane.tokens[0].text == bare[0].text and "without the fates" in lane.note


def test_a_prompt_that_is_not_in_the_set_is_left_out() -> None:
    log = facts(1)
    stray: GenerationMeasured = replace(log.generations[0], prompt=99)
    assert len(texts.texts(log._replace(generations=(stray, *log.generations)), 9)[0]) == 1
