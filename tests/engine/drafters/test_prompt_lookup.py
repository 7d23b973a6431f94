"""Prompt lookup proposes what followed before."""

import pytest
import torch

from engine.decoding.drafting import DraftContext
from engine.decoding.generation_rules import GenerationRules
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.drafters import find
from engine.drafters.prompt_lookup import DRAFTER, PromptLookupDrafter
from engine.errors import InputError

NONE = torch.empty(0, dtype=torch.float64)


def proposals(ids: list[int], n: int, max_ngram: int = 3) -> list[int]:
    drafter = PromptLookupDrafter(max_ngram, device=torch.device("cpu"))
    return drafter.propose(DraftContext(ids, n, Warp(), NONE)).tokens.tolist()


def under(rules: GenerationRules, ids: list[int], n: int = 4) -> list[int]:
    device = torch.device("cpu")
    text = RuledText(rules, n_vocabulary=12, n_most=100, device=device)
    text.begin(ids)
    drafter = PromptLookupDrafter(3, device=device)
    return drafter.propose(DraftContext(ids, n, Warp(), NONE, rules=text)).tokens.tolist()


def test_a_draft_ends_before_a_token_that_a_rule_bans() -> None:
    ids = [1, 2, 3, 4, 5, 1, 2]
    assert under(GenerationRules(), ids) == [3, 4, 5, 1]
    assert under(GenerationRules(repetition_penalty=1.3), ids) == [3, 4, 5, 1]
    assert under(GenerationRules(suppressed=(5,)), ids) == [3, 4]
    assert under(GenerationRules(bad_words=((3, 4),)), ids) == [3]
    assert under(GenerationRules(no_repeat_ngram=3), ids) == []


def test_where_what_followed_an_ngram_is_banned_a_shorter_one_is_looked_up() -> None:
    ids = [2, 9, 1, 2, 3, 1, 2]
    assert under(GenerationRules(), ids) == [3, 1, 2]
    assert under(GenerationRules(no_repeat_ngram=3), ids) == [9]


def test_longest_ngram_wins_over_a_shorter_one() -> None:
    assert proposals([1, 2, 3, 9, 3, 7, 1, 2, 3], 2) == [9, 3]


def test_first_occurrence_is_continued() -> None:
    assert proposals([5, 1, 5, 2, 5], 1) == [1]


def test_nothing_is_proposed_where_nothing_repeats() -> None:
    assert proposals([1, 2, 3], 4) == []


def test_index_grown_step_by_step_equals_one_built_at_once() -> None:
    ids = [int(x) for x in torch.randint(0, 4, (200,), generator=torch.Generator().manual_seed(0))]
    drafter = PromptLookupDrafter(3, device=torch.device("cpu"))
    for n in range(1, len(ids)):
        assert drafter.propose(DraftContext(ids[:n], 5, Warp(), NONE)).tokens.tolist() == proposals(ids[:n], 5)


@pytest.mark.parametrize("spec", ["lookup:0", "lookup:x", "lookup:-1", "lookup:1000"])
def test_impossible_ngram_size_is_refused(spec: str) -> None:
    with pytest.raises(InputError, match="n-gram"):
        DRAFTER.build(spec, None, None)  # type: ignore[arg-type]


def test_specs_find_their_drafter() -> None:
    assert find("lookup:2").name == "prompt_lookup"
    assert find("some/model").name == "small_model"
