"""Rules on logits: greedy text is that of `generate`, sampled text has its distribution, whatever drafts."""

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Event as Flag
from typing import NamedTuple

import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor
from transformers import GenerationConfig as TheirConfig
from transformers import PreTrainedModel

from engine.commands import Load, Run
from engine.decoding import sampling
from engine.decoding.generation_rules import Bias, GenerationRules
from engine.decoding.ruled_text import BANNED, RuledText
from engine.decoding.sampling import Warp
from engine.events import RunStarted
from engine.models import generation_config
from engine.runtime import ruled_text
from engine.session.session import Session
from engine.settings import GenerationConfig, Request
from tests import fakes
from tests.engine.session.running import emitted, rounds

END = 61
PROMPT, SHORT = (5, 9, 2, 11, 3, 5, 9, 2), (40,)
N_NEW, GAMMA = 20, 4
CASES: dict[str, dict[str, object]] = {
    "repetition": {"repetition_penalty": 1.3},
    "reward of repetition": {"repetition_penalty": 0.8},
    "2-grams": {"no_repeat_ngram_size": 2},
    "1-grams": {"no_repeat_ngram_size": 1},
    "of the prompt": {"encoder_repetition_penalty": 30.0, "encoder_no_repeat_ngram_size": 2},
    "bad words": {"bad_words_ids": [[33], [289, 191], [END]]},
    "least length": {"min_length": 18},
    "least new": {"min_new_tokens": 12, "min_length": 100},
    "forced last": {"forced_eos_token_id": [END]},
    "forced first": {"forced_bos_token_id": 4, "begin_suppress_tokens": [60, 61, 62]},
    "growing end": {"exponential_decay_length_penalty": (3, 1.4)},
    "suppressed": {"suppress_tokens": list(range(20, 150))},
    "suppressed at the beginning": {"begin_suppress_tokens": list(range(200))},
    "biases": {"sequence_bias": [[[110], -9.0], [[61, 289], -9.0], [[38], 1.0], [[12], -float("inf")]]},
    "everything": {
        "repetition_penalty": 1.2, "no_repeat_ngram_size": 3, "min_new_tokens": 9, "suppress_tokens": [1, 2, 3],
        "begin_suppress_tokens": [60, 61], "bad_words_ids": [[5, 6], [8]], "forced_eos_token_id": [END],
        "exponential_decay_length_penalty": (5, 1.1),
    },
}  # fmt: skip
Specs = tuple[str, str]
Rules = dict[str, object]


class Loaded(NamedTuple):
    """A session, and the model it holds in transformers."""

    session: Session
    model: PreTrainedModel


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Specs:
    folder, target = tmp_path_factory.mktemp("pair"), fakes.model(sharpness=3.0, eos_token_id=END)
    target.generation_config = TheirConfig(eos_token_id=END, pad_token_id=0)
    return fakes.save(target, folder / "t"), fakes.save(fakes.noisy_copy(target, noise=0.15), folder / "d")


@pytest.fixture(scope="module")
def sessions(specs: Specs) -> Callable[[str, str], Loaded]:
    made: dict[tuple[str, str], Loaded] = {}

    def loaded(drafter: str, runtime: str) -> Loaded:
        key = drafter, runtime
        if key not in made:
            session = Session()
            list(session.do(Load(specs[0], specs[1] if drafter == "model" else drafter, "cpu", runtime=runtime)))
            assert session.target is not None
            made[key] = Loaded(session, session.target.model)
        return made[key]

    return loaded


def under(loaded: Loaded, rules: Rules) -> Session:
    """The session with a target whose generation config asks for this."""
    session, target = loaded.session, loaded.session.target
    assert target is not None
    config = TheirConfig(eos_token_id=END, pad_token_id=0, **rules)
    session.target = target._replace(generation=generation_config.read(config, "it", frozenset([END])))
    return session


def theirs(model: PreTrainedModel, prompt: Sequence[int], rules: Rules) -> tuple[int, ...]:
    """What `generate` adds."""
    model.generation_config = TheirConfig(eos_token_id=END, pad_token_id=0, **rules)
    ids = torch.tensor([prompt])
    with torch.inference_mode():
        out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=N_NEW, do_sample=False)
    return tuple(out[0, len(prompt) :].tolist())


