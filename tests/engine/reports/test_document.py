"""What a report's parts tell of themselves."""

from engine.reports.document import MarkedToken, Paragraph, ReportedText, TextsBlock, fates_in


def test_fates_are_those_of_all_texts_among_the_blocks() -> None:
    tokens = (MarkedToken("a", "accepted"), MarkedToken("b", "unverified"))
    block = TextsBlock("", (ReportedText("x", 0, tokens, ""),))
    assert fates_in((Paragraph("hello"), block)) == {"accepted", "unverified"}
    assert fates_in((Paragraph("hello"),)) == frozenset()
