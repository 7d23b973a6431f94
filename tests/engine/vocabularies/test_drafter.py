"""Drafting with a model of another tokenizer: the text is the target's, whatever the drafter writes."""

from itertools import permutations
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from transformers import PreTrainedTokenizerBase

from engine.decoding.clock import clock_for
from engine.decoding.detokenizer import TokenTexts
from engine.decoding.drafting import NOTHING, DraftContext
from engine.decoding.generation import Generation, Limits, generate, whole
from engine.decoding.generation_rules import GenerationRules
from engine.decoding.policies.fixed import FixedLength
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.decoding.speculate import Decoder
from engine.events import RoundFinished
from engine.vocabularies import drafter as drafting
from engine.vocabularies.drafter import OtherTokenizerDrafter, TokenizerOfModel
from engine.vocabularies.spelling import spelling_of
from tests import vocabularies
from tests.vocabularies import CPU, Scripted

SCRIPT = "The harbour master counted the lanterns, é日🎉 one by one.\n\nThen he went home \twith them. ".encode()
GREEDY = Warp()
PROMPTS = st.one_of(
    st.text(min_size=1, max_size=30),
    st.sampled_from(["The harbour master", " ", "</s> a", "日", "<0x41>", "a\u0301\r\n"]),
)


class Run:
    """What decoding needs besides models."""

    def checkpoint(self) -> None:
        """Never stops."""

    def elapsed_s(self) -> float:
        """No time passes."""
        return 0.0


class Models(NamedTuple):
    """A pair of scripted models."""

    target: Scripted
    words: PreTrainedTokenizerBase
    drafter: OtherTokenizerDrafter


def models(target: str, drafter: str, *, noise: int = 7, context: int = 4000) -> Models:
    words, other = vocabularies.tokenizer(target), vocabularies.tokenizer(drafter)
    written, drafted = (
        Scripted(vocabularies.encoder(tokenizer), SCRIPT, noise=every)
        for tokenizer, every in ((words, 11), (other, noise))
    )
    model = OtherTokenizerDrafter(
        drafted, *(TokenizerOfModel(tokenizer, len(tokenizer), frozenset()) for tokenizer in (words, other)),
        context=context, target_device=CPU,
    )  # fmt: skip
    return Models(written, words, model)


def decoded(
    pair: Models, prompt: str, *, gamma: int, warp: Warp = GREEDY, n: int = 40, seed: int = 0,
    rules: GenerationRules | None = None,
) -> tuple[list[RoundFinished], Generation]:  # fmt: skip
    ids = pair.words(prompt.encode("utf-8", "replace").decode())["input_ids"] or [3]
    drafter = pair.drafter if gamma else None
    text = None if rules is None else RuledText(rules, n_vocabulary=len(pair.words), n_most=4000, device=CPU)
    decoder = Decoder(pair.target, drafter, warp=warp, seed=seed, clock=clock_for(CPU), rules=text)
    limits = Limits(n, 4000, frozenset({pair.words.eos_token_id}))
    rounds, generation = whole(generate(decoder, ids, FixedLength(gamma), limits, TokenTexts(pair.words), Run()))
    pair.drafter.reset()
    return rounds, generation


@pytest.mark.parametrize(("target", "drafter"), list(permutations(vocabularies.KINDS, 2)))
def test_greedy_text_is_the_plain_one_token_for_token(target: str, drafter: str) -> None:
    pair = models(target, drafter)

    @given(prompt=PROMPTS, gamma=st.integers(1, 6))
    @settings(max_examples=6)
    def check(prompt: str, gamma: int) -> None:
        plain = decoded(pair, prompt, gamma=0)[1]
        assert decoded(pair, prompt, gamma=gamma)[1].ids == plain.ids

    check()


@pytest.mark.parametrize(("target", "drafter"), list(permutations(vocabularies.KINDS, 2)))
def test_a_drafter_that_writes_the_same_text_is_accepted(target: str, drafter: str) -> None:
    pair = models(target, drafter, noise=0)
    pair.target._noise = 0
    rounds, _ = decoded(pair, SCRIPT[:30].decode(), gamma=4)
    fates = [token.fate for one in rounds for token in one.proposed]
    assert fates.count("accepted") > 3 * fates.count("rejected")
    assert len(rounds) < 24