def ours(session: Session, prompt: tuple[int, ...], **settings: float) -> tuple[int, ...]:
    drafted = session.drafter is not None
    method, own = ("speculative", {"gamma": GAMMA, "baseline": False}) if drafted else ("plain", {})
    wanted = {"max_new_tokens": N_NEW, **own, **settings}
    return emitted(list(session.do(Run(method, wanted, Request("", prompt_ids=prompt)), Flag())))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("drafter", ["model", "lookup"])
def test_greedy_text_under_rules_is_that_of_generate(
    drafter: str, name: str, sessions: Callable[[str, str], Loaded]
) -> None:
    loaded = sessions(drafter, "auto")
    changed = False
    for prompt in (PROMPT, SHORT):
        expected = theirs(loaded.model, prompt, CASES[name])
        assert ours(under(loaded, CASES[name]), prompt) == expected
        changed |= expected != theirs(loaded.model, prompt, {})
    assert changed, "rules that change nothing prove nothing"


@pytest.mark.parametrize(
    ("drafter", "runtime"),
    [
        ("model", "modules"),
        ("none", "auto"),
        ("none", "modules"),
        ("early-exit:1", "auto"),
        ("early-exit:1", "modules"),
    ],
)
def test_every_forward_and_drafter_obeys(drafter: str, runtime: str, sessions: Callable[[str, str], Loaded]) -> None:
    loaded = sessions(drafter, runtime)
    for prompt in (PROMPT, SHORT):
        rules = CASES["everything"]
        assert ours(under(loaded, rules), prompt) == theirs(loaded.model, prompt, rules)


def test_the_users_penalty_counts_instead_of_the_models_and_its_rules_can_be_left_out(
    sessions: Callable[[str, str], Loaded],
) -> None:
    loaded = sessions("lookup", "auto")
    both = {"repetition_penalty": 1.3, "min_new_tokens": 15}
    session = under(loaded, both)
    assert ours(session, PROMPT, repetition_penalty=1.1) == theirs(
        loaded.model, PROMPT, {**both, "repetition_penalty": 1.1}
    )
    bare = theirs(loaded.model, PROMPT, {})
    assert ours(session, PROMPT, generation_rules=False) == bare != ours(session, PROMPT)
    alone = ours(session, PROMPT, generation_rules=False, repetition_penalty=1.1)
    assert alone == theirs(loaded.model, PROMPT, {"repetition_penalty": 1.1})


def test_a_run_says_what_is_applied(sessions: Callable[[str, str], Loaded]) -> None:
    session = under(sessions("lookup", "auto"), {"repetition_penalty": 1.3})
    settings = {"max_new_tokens": 2, "baseline": False}
    wanted = ({}, ("repetition penalty 1.3",)), ({"generation_rules": False}, ())
    for more, words in wanted:
        events = list(session.do(Run("speculative", {**settings, **more}, Request("", prompt_ids=PROMPT)), Flag()))
        assert next(event for event in events if isinstance(event, RunStarted)).rules == words


def test_rules_make_a_related_drafter_follow_so_that_it_is_accepted(sessions: Callable[[str, str], Loaded]) -> None:
    session = under(sessions("model", "auto"), {"suppress_tokens": list(range(20, 150))})
    settings = {"max_new_tokens": N_NEW, "baseline": False, "gamma": GAMMA}
    events = rounds(list(session.do(Run("speculative", settings, Request("", prompt_ids=PROMPT)), Flag())))
    proposed = [token.id for event in events for token in event.proposed]
    assert proposed
    assert not set(proposed) & set(range(20, 150))


