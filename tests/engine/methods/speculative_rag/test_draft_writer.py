"""Writing one draft: where a rationale ends, what is forced then, and what is shown and scored of it."""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from engine import prompts
from engine.decoding.packing import HostRecord
from engine.methods.speculative_rag.draft_writer import DraftWriter, Growth
from engine.models.loading import LoadedModel
from engine.rag.encoding import Fitted, encode, encode_piece
from engine.rag.values import Lengths
from tests import fakes
from tests.engine.methods.speculative_rag.test_drafting import loaded

END = 7


@cache
def model() -> LoadedModel:
    made = loaded(fakes.save(fakes.model(), Path(mkdtemp()) / "m"))
    return made._replace(stop_ids=frozenset({END}))


def writer(most: int = 120, lengths: Lengths | None = None) -> DraftWriter:
    fitted = Fitted(encode(prompts.rag_draft(["Salt."], "What?"), model().tokenizer), "")
    return DraftWriter(fitted, model(), most, lengths)


def ids(text: str) -> tuple[int, ...]:
    return encode_piece(text, model().tokenizer)


def record(tokens: Sequence[int], p: float) -> HostRecord:
    *drafted, last = tokens
    n = len(drafted)
    return HostRecord(n, last, p, None, drafted, [p] * n, [1.0] * n, [1.0] * n, [1.0] * n, [0] * n, None, [], [])


def write(draft: DraftWriter, tokens: Sequence[int], *, at_once: int = 1, p: float = 0.5) -> list[Growth]:
    """Give a draft tokens in rounds, and force what it wants forced; returns how it grew."""
    grown = []
    for start in range(0, len(tokens), at_once):
        if draft.end:
            break
        grown.append(draft.take(record(tokens[start : start + at_once], p)))
        if (step := draft.bridged()) is not None:
            grown.append(step[1])
            break
    return grown


def text_of(grown: Sequence[Growth]) -> str:
    return "".join(growth.text for growth in grown)


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_draft_with_its_own_response_is_left_as_it_is(at_once: int) -> None:
    draft = writer()
    written = f" It is salt.{prompts.RESPONSE_FOLLOWS} salt"
    grown = write(draft, (*ids(written), END), at_once=at_once)
    assert (draft.end, draft.forced_by, draft.text) == ("stopped", "", written)
    assert (text_of(grown), draft.parts()) == (written, ("It is salt.", "salt"))
    assert (draft.why(), draft.bridged()) == ("", None)


@pytest.mark.parametrize("at_once", [1, 4, 50])
@pytest.mark.parametrize(
    ("tokens", "why"), [((*ids(" It is salt."), END), "end"), (ids(" It is salt.\nMore of it."), "line")]
)
def test_rationale_that_ends_without_a_response_gets_the_words_before_it(
    tokens: tuple[int, ...], why: str, at_once: int
) -> None:
    draft = writer()
    grown = write(draft, tokens, at_once=at_once)
    assert (draft.forced_by, draft.end) == (why, "")
    assert draft.text == f" It is salt.{prompts.RESPONSE_FOLLOWS}"
    assert text_of(grown) == draft.text
    assert tuple(token for growth in grown for token in growth.ids) == tuple(draft.ids)
    grown += write(draft, (*ids(" salt"), END), at_once=at_once)
    assert (draft.end, draft.parts(), draft.why()) == ("stopped", ("It is salt.", "salt"), "")
    assert text_of(grown) == draft.text


def test_new_end_of_the_sequence_is_after_the_prompt_and_what_is_kept() -> None:
    draft = writer()
    draft.take(record(ids(" It is salt.\n\nThe"), 0.5))
    step = draft.bridged()
    assert step is not None
    assert step[0].n_kept == len(draft.fitted.encoded.ids) + len(ids(" It is salt."))
    assert step[0].ids == ids(prompts.RESPONSE_FOLLOWS)
    assert draft.n_forced == len(step[0].ids)


def test_rationale_that_does_not_end_stops_at_its_share_so_that_a_response_has_room() -> None:
    draft = writer(most=40)
    write(draft, ids(" salt" * 40))
    assert draft.forced_by == "length"
    assert draft.text.endswith(prompts.RESPONSE_FOLLOWS)
    assert len(draft.ids) == 40 - 10


def test_too_few_tokens_for_a_response_end_the_draft_and_it_is_said() -> None:
    draft = writer(most=6)
    write(draft, ids(" salt" * 40))
    assert (draft.end, draft.why()) == ("length", "no response within 6 tokens")


@pytest.mark.parametrize("tokens", [(END,), (*ids(" \n"), END)])
def test_draft_of_nothing_is_not_complete(tokens: tuple[int, ...]) -> None:
    draft = writer()
    write(draft, tokens)
    assert (draft.end, draft.why(), draft.forced_by) == ("stopped", "the drafter wrote nothing", "")


def test_empty_lines_before_a_rationale_do_not_end_it() -> None:
    draft = writer()
    write(draft, ids("\n\n It is salt.\nMore."))
    assert draft.parts().rationale == "It is salt."


def test_response_ends_with_its_line() -> None:
    draft = writer()
    write(draft, ids(f" It is.{prompts.RESPONSE_FOLLOWS} salt\n## More"))
    assert (draft.end, draft.parts().response) == ("stopped", "salt")


def test_response_cut_at_the_last_token_keeps_its_whole_sentences() -> None:
    rationale = ids(f" It is.{prompts.RESPONSE_FOLLOWS}")
    for response, kept in ((" It is salt." + " and" * 60, "It is salt."), (" salt" * 60, "")):
        draft = writer(most=len(rationale) + len(ids(response)))
        write(draft, (*rationale, *ids(response), 20))
        assert (draft.end, draft.parts().response) == ("length", kept)
        assert bool(draft.why()) == (not kept)


def test_forced_tokens_are_not_scored() -> None:
    draft, own = writer(), writer()
    write(draft, (*ids(" It is salt."), END))
    write(draft, (*ids(" salt"), END))
    write(own, (*ids(f" It is salt.{prompts.RESPONSE_FOLLOWS} salt"), END))
    assert draft.text == own.text
    rationale, response = draft.log_p()
    assert rationale == pytest.approx(len(ids(" It is salt.")) * math.log(0.5))
    assert response == pytest.approx(len(ids(" salt")) * math.log(0.5))
    assert draft.log_p() == pytest.approx(own.log_p())


def test_a_line_that_may_still_begin_a_response_is_not_shown_before_it_is_certain() -> None:
    draft = writer()
    first = draft.take(record(ids(" It is salt.\n##"), 0.5))
    assert (first.text, draft.end, draft.forced_by) == (" It is salt.", "", "")
    second = draft.take(record(ids(" Response: salt"), 0.5))
    assert first.text + second.text == draft.text == f" It is salt.{prompts.RESPONSE_FOLLOWS} salt"
    assert (*first.ids, *second.ids) == tuple(draft.ids)


def test_draft_of_fixed_lengths_is_forced_to_nothing() -> None:
    draft = writer(lengths=Lengths(4, 3), most=7)
    grown = write(draft, (*ids("\n\n"), END, END, *ids(" salt and fish and salt and salt")))
    assert (len(draft.ids), draft.end, draft.forced_by) == (7, "length", "")
    assert text_of(grown) == draft.text
    assert draft.log_p() == pytest.approx((4 * math.log(0.5), 3 * math.log(0.5)))