@pytest.mark.parametrize("target", ["byte_level", "space_sign"])
def test_shown_probabilities_are_over_the_targets_tokens(target: str) -> None:
    pair = models(target, "other_merges" if target == "space_sign" else "prefixed")
    for warp in (Warp(), Warp(1.0)):
        rounds, _ = decoded(pair, "The harbour", gamma=4, warp=warp)
        proposed = [token for one in rounds for token in one.proposed]
        assert proposed
        assert all(0 < token.q <= 1.0 + 1e-6 for token in proposed)
        assert all(abs(sum(entry.prob for entry in token.top_q)) <= 1.0 + 1e-5 for token in proposed)
        if not warp.greedy:
            assert all(abs(token.accept_prob - min(1.0, token.p / token.q)) < 1e-5 for token in proposed)


@pytest.mark.parametrize("drafter", ["other_merges", "space_sign"])
def test_sampled_text_has_the_law_of_plain_text(drafter: str) -> None:
    pair = models("byte_level", drafter)
    pair.target._sharpness = pair.drafter._model._sharpness = 5.0  # type: ignore[attr-defined]
    prompt = "The harbour"
    ids = pair.words(prompt)["input_ids"]
    expected = pair.target.forward(torch.tensor(ids))[-1].softmax(-1)
    after_best = pair.target.forward(expected.argmax(-1, keepdim=True))[-1].softmax(-1)
    best = int(expected.argmax())
    texts = [decoded(pair, prompt, gamma=2, warp=Warp(1.0), n=2, seed=seed)[1].ids for seed in range(1500)]
    n_best = sum(text[0] == best for text in texts)
    assert stats.binomtest(n_best, len(texts), float(expected[best])).pvalue > 1e-3
    n_both = sum(text[0] == best and text[1:] == (int(after_best.argmax()),) for text in texts)
    assert stats.binomtest(n_both, len(texts), float(expected[best] * after_best.max())).pvalue > 1e-3


def test_the_model_reads_the_ids_that_it_drew() -> None:
    pair = models("byte_level", "space_sign", noise=0)
    pair.target._noise = 0
    ids = pair.words("The harbour")["input_ids"]
    drafter = pair.drafter
    drafter.prefill(ids[:-1], NOTHING)
    draft = drafter.propose(DraftContext(ids, 3, Warp(1.0), torch.full((3,), 0.5, dtype=torch.float64)))
    drawn = list(drafter._drafted)
    assert len(draft.tokens) == len(drawn) == 3
    n = len(drafter._text.ids)
    drafter.commit([*ids, *draft.tokens[:2].tolist(), ids[0]])
    assert drafter._text.ids[n : n + 2] == drawn[:2]


RULES = GenerationRules(repetition_penalty=1.5, no_repeat_ngram=3, bad_words=((11, 12),))


