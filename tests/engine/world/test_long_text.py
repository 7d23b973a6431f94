"""Long texts: seeded, of the asked length, of one split, and full of facts that stood far above."""

from random import Random

import pytest

from engine.world.census import world
from engine.world.long_text import LONG_FORMS, LongForm, long_history, long_text
from engine.world.open_names import split_of
from engine.world.questions import Asker

each_form = pytest.mark.parametrize("form", LONG_FORMS)


@each_form
@pytest.mark.parametrize("n_characters", [2000, 20_000])
def test_a_text_is_about_as_long_as_asked_and_the_same_for_the_same_seed(form: LongForm, n_characters: int) -> None:
    text = long_text(3, n_characters, form)
    assert 0.9 * n_characters < len(text.text) < 1.1 * n_characters + 300
    assert text == long_text(3, n_characters, form)
    assert text.text != long_text(4, n_characters, form).text
    assert "{" not in text.text and "  " not in text.text


@each_form
def test_every_statement_stands_where_it_says_and_so_does_what_it_repeats(form: LongForm) -> None:
    text = long_text(5, 12_000, form)
    assert len(text.statements) > 100
    for statement in text.statements:
        assert text.text[statement.start : statement.end] == statement.fact.value
        if statement.distance is not None:
            before = statement.start - statement.distance
            assert 0 < before < statement.start
            assert text.text[before : before + len(statement.fact.value)] == statement.fact.value


@each_form
def test_many_facts_are_taken_up_again_most_of_a_text_later(form: LongForm) -> None:
    text = long_text(6, 20_000, form)
    far = [s for s in text.statements if s.distance is not None and s.distance > 8000]
    assert len(far) >= 20


@each_form
def test_texts_of_the_test_split_name_no_one_of_the_training_split(form: LongForm) -> None:
    for split in ("train", "test"):
        text = long_text(7, 6000, form, split=split)
        assert {split_of(fact.subject.name) for fact in text.states} == {split}


def test_payments_of_a_chronicle_are_summed_up_payee_by_payee() -> None:
    text = long_text(8, 20_000, "chronicles").text
    paid: dict[str, int] = {}
    n_sums = 0
    for line in text.split("\n"):
        if line.startswith("Paid to "):
            who, amount = line.removeprefix("Paid to ").removesuffix(" silver.").split(": ")
            paid[who] = paid.get(who, 0) + int(amount)
        elif line.startswith("Accounts of "):
            *payees, total = line.removesuffix(" silver.").split(" silver. ")
            assert total == f"Carried over: {sum(paid.values())}"
            for payee in payees:
                who, sums = payee.partition(". ")[2].split(": ") if payee.startswith("Acc") else payee.split(": ")
                assert int(sums.rsplit(" ", 1)[-1]) == paid[who.removeprefix("To ")]
            paid, n_sums = {}, n_sums + 1
    assert n_sums >= 1


@each_form
def test_a_whole_world_becomes_texts_that_can_be_asked_about(form: LongForm) -> None:
    archive = long_history(Random(1), world(Random(1), "train"), form)
    assert archive == long_history(Random(1), world(Random(1), "train"), form)
    asker = Asker(archive, Random(2))
    ids = {document.id for document in archive.documents}
    for _ in range(20):
        assert set(asker.ask("single").gold) <= ids
        assert asker.ask("claim").gold and asker.ask("dated").gold
