"""Pages of the world: longer than notes, every fact in one, a story of others' names between the facts."""

from random import Random

import pytest

from engine.world.census import CROWDED, World, world
from engine.world.documents import LATER_HOLDS, Archive
from engine.world.pages import Form, history
from engine.world.questions import QUESTION_KINDS, Asker


def a_world(seed: int) -> World:
    return world(Random(seed), "train")


def a_shelf(seed: int = 0, form: Form = "pages") -> Archive:
    return history(Random(seed), a_world(seed), form)


def test_pages_are_several_times_as_long_as_notes_and_none_is_very_long() -> None:
    lengths = {
        form: [len(document.text.split()) for seed in range(5) for document in a_shelf(seed, form).documents]
        for form in ("notes", "pages")
    }
    assert min(lengths["pages"]) > 2 * sum(lengths["notes"]) / len(lengths["notes"])
    assert max(lengths["pages"]) < 150


def test_every_fact_of_a_page_stands_in_its_text_and_every_fact_of_the_world_in_a_page() -> None:
    made = a_shelf(1)
    for page in made.documents:
        assert all(fact.value in page.text for fact in page.states)
        assert page.title.lower() in page.text.lower()
        assert 1 <= len(page.states) <= 8 and len({fact.key for fact in page.states}) == len(page.states)
    assert sum(len(page.states) for page in made.documents) > 5 * len(made.documents)
    stating = made.stating()
    assert all(stating[fact.key, fact.value] for fact in made.world.facts)


def test_pages_are_paragraphs_with_a_story_between_the_facts() -> None:
    for page in a_shelf(2).documents:
        assert "\n" in page.text and "\n\n" not in page.text and "  " not in page.text and "{" not in page.text
        named = {fact.subject.name for fact in page.states}
        plain = [part for part in page.text.split("\n") if not any(name in part for name in named)]
        assert plain


def test_reports_that_differ_are_pages_of_their_own_and_no_other_page_takes_sides() -> None:
    seen, rules = 0, 0
    for seed in range(8):
        made = a_shelf(seed)
        for page in made.documents:
            disputed = [fact for fact in page.states if fact.key in made.world.revisions]
            assert len(disputed) == (page.year is not None)
            if disputed:
                revision = made.world.revisions[disputed[0].key]
                assert page.text.startswith(f"Report of {page.year}")
                assert page.year == (revision.year if disputed[0] == revision.fact else revision.former_year)
                seen, rules = seen + 1, rules + (LATER_HOLDS in page.text)
    assert 0 < rules < seen


def test_some_pages_are_written_twice_with_the_same_facts() -> None:
    stated = [frozenset(page.states) for seed in range(10) for page in a_shelf(seed).documents]
    assert len(set(stated)) < len(stated)


def test_both_forms_together_are_the_notes_and_the_pages_about_one_world() -> None:
    made = a_shelf(3, "both")
    lengths = [len(document.text.split()) for document in made.documents]
    assert min(lengths) < 40 < 80 < max(lengths)
    assert len({document.id for document in made.documents}) == len(made.documents)


@pytest.mark.parametrize("form", ["notes", "pages", "both"])
def test_same_seed_makes_the_same_shelf_and_every_kind_of_question_can_be_asked(form: Form) -> None:
    assert a_shelf(4, form) == a_shelf(4, form)
    asker = Asker(a_shelf(4, form), Random(1))
    assert all(asker.ask(kind).gold for kind in QUESTION_KINDS)


def test_crowded_worlds_have_ten_subjects_for_every_relation() -> None:
    assert min(CROWDED.values()) >= 10