@pytest.mark.parametrize("drafter", ["model", "lookup"])
def test_sampled_text_under_rules_has_the_targets_distribution(
    drafter: str, sessions: Callable[[str, str], Loaded]
) -> None:
    rules: Rules = {
        "repetition_penalty": 1.4,
        "no_repeat_ngram_size": 2,
        "min_new_tokens": 2,
        "begin_suppress_tokens": [9],
    }
    session = under(sessions(drafter, "auto"), rules)
    assert session.target is not None
    n, config = 350, GenerationConfig(temperature=1.0, top_k=3, max_new_tokens=2)
    expected = _two_tokens(session, config)
    samples = Counter(ours(session, PROMPT, temperature=1.0, top_k=3, max_new_tokens=2, seed=i) for i in range(n))
    assert set(samples) <= set(expected)
    common = [path for path, prob in expected.items() if n * prob >= 5]
    rest = n - sum(samples[path] for path in common)
    rare = n * (1 - sum(expected[path] for path in common))
    counts, means = [samples[path] for path in common], [n * expected[path] for path in common]
    if rare > 1e-6:
        counts, means = [*counts, rest], [*means, rare]
    assert chisquare(counts, [mean * n / sum(means) for mean in means]).pvalue > 1e-3


@torch.inference_mode()
def _two_tokens(session: Session, config: GenerationConfig) -> dict[tuple[int, ...], float]:
    """The probability of each pair of first tokens, position by position."""
    target = session.target
    assert target is not None
    warp = Warp(config.temperature, config.top_k)
    paths: dict[tuple[int, ...], float] = {(): 1.0}
    for _ in range(2):
        longer: dict[tuple[int, ...], float] = {}
        for path, prob in paths.items():
            rules = ruled_text(target, config, n_most=len(PROMPT) + 2)
            assert rules is not None
            rules.begin(PROMPT)
            rules.follow([*PROMPT, *path])
            logits = target.model(torch.tensor([[*PROMPT, *path]])).logits[:, -1]
            p = sampling.probabilities(rules.applied(logits, rules.no_tokens)[0], warp)
            longer |= {(*path, token): prob * float(p[token]) for token in p.nonzero().flatten().tolist()}
        paths = longer
    return paths


def text_of(rules: GenerationRules, prompt: Sequence[int] = (1, 2), n: int = 8) -> RuledText:
    made = RuledText(rules, n_vocabulary=n, n_most=100, device=torch.device("cpu"))
    made.begin(prompt)
    return made


def banned(logits: Tensor) -> list[list[int]]:
    return [(row == BANNED).nonzero().flatten().tolist() for row in logits]


def test_each_drafted_position_sees_the_text_before_it() -> None:
    text = text_of(GenerationRules(no_repeat_ngram=1))
    assert banned(text.applied(torch.zeros(3, 8), torch.tensor([5, 6]))) == [[1, 2], [1, 2, 5], [1, 2, 5, 6]]
    assert banned(text.applied(torch.zeros(1, 8), torch.tensor([5, 6]))) == [[1, 2, 5, 6]], "the last one alone"


def test_rejected_and_cut_tokens_are_forgotten() -> None:
    text = text_of(GenerationRules(repetition_penalty=2.0))
    text.applied(torch.ones(3, 8), torch.tensor([5, 6]))
    text.follow([1, 2, 5])
    assert text.applied(torch.ones(1, 8), text.no_tokens)[0].tolist() == [1, 0.5, 0.5, 1, 1, 0.5, 1, 1]
    text.cut(2)
    text.follow([1, 2, 7])
    assert text.applied(torch.ones(1, 8), text.no_tokens)[0].tolist() == [1, 0.5, 0.5, 1, 1, 1, 1, 0.5]


def test_a_drafter_with_fewer_ids_is_changed_in_those_it_has() -> None:
    rules = GenerationRules(
        repetition_penalty=2.0, suppressed=(7, 99), bad_words=((2, 7), (2, 3)), biases=(Bias((99,), 1.0),),
        end_ids=(7,), min_new_tokens=9,
    )  # fmt: skip
    assert text_of(rules).applied(torch.ones(1, 5), torch.tensor([], dtype=torch.int64))[0].tolist() == [
        1, 0.5, 0.5, BANNED, 1,
    ]  # fmt: skip


def test_a_position_without_any_allowed_token_stays_finite_and_takes_the_first_as_generate_does() -> None:
    logits = text_of(GenerationRules(suppressed=tuple(range(8)))).applied(torch.randn(1, 8), torch.tensor([]).long())
    assert torch.isfinite(logits).all()
    assert int(logits.argmax()) == 0
    assert sampling.probabilities(logits, Warp(0.5)).sum().item() == pytest.approx(1.0)