@pytest.mark.parametrize("drafter", ["other_merges", "space_sign"])
def test_greedy_text_under_rules_is_the_plain_one(drafter: str) -> None:
    pair = models("byte_level", drafter)
    for prompt in ("The harbour master", " ", "日"):
        free = decoded(pair, prompt, gamma=0)[1].ids
        rules = RULES._replace(suppressed=free[len(free) // 2 :][:2])
        plain = decoded(pair, prompt, gamma=0, rules=rules)[1].ids
        assert decoded(pair, prompt, gamma=4, rules=rules)[1].ids == plain
        assert plain != free, "rules that change nothing prove nothing"


def test_sampled_text_under_rules_has_the_law_of_plain_text() -> None:
    pair = models("byte_level", "other_merges")
    pair.target._sharpness = pair.drafter._model._sharpness = 5.0  # type: ignore[attr-defined]
    ids = pair.words("The harbour")["input_ids"]
    best = int(pair.target.forward(torch.tensor(ids))[-1].argmax())
    rules = GenerationRules(repetition_penalty=3.0, suppressed=(best,))
    text = RuledText(rules, n_vocabulary=len(pair.words), n_most=99, device=CPU)
    text.begin(ids)
    pair.target.reset()
    expected = text.applied(pair.target.forward(torch.tensor(ids))[-1:], text.no_tokens)[0].softmax(-1)
    probable = expected > 1.5 * expected.median()
    texts = [decoded(pair, "The harbour", gamma=2, warp=Warp(1.0), n=1, seed=i, rules=rules)[1].ids for i in range(400)]
    assert not any(text[0] == best for text in texts)
    if probable.any():
        n_probable = sum(bool(probable[text[0]]) for text in texts)
        assert stats.binomtest(n_probable, len(texts), float(expected[probable].sum())).pvalue > 1e-3


@pytest.mark.parametrize("warp", [Warp(), Warp(1.0)], ids=["greedy", "sampling"])
def test_what_a_rule_bans_is_not_proposed(warp: Warp) -> None:
    pair = models("byte_level", "other_merges", noise=0)
    pair.target._noise = 0
    free = [token.id for one in decoded(pair, "The harbour", gamma=4, warp=warp)[0] for token in one.proposed]
    rules = GenerationRules(suppressed=tuple(free[1:4]))
    ruled = [token.id for one in decoded(pair, "The harbour", gamma=4, warp=warp, rules=rules)[0]
             for token in one.proposed]  # fmt: skip
    assert ruled
    assert not set(ruled) & set(rules.suppressed)


def test_drafting_stops_where_hardly_anything_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = models("byte_level", "space_sign", noise=0)
    ids = pair.words("The harbour")["input_ids"]
    shared = pair.drafter._host_shared
    unshared = next(token for token in range(600) if shared.target_of(token) is None)
    monkeypatch.setattr(pair.drafter._model, "_written", lambda n: unshared)
    monkeypatch.setattr(pair.drafter._model, "_sharpness", 40.0)
    u = torch.full((3,), 0.5, dtype=torch.float64)
    assert len(pair.drafter.propose(DraftContext(ids, 3, Warp(1.0), u)).tokens) == 0
    monkeypatch.setattr(pair.drafter._model, "_sharpness", 1.0)
    pair.drafter.reset()
    assert len(pair.drafter.propose(DraftContext(ids, 3, Warp(1.0), u)).tokens) == 3


def test_what_is_left_out_hangs_on_what_comes_before() -> None:
    assert drafting._n_kept([1.0, 1.0, 1e-6, 1.0], [False] * 4) == 2
    assert drafting._n_kept([1.0, 1.0, 1.0], [False, True, False]) == 2
    assert drafting._n_kept([1e-6], [False]) == 0


def test_an_end_of_text_is_drafted_as_one() -> None:
    pair = models("byte_level", "space_sign", noise=0)
    other = spelling_of(vocabularies.tokenizer("space_sign"))
    assert other.end is not None
    pair.drafter._model._written = lambda n: other.end  # type: ignore[attr-defined]
    for warp in (Warp(), Warp(1.0)):
        pair.drafter.reset()
        ids = pair.words("The harbour")["input_ids"]
        draft = pair.drafter.propose(DraftContext(ids, 3, warp, torch.full((3,), 0.5, dtype=torch.float64)))
        assert draft.tokens.tolist() == [pair.words.eos_token_id]


@pytest.mark.parametrize("warp", [Warp(), Warp(1.0)], ids=["greedy", "sampling"])
def test_drafting_ends_with_the_drafters_own_context(warp: Warp) -> None:
    pair = models("byte_level", "prefixed", context=30)
    prompt = SCRIPT[:40].decode()
    rounds, generation = decoded(pair, prompt, gamma=4, warp=warp)
    assert len(generation.ids) == 40 or generation.ids[-1] == pair.words.eos_token_id
    assert not rounds[-1].proposed
    long = models("byte_level", "prefixed", context=4)
    assert not any(one.proposed for one in decoded(long, prompt, gamma=4, warp=warp)[0])


def test_a_long_prompt_is_read_in_chunks_and_nothing_is_left_after_a_reset() -> None:
    pair = models("byte_level", "space_sign", noise=0)
    ids = pair.words((SCRIPT * 30).decode().rstrip())["input_ids"]
    for start in range(0, len(ids) - 1, 512):
        pair.drafter.prefill(ids[start : min(start + 512, len(ids) - 1)], NOTHING)
    assert pair.drafter.cache_bytes() > 0
    draft = pair.drafter.propose(DraftContext(ids, 2, Warp(), torch.zeros(2, dtype=torch.float64)))
    assert len(draft.tokens) > 0
    pair.drafter.reset()
    assert pair.drafter.cache_bytes() == 0


def test_a_prompt_of_signs_alone_gives_the_drafter_nothing_to_read() -> None:
    pair = models("byte_level", "space_sign")
    unknown = len(pair.words) + 3
    draft = pair.drafter.propose(DraftContext([unknown], 2, Warp(), torch.zeros(2, dtype=torch.float64)))
    assert len(draft.tokens) == 0
    pair.drafter.commit([unknown, 5])
