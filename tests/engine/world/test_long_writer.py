"""A long text in the making: where facts stand, and how far apart."""

from random import Random

from engine.world.census import world
from engine.world.long_writer import LongWriter


def test_a_repeated_fact_is_as_far_away_as_the_text_between() -> None:
    fact = world(Random(1), "train").facts[0]
    writer = LongWriter()
    writer.state(Random(2), fact)
    writer.plain(" Nothing happened." * 3)
    writer.repeat(fact)
    text = writer.finished("A title")
    first, second = text.statements
    assert first.distance is None and second.distance == second.start - first.start
    assert text.states == (fact,) and text.text[second.start : second.end] == fact.value
    assert writer.length == len(text.text)
