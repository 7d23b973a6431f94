"""Bans told on the host are those that the target's logits get, wherever a draft stands in a text."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decoding.forbidden_tokens import ForbiddenTokens
from engine.decoding.generation_rules import GenerationRules
from engine.decoding.ruled_text import BANNED, RuledText

N_IDS, N_MOST = 5, 16
_ID = st.integers(0, N_IDS - 1)
_IDS = st.lists(_ID, max_size=2).map(tuple)
RULES = st.builds(
    GenerationRules,
    repetition_penalty=st.sampled_from([1.0, 1.3]),
    no_repeat_ngram=st.integers(0, 3),
    no_prompt_ngram=st.integers(0, 3),
    bad_words=st.lists(st.lists(_ID, min_size=1, max_size=3).map(tuple), max_size=2).map(tuple),
    min_length=st.integers(0, 12),
    min_new_tokens=st.integers(0, 6),
    forced_first=st.none() | _ID,
    forced_last=_IDS,
    suppressed=_IDS,
    suppressed_first=_IDS,
    end_ids=_IDS,
    prompt_penalty=st.just(1.0),
    biases=st.just(()),
    growing_end=st.none(),
)
PROMPT, NEW = st.lists(_ID, min_size=1, max_size=6), st.lists(_ID, max_size=5)
DRAFTED = st.lists(_ID, min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(rules=RULES, prompt=PROMPT, new=NEW, drafted=DRAFTED, n_kept=st.integers(0, 5))
def test_a_draft_may_go_as_far_as_no_token_of_it_is_banned_by_the_logits(
    rules: GenerationRules, prompt: list[int], new: list[int], drafted: list[int], n_kept: int
) -> None:
    text = RuledText(rules, n_vocabulary=N_IDS, n_most=N_MOST, device=torch.device("cpu"))
    text.begin(prompt)
    text.n_allowed([*prompt, *new[::-1]], drafted)  # what was committed and then taken back
    text.cut(len(prompt))
    ids = [*prompt, *new[: len(new) - n_kept]]
    text.n_allowed(ids, drafted)
    ids = [*prompt, *new]
    text.follow(ids)
    rows = text.applied(torch.zeros(len(drafted), N_IDS), torch.tensor(drafted[:-1], dtype=torch.int64))
    bans = [bool(row[token] == BANNED) for row, token in zip(rows, drafted, strict=True)]
    assert text.n_allowed(ids, drafted) == (bans.index(True) if True in bans else len(drafted))


def test_ngrams_within_one_draft_count_as_well() -> None:
    forbidden = ForbiddenTokens(GenerationRules(no_repeat_ngram=2), n_prompt=1, n_most=100)
    assert forbidden.n_allowed([1], [2, 3, 2, 3]) == 3
    assert forbidden.n_allowed([1, 2], [3, 2, 1, 2]) == 3


def test_a_penalty_forbids_nothing() -> None:
    rules = GenerationRules(repetition_penalty=1.5, prompt_penalty=2.0)
    assert ForbiddenTokens(rules, n_prompt=2, n_most=100).n_allowed([1, 2], [1, 2, 1]) == 3
