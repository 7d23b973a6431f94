"""Chronicles: years in order, subjects introduced before they are taken up."""

from random import Random

from engine.world.census import world
from engine.world.chronicle import chronicle
from engine.world.documents import facts_by_subject


def test_years_ascend_and_what_returns_was_introduced_before() -> None:
    drawn = world(Random(1), "train")
    text = chronicle(Random(2), iter(drawn.entities), facts_by_subject(drawn), 8000)
    years = [int(line.split()[2].strip(".")) for line in text.text.split("\n") if line.startswith("Report of ")]
    assert years == sorted(years) and len(years) > 5
    lines = text.text.split("\n")
    returned = [i for i, line in enumerate(lines) if " was heard of again." in line]
    assert returned
    for i in returned:
        label = lines[i].partition(" was heard of again.")[0]
        assert label.lower() in "\n".join(lines[:i]).lower()


def test_without_subjects_a_chronicle_is_empty_but_whole() -> None:
    text = chronicle(Random(2), iter(()), {}, 1000)
    assert text.statements == () and text.text.startswith("A chronicle, begun in ")
