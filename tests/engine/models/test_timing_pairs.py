"""Timing pairs: random weights that do all the arithmetic, write no loops and agree as often as they should."""

from threading import Event as Flag

import pytest
import torch
from transformers import AutoModelForCausalLM, GenerationConfig

from engine import prompts
from engine.commands import Load, Run
from engine.errors import InputError
from engine.events import Estimated, Event, ModelLoaded, RoundFinished, RunStarted
from engine.models import checkpoint_folder, checks, timing_pairs, timing_shapes
from engine.session.session import Session
from engine.settings import Request

CPU = torch.device("cpu")
N_NEW = 300


def loaded(drafter: str = "timing:tiny-draft", **options: str) -> tuple[Session, list[Event]]:
    session = Session()
    return session, list(session.do(Load("timing:tiny", drafter, device="cpu", **options)))


def run(session: Session) -> list[Event]:
    settings = {"baseline": False, "max_new_tokens": N_NEW}
    return list(session.do(Run("speculative", settings, Request("The harbour")), Flag()))


def emitted(events: list[Event]) -> list[int]:
    return [token for event in events if isinstance(event, RoundFinished) for token in event.emitted]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_greedy_text_is_that_of_generate_and_walks_along_the_table(dtype: str) -> None:
    session, _ = loaded(dtype=dtype)
    target = session.target
    assert target is not None
    ids = emitted(run(session))
    prompt = torch.tensor([target.tokenizer("The harbour")["input_ids"]])
    config = GenerationConfig(max_new_tokens=N_NEW, do_sample=False, pad_token_id=0)
    theirs = target.model.generate(prompt, attention_mask=torch.ones_like(prompt), generation_config=config)
    assert ids == theirs[0, prompt.shape[1] :].tolist()
    table = timing_pairs.transitions(timing_shapes.SHAPES["tiny"].family, 1.0)
    assert ids[1:] == table[ids[:-1]].tolist()


def test_text_never_loops_before_every_word_was_said() -> None:
    family = timing_shapes.SHAPES["tiny"].family
    table = timing_pairs.transitions(family, 1.0)
    at, seen = 0, set()
    while at not in seen:
        seen.add(at)
        at = int(table[at])
    assert len(seen) == family.n_words


@pytest.mark.parametrize("alpha", [1.0, 0.8, 0.5])
def test_drafter_agrees_as_often_as_its_spec_says(alpha: float) -> None:
    session, _ = loaded(f"timing:tiny-draft@{alpha}")
    fates = [token.fate for event in run(session) if isinstance(event, RoundFinished) for token in event.proposed]
    tested = [fate for fate in fates if fate != "untested"]
    assert abs(tested.count("accepted") / len(tested) - alpha) < 0.1


def test_drafter_differs_in_exactly_the_chosen_share_of_transitions() -> None:
    family = timing_shapes.SHAPES["tiny"].family
    ours, theirs = timing_pairs.transitions(family, 1.0), timing_pairs.transitions(family, 0.75)
    assert int((ours != theirs).sum()) == family.n_words // 4
    assert theirs.unique().numel() == family.n_words


def test_no_weight_is_zero_and_the_layers_still_write_into_the_stream() -> None:
    timing = timing_shapes.parse("timing:tiny", drafter=False)
    model = timing_pairs.made_model(timing, CPU, torch.float32)
    assert all(bool((weight != 0).all()) for weight in model.parameters())
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        before, *_, after = model(input_ids=ids, output_hidden_states=True).hidden_states
        first = model.model.norm(before)
    assert 0.02 < float((after - first).norm() / first.norm()) < 0.5


def test_the_same_weights_are_drawn_again() -> None:
    timing = timing_shapes.parse("timing:tiny-draft", drafter=True)
    state = torch.random.get_rng_state()
    one, two = (timing_pairs.made_model(timing, CPU, torch.float32) for _ in range(2))
    assert all(bool((a == b).all()) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert bool((torch.random.get_rng_state() == state).all())


def test_fixed_wording_of_prompts_takes_about_as_many_ids_as_with_a_trained_tokenizer() -> None:
    made, trained = (checks.read_tokenizer(checkpoint_folder.inspect(spec)) for spec in ("timing:tiny", "builtin"))
    for prompt in (prompts.standard_rag([], ""), prompts.rag_draft([], ""), prompts.reflection("", "", "", True)):
        n, n_trained = (len(tokenizer(prompt.text)["input_ids"]) for tokenizer in (made, trained))
        assert 0.7 < n / n_trained < 1.4
        assert made.decode(made(prompt.text)["input_ids"]) == prompt.text


@pytest.mark.parametrize("name", timing_shapes.SHAPES)
def test_estimate_counts_the_parameters_that_there_will_be(name: str) -> None:
    checkpoint = checkpoint_folder.inspect(f"timing:{name}")
    with torch.device("meta"):
        made = AutoModelForCausalLM.from_config(checks.configuration(checkpoint))
    assert checkpoint.n_parameters == sum(weight.numel() for weight in made.parameters())


def test_what_is_made_with_one_says_so() -> None:
    session, events = loaded()
    assert isinstance(events[0], Estimated)
    assert isinstance(events[-1], ModelLoaded)
    assert events[0].weights_bytes == events[-1].weights_bytes
    started = run(session)[0]
    assert isinstance(started, RunStarted)
    assert "random weights" in started.note


def test_padded_vocabularies_differ_and_other_families_are_refused() -> None:
    tiny, draft = (timing_shapes.SHAPES[name] for name in ("tiny", "tiny-draft"))
    assert tiny.n_vocabulary != draft.n_vocabulary
    with pytest.raises(InputError, match="does not share the tokenizer"):
        checks.refuse_unshared_text(
            checkpoint_folder.inspect("timing:tiny"), checkpoint_folder.inspect("timing:llama-3.2-1b")
        )


def test_the_largest_loses_the_layers_that_do_not_fit_and_says_how_many() -> None:
    timing = timing_shapes.parse("timing:llama-70b", drafter=False)
    cut = timing_shapes.cut_to(timing, 20_000_000_000)
    assert 1 < cut.shape.n_layers < 80
    assert timing_shapes.n_parameters(cut.shape) <= 20_000_000_000
    assert f"{cut.shape.n_layers} of 80 layers" in cut.note()
    with pytest.raises(InputError, match="not one layer"):
        timing_shapes.cut_to(timing, 1_000_000)


@pytest.mark.parametrize(
    ("spec", "drafter", "words"),
    [
        ("timing:gpt-9", False, "no timing pair"),
        ("timing:tiny@0.5", False, "the drafter's to choose"),
        ("timing:tiny@much", True, "no number"),
        ("timing:tiny@1.5", True, "no number"),
    ],
)
def test_other_specs_are_refused_in_words(spec: str, drafter: bool, words: str) -> None:
    with pytest.raises(InputError, match=words):
        checkpoint_folder.inspect(spec, drafter=drafter)
