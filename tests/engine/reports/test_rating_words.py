"""Ratings in the report of a comparison."""

from engine.events import TextsRated
from engine.reports import compared, comparison_report
from engine.reports.document import Paragraph
from engine.reports.pilot import Prices
from engine.reports.rating_words import rated_blind
from engine.store.blind_rating import RatingCounts
from tests.comparisons import comparison


def test_counts_share_and_test_are_said() -> None:
    line = rated_blind(RatingCounts("plain", "builtin γ 4", 6, 0, 1, 2))
    assert line.startswith("Rated blind: plain better 6, builtin γ 4 better 0, equally good 1, both bad 2.")
    assert "plain in 100% [61%, 100%]; sign test p = 0.031." in line
    assert rated_blind(RatingCounts("a", "b", 0, 0, 1, 0)).endswith("both bad 0.")


def test_the_report_of_a_rated_comparison_says_how_it_was_rated() -> None:
    said = TextsRated("1", "", "plain", "builtin γ 4", "tie", True)
    facts = compared.facts((*comparison(n_prompts=1), said))
    assert facts is not None
    report = comparison_report.document(facts, 1, Prices())
    texts = next(section for section in report.sections if section.title == "Texts")
    assert any(isinstance(block, Paragraph) and "equally good 1" in block.text for block in texts.blocks)
