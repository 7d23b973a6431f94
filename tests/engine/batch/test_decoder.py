"""Sequences decoded together: each makes what it would make alone, in every runtime, with every drafter."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from threading import Event as Flag

import pytest
import torch
from torch import Tensor

from engine.batch.decoder import BatchDecoder, RewrittenEnd
from engine.batch.drafters import LookupRows, RowsDrafter, SmallModelRows
from engine.batch.generation import RowGeneration, RowRequest, generate_rows
from engine.batch.scoring import scored
from engine.batch.sequences import FusedSequences, ModuleSequences, sequences_of
from engine.commands import Load
from engine.decoding import accept, accept_block
from engine.decoding.clock import clock_for
from engine.decoding.drafting import Drafter
from engine.decoding.generation import Generation, Limits, generate, whole
from engine.decoding.generation_rules import Bias, GenerationRules
from engine.decoding.policies.fixed import FixedLength
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.decoding.speculate import Decoder
from engine.decoding.verifying import BLOCK, EXACT
from engine.drafters.prompt_lookup import PromptLookupDrafter
from engine.drafters.small_model import SmallModelDrafter
from engine.errors import InputError
from engine.events import PhaseFinished, RoundFinished
from engine.fast.batched import RowsModel
from engine.models.loading import LoadedModel, Pair, on_runtime
from engine.runtime import RunContext
from engine.session.session import Session
from tests import fakes

GREEDY, SAMPLED = Warp(), Warp(1.0, top_p=0.95)
PROMPTS = ((5,), (7, 9, 11, 7, 9), tuple(range(20, 51)), (40, 41, 42), (3, 4) * 8)
GAMMA = 3


def pair_of(family: str, folder: Path, *, runtime: str = "auto", **changes: object) -> Pair:
    target = fakes.model(family, sharpness=3.0, **changes)
    specs = fakes.save(target, folder / "target"), fakes.save(fakes.noisy_copy(target), folder / "drafter")
    session = Session()
    list(session.do(Load(*specs, runtime=runtime)))
    assert session.models is not None
    return session.models


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return pair_of("llama", tmp_path_factory.mktemp("llama"))


def requests(
    n_new: Sequence[int], *, stop_ids: frozenset[int] = frozenset(), context: int = fakes.CONTEXT
) -> list[RowRequest]:
    rows = zip(PROMPTS, n_new, strict=False)
    return [RowRequest(ids, 100 + i, Limits(n, context, stop_ids)) for i, (ids, n) in enumerate(rows)]


def rows_drafter(pair: Pair, kind: str) -> RowsDrafter | None:
    assert pair.drafter is not None
    if kind == "none":
        return None
    return LookupRows(3, pair.target) if kind == "lookup" else SmallModelRows(pair.drafter, pair.target)


def one_drafter(pair: Pair, kind: str) -> Drafter | None:
    target, drafter = pair
    assert drafter is not None
    if kind == "none":
        return None
    if kind == "lookup":
        return PromptLookupDrafter(3, device=target.device)
    return SmallModelDrafter(
        drafter.sequence(),
        context=drafter.context,
        n_target_vocabulary=target.n_vocabulary,
        target_device=target.device,
    )


N_RULED = 12
STOP = 61
RULES = {
    "repetition penalty": GenerationRules(repetition_penalty=1.4),
    "n-grams": GenerationRules(no_repeat_ngram=2, no_prompt_ngram=1),
    "suppressed": GenerationRules(suppressed=tuple(range(20, 150)), suppressed_first=tuple(range(150, 280))),
    "everything": GenerationRules(
        repetition_penalty=1.2, no_repeat_ngram=3, min_new_tokens=9, suppressed=(1, 2, 3), bad_words=((5, 6), (8,)),
        biases=(Bias((110,), -9.0), Bias((61, 289), 2.0)), forced_last=(STOP,), end_ids=(STOP,),
    ),
}  # fmt: skip


def ruled(pair: Pair, rules: GenerationRules, n_prompt: int) -> RuledText:
    target = pair.target
    return RuledText(rules, n_vocabulary=target.n_vocabulary, n_most=n_prompt + N_RULED, device=target.device)


@torch.inference_mode()
def together(
    pair: Pair, asked: Sequence[RowRequest], *, kind: str = "model", warp: Warp = GREEDY, block: bool = False,
    rules: GenerationRules | None = None,
) -> tuple[list[Generation], list[RoundFinished]]:  # fmt: skip
    target = pair.target
    decoder = BatchDecoder(
        sequences_of(target), rows_drafter(pair, kind), warp=warp, clock=clock_for(target.device),
        accept_rule=accept_block.block if block else accept.exact,
        rules=None if rules is None else partial(ruled, pair, rules),
    )  # fmt: skip
    gamma = 0 if kind == "none" else GAMMA
    items = list(generate_rows(decoder, asked, gamma, target.texts, lambda: None))
    assert isinstance(items[0], PhaseFinished)
    made = sorted((item for item in items if isinstance(item, RowGeneration)), key=lambda item: item.lane)
    assert [item.lane for item in made] == list(range(len(asked)))
    return [item.made for item in made], [item for item in items if isinstance(item, RoundFinished)]


@torch.inference_mode()
def alone(
    pair: Pair, one: RowRequest, *, kind: str = "model", warp: Warp = GREEDY, block: bool = False,
    rules: GenerationRules | None = None,
) -> tuple[Generation, list[RoundFinished]]:  # fmt: skip
    target = pair.target
    clock, text = clock_for(target.device), None if rules is None else ruled(pair, rules, len(one.ids))
    drafter, verifier = one_drafter(pair, kind), BLOCK if block else EXACT
    decoder = Decoder(target.sequence(), drafter, warp=warp, seed=one.seed, clock=clock, verifier=verifier, rules=text)
    gamma, run = 0 if kind == "none" else GAMMA, RunContext(target, None, "", cancelled=Flag())
    rounds, made = whole(generate(decoder, one.ids, FixedLength(gamma), one.limits, target.texts, run))
    return made, rounds


def facts(one: RoundFinished) -> tuple[object, ...]:
    """What a round says, but for its lane, its times, and numbers that differ by rounding."""
    proposed = [(token.id, token.fate, token.u, pytest.approx(token.q, abs=1e-4)) for token in one.proposed]
    last = None if one.last is None else (one.last.id, one.last.kind, one.last.rank)
    return one.round, proposed, last, one.emitted, one.text


@pytest.mark.parametrize("warp", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
@pytest.mark.parametrize("kind", ["model", "lookup", "none"])
def test_every_lane_makes_what_it_makes_alone_round_by_round(pair: Pair, kind: str, warp: Warp) -> None:
    asked = requests((30, 1, 17, 4, 24))
    made, rounds = together(pair, asked, kind=kind, warp=warp)
    for lane, one in enumerate(asked):
        expected, expected_rounds = alone(pair, one, kind=kind, warp=warp)
        assert (made[lane].ids, made[lane].reason) == (expected.ids, expected.reason)
        own = [item for item in rounds if item.lane == str(lane)]
        assert [facts(item) for item in own] == [facts(item) for item in expected_rounds]


@pytest.mark.parametrize("kind", ["model", "lookup"])
def test_every_lane_is_judged_by_blocks_as_it_is_alone(pair: Pair, kind: str) -> None:
    asked = requests((30, 1, 17, 4, 24))
    made, rounds = together(pair, asked, kind=kind, warp=SAMPLED, block=True)
    for lane, one in enumerate(asked):
        expected, expected_rounds = alone(pair, one, kind=kind, warp=SAMPLED, block=True)
        own = [item for item in rounds if item.lane == str(lane)]
        assert made[lane].ids == expected.ids
        for item, alike in zip(own, expected_rounds, strict=True):
            assert facts(item) == facts(alike)
            odds = [[(token.accept_prob, token.prefix_prob) for token in each.proposed] for each in (item, alike)]
            assert odds[0] == [pytest.approx(each, abs=1e-3) for each in odds[1]]
    drawn = [token.prefix_prob for item in rounds for token in item.proposed]
    assert all(prob is not None for prob in drawn) == (kind == "model")


@pytest.mark.parametrize("warp", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
@pytest.mark.parametrize("kind", ["model", "lookup", "none"])
@pytest.mark.parametrize("name", RULES)
def test_every_row_obeys_its_rules_as_it_does_alone(pair: Pair, name: str, kind: str, warp: Warp) -> None:
    asked, rules = requests((N_RULED, 1, 7, N_RULED, 4)), RULES[name]
    made, rounds = together(pair, asked, kind=kind, warp=warp, rules=rules)
    for lane, one in enumerate(asked):
        expected, expected_rounds = alone(pair, one, kind=kind, warp=warp, rules=rules)
        assert made[lane].ids == expected.ids
        assert [facts(item) for item in rounds if item.lane == str(lane)] == [facts(item) for item in expected_rounds]
    free = [alone(pair, one, kind=kind, warp=warp)[0].ids for one in asked]
    assert [one.ids for one in made] != free, "rules that change nothing prove nothing"


@torch.inference_mode()
def test_a_rewritten_row_obeys_its_rules_as_if_its_text_had_been_written(pair: Pair) -> None:
    target, rules = pair.target, GenerationRules(no_repeat_ngram=2, repetition_penalty=1.3)

    def decode(prompts: Sequence[Sequence[int]], rewritten: RewrittenEnd | None) -> list[list[int]]:
        decoder = BatchDecoder(
            sequences_of(target), LookupRows(3, target), warp=GREEDY, clock=clock_for(target.device),
            rules=partial(ruled, pair, rules),
        )  # fmt: skip
        decoder.prefill(prompts, [0] * len(prompts), capacity=80, checkpoint=lambda: None)
        for turn in range(10):
            decoder.round(dict.fromkeys(range(len(prompts)), 2))
            if turn == 3 and rewritten is not None:
                decoder.rewrite({1: rewritten})
        return decoder.ids

    n_kept, new_ids = 6, (60, 61, 62, 63)
    written = decode(PROMPTS[:3], RewrittenEnd(n_kept, new_ids))
    begun = [*decode(PROMPTS[:3], None)[1][:n_kept], *new_ids]
    [expected] = decode([begun], None)
    n = min(len(expected), len(written[1]))
    assert n > len(begun) + 4
    assert written[1][:n] == expected[:n]


@torch.inference_mode()
def test_idioms_are_proposed_before_what_the_text_has_and_only_behind_their_beginning(pair: Pair) -> None:
    rows = LookupRows(3, pair.target, idioms=(50, 7, 60, 61))
    texts = [[5, 6, 50], [7, 9, 7], [8, 9, 8]]
    rows.prefill(texts, 20, lambda: None)
    draft = rows.propose(texts, [2, 2, 2], GREEDY, torch.zeros(3, 2))
    assert [row[:n] for row, n in zip(draft.tokens.tolist(), draft.counts, strict=True)] == [[7, 60], [60, 61], [9, 8]]
    rows.keep([0, 2])
    assert rows.propose([[5, 6, 50, 7], [8, 9, 8, 61]], [1, 1], GREEDY, torch.zeros(2, 1)).tokens[0].tolist() == [60]


@pytest.mark.parametrize("warp", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_a_lane_does_not_depend_on_which_others_are_in_the_batch(pair: Pair, warp: Warp) -> None:
    asked = requests((20, 20, 20, 20, 20))
    whole, _ = together(pair, asked, warp=warp)
    for chosen in ([0], [2, 1], [4, 0, 3]):
        found, _ = together(pair, [asked[lane] for lane in chosen], warp=warp)
        assert [one.ids for one in found] == [whole[lane].ids for lane in chosen]


@pytest.mark.parametrize("family", ["mistral-sliding", "qwen3", "granite", "gemma3_text"])
def test_families_of_the_fused_runtime_decode_together(family: str, tmp_path: Path) -> None:
    pair = pair_of(family, tmp_path)
    assert isinstance(sequences_of(pair.target), FusedSequences)
    asked = requests((25, 9, 25, 3, 25))
    made, _ = together(pair, asked)
    assert [one.ids for one in made] == [alone(pair, one)[0].ids for one in asked]


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "mistral-sliding"])
@pytest.mark.parametrize("warp", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_models_on_modules_decode_together_too(family: str, warp: Warp, tmp_path: Path) -> None:
    pair = pair_of(family, tmp_path, runtime="modules")
    assert isinstance(sequences_of(pair.target), ModuleSequences)
    asked = requests((25, 2, 18, 3, 25))
    made, _ = together(pair, asked, warp=warp)
    assert [one.ids for one in made] == [alone(pair, one, warp=warp)[0].ids for one in asked]


@pytest.mark.parametrize("kind", ["model", "none"])
def test_long_texts_on_modules_with_a_window_are_those_of_each_lane_alone(kind: str, tmp_path: Path) -> None:
    pair = pair_of("mistral-sliding", tmp_path, runtime="modules")
    asked = requests((90, 60, 80))
    made, _ = together(pair, asked, kind=kind)
    assert [one.ids for one in made] == [alone(pair, one, kind=kind)[0].ids for one in asked]


def test_each_lane_stops_at_its_own_stop_token(pair: Pair) -> None:
    free, _ = together(pair, requests((30,) * 5))
    stop = frozenset({free[0].ids[4], free[2].ids[9]})
    asked = requests((30,) * 5, stop_ids=stop)
    made, _ = together(pair, asked)
    assert [one.reason for one in made].count("end_of_text") >= 2
    for found, one in zip(made, asked, strict=True):
        expected, _ = alone(pair, one)
        assert (found.ids, found.reason) == (expected.ids, expected.reason)


def test_each_lane_ends_with_the_context(pair: Pair) -> None:
    asked = requests((100,) * 5, context=40)
    made, _ = together(pair, asked)
    assert {one.reason for one in made} == {"context"}
    assert [len(one.ids) + len(request.ids) for one, request in zip(made, asked, strict=True)] == [40] * 5


def test_drafter_with_a_shorter_context_drafts_as_far_as_it_reaches(pair: Pair) -> None:
    assert pair.drafter is not None
    short = Pair(pair.target, pair.drafter._replace(context=24))
    asked = requests((20, 30, 20, 10, 20))
    made, rounds = together(short, asked)
    for lane, one in enumerate(asked):
        expected, expected_rounds = alone(short, one)
        assert made[lane].ids == expected.ids
        own = [item for item in rounds if item.lane == str(lane)]
        assert [len(item.proposed) for item in own] == [len(item.proposed) for item in expected_rounds]
    assert all(not item.proposed for item in rounds if item.lane == "2")


@pytest.mark.parametrize("change", [{"n_vocabulary": 280}, {"n_vocabulary": 320}], ids=["smaller", "larger"])
def test_drafter_of_another_padded_vocabulary_drafts_for_a_batch(
    change: dict[str, int], pair: Pair, tmp_path: Path
) -> None:
    assert pair.drafter is not None
    other = fakes.model(sharpness=3.0, **change)
    drafter = pair.drafter._replace(model=other, n_vocabulary=change["n_vocabulary"], fused=None)
    mixed = Pair(pair.target, on_runtime(drafter, "auto"))
    asked = requests((12,) * 5)
    for warp in (GREEDY, SAMPLED):
        made, _ = together(mixed, asked, warp=warp)
        assert [one.ids for one in made] == [alone(mixed, one, warp=warp)[0].ids for one in asked]


def test_rows_that_ended_are_left_out_of_the_forward_once_they_are_half(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, n_rows = pair.target, []
    forward = RowsModel.forward

    def noted(self: RowsModel, ids: Tensor, starts: Tensor, *, span: int, at: Tensor | None = None) -> Tensor:
        n_rows.append(len(ids))
        return forward(self, ids, starts, span=span, at=at)

    monkeypatch.setattr(RowsModel, "forward", noted)
    decoder = BatchDecoder(sequences_of(target), None, warp=GREEDY, clock=clock_for(target.device))
    with torch.inference_mode():
        decoder.prefill(PROMPTS[:4], [0] * 4, capacity=60, checkpoint=lambda: None)
        decoder.round({0: 0, 1: 0, 2: 0})
        decoder.round({0: 0, 2: 0})
    assert n_rows == [4, 2]


def test_stopping_is_asked_between_the_pieces_of_a_prefill(pair: Pair) -> None:
    target, asked = pair.target, []
    decoder = BatchDecoder(sequences_of(target), None, warp=GREEDY, clock=clock_for(target.device))
    with torch.inference_mode():
        decoder.prefill([list(range(100))] * 8, [0] * 8, capacity=110, checkpoint=lambda: asked.append(1))
    assert len(asked) == 2


@pytest.mark.parametrize(("family", "runtime"), [("llama", "fused"), ("llama", "modules"), ("gemma2", "modules")])
@pytest.mark.parametrize("ending", [(3, (60, 61, 62, 63)), (5, (70,)), (8, (9,) * 12)], ids=["cut", "one", "long"])
@torch.inference_mode()
def test_a_rewritten_row_continues_as_if_its_text_had_been_the_prompt(
    family: str, runtime: str, ending: tuple[int, tuple[int, ...]], tmp_path: Path
) -> None:
    target = pair_of(family, tmp_path, runtime=runtime).target
    n_kept, new_ids = ending

    def decode(prompts: Sequence[Sequence[int]], *, rewrites: bool) -> list[list[int]]:
        decoder = BatchDecoder(sequences_of(target), LookupRows(3, target), warp=GREEDY, clock=clock_for(target.device))
        decoder.prefill(prompts, [0] * len(prompts), capacity=80, checkpoint=lambda: None)
        for turn in range(14):
            decoder.round({index: 2 for index in range(len(prompts)) if index != 2 or turn < 2})
            if turn == 3 and rewrites:
                decoder.rewrite({1: RewrittenEnd(n_kept, new_ids)})
        return decoder.ids

    rewritten, as_they_were = decode(PROMPTS[:4], rewrites=True), decode(PROMPTS[:4], rewrites=False)
    for index in (0, 3):
        n = min(len(rewritten[index]), len(as_they_were[index]))
        assert rewritten[index][:n] == as_they_were[index][:n]
    begun = [*as_they_were[1][:n_kept], *new_ids]
    [expected] = decode([begun], rewrites=False)
    n = min(len(expected), len(rewritten[1]))
    assert n > len(begun) + 8
    assert rewritten[1][:n] == expected[:n]


def reference(model: LoadedModel, row: Sequence[int]) -> list[float]:
    """Log-probabilities one row at a time, in float64."""
    exact = model.model.double()
    with torch.inference_mode():
        logp = exact(input_ids=torch.tensor([row]), use_cache=False).logits[0].log_softmax(-1)
    return [0.0, *(float(logp[i, token]) for i, token in enumerate(row[1:]))]


@pytest.mark.parametrize("runtime", ["fused", "modules"])
@pytest.mark.parametrize("most_bytes", [256 << 20, 20_000], ids=["one piece", "many pieces"])
def test_scores_are_the_log_probabilities_of_each_text_alone(
    runtime: str, most_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.batch.scoring._MOST_LOGITS_BYTES", most_bytes)
    model = pair_of("llama", tmp_path, runtime=runtime).target
    found = scored(model, PROMPTS)
    assert [len(row) for row in found] == [len(row) for row in PROMPTS]
    for numbers, row in zip(found, PROMPTS, strict=True):
        assert numbers == pytest.approx(reference(model, row), abs=1e-4)


def test_texts_without_a_second_id_have_nothing_to_score(pair: Pair) -> None:
    assert scored(pair.target, [(4,), ()]) == [[0.0], []]
    assert scored(pair.target, []) == []


def test_a_text_longer_than_the_context_is_refused_before_it_is_scored(pair: Pair) -> None:
    with pytest.raises(InputError, match=f"{fakes.CONTEXT + 1} tokens"):
        scored(pair.target, [[1] * (fakes.CONTEXT + 1)])


def test_rows_of_a_drafter_with_another_tokenizer_are_refused(pair: Pair) -> None:
    assert pair.drafter is not None
    with pytest.raises(InputError, match="another tokenizer"):
        SmallModelRows(pair.drafter._replace(drafts_through="text"), pair.target)
