"""Decoding gives the tokens of transformers' `generate`, whatever drafts, also past a sliding window."""

import pytest

from tests_real import texts
from tests_real.commands import draftscope
from tests_real.conftest import OpenedModel, Reference
from tests_real.figures import Figures

N_NEW = 32
# Where two logits are this close, the order of a sum decides between them.
_TIE = 1e-3


def decoded(model: OpenedModel, prompt: str, drafter: str, *more: object, n: int = N_NEW) -> list[int]:
    said = draftscope(
        "decode", "--target", model.file, "--drafter", drafter, "--prompt", prompt, "--max-new-tokens", n,
        "--no-baseline", "--no-save", "--device", "cpu", "--raw", *more,
    )  # fmt: skip
    return said.summary["tokens"]  # type: ignore[return-value]


def refuse_different(ours: list[int], reference: Reference, ids: list[int], theirs: list[int]) -> None:
    """Fail unless the tokens are the same, or differ first where two logits tie."""
    first = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
    if first is None:
        assert len(ours) == len(theirs)
    else:
        assert reference.margin([*ids, *theirs[:first]]) < _TIE, f"token {first} differs"


@pytest.mark.parametrize("drafter", ["none", "lookup"])
@pytest.mark.parametrize("name", ["smollm2", "gemma3"])
def test_greedy_tokens_are_those_of_generate(
    name: str, drafter: str, request: pytest.FixtureRequest, figures: Figures
) -> None:
    model, reference = request.getfixturevalue(name), request.getfixturevalue(f"{name}_reference")
    prompts = texts.PROMPTS if drafter == "lookup" and name == "smollm2" else texts.PROMPTS[:2]
    n_equal = 0
    for prompt in prompts:
        ids = reference.tokenizer(prompt)["input_ids"]
        ours, theirs = decoded(model, prompt, drafter), reference.greedy(ids, N_NEW)
        refuse_different(ours, reference, ids, theirs)
        n_equal += ours == theirs
    figures.add(f"greedy, {name}, drafter {drafter}", prompts=len(prompts), equal_to_generate=n_equal)


@pytest.mark.parametrize("drafter", ["none", "lookup"])
def test_tokens_past_the_sliding_window_are_those_of_generate(
    drafter: str, gemma3: OpenedModel, gemma3_reference: Reference, figures: Figures
) -> None:
    prompt = "\n".join(texts.real_texts()[:5])
    ids = gemma3_reference.tokenizer(prompt)["input_ids"]
    window = gemma3_reference.model.config.sliding_window
    assert len(ids) > window
    ours, theirs = decoded(gemma3, prompt, drafter), gemma3_reference.greedy(ids, N_NEW)
    refuse_different(ours, gemma3_reference, ids, theirs)
    figures.add(f"past the window, drafter {drafter}", window=window, prompt=len(ids), equal_to_generate=ours == theirs)


def test_lookup_is_exact_and_takes_fewer_rounds_on_repeating_text(smollm2: OpenedModel, figures: Figures) -> None:
    said = draftscope(
        "decode", "--target", smollm2.file, "--drafter", "lookup", "--prompt", texts.REPEATING, "--max-new-tokens", 48,
        "--repeats", 3, "--no-save", "--device", "cpu", "--raw",
    ).summary  # fmt: skip
    names = ("alpha", "tau", "speedup", "ms_per_token", "baseline_ms_per_token", "same_as_baseline")
    figures.add("lookup on repeating text, SmolLM2", **{name: said[name] for name in names})  # type: ignore[arg-type]
    assert said["same_as_baseline"] is not False
    assert said["tau"] > 1.2  # type: ignore[operator]


def test_leaving_the_target_early_changes_no_token(
    smollm2: OpenedModel, smollm2_reference: Reference, figures: Figures
) -> None:
    prompt = texts.PROMPTS[0]
    ids = smollm2_reference.tokenizer(prompt)["input_ids"]
    ours, theirs = decoded(smollm2, prompt, "early-exit:26"), smollm2_reference.greedy(ids, N_NEW)
    refuse_different(ours, smollm2_reference, ids, theirs)
    figures.add("early exit, SmolLM2", equal_to_generate=ours == theirs)


def test_a_drafter_of_another_tokenizer_changes_no_token(
    smollm2: OpenedModel, gemma3: OpenedModel, gemma3_reference: Reference, figures: Figures
) -> None:
    n_equal, alphas = 0, []
    for prompt in texts.PROMPTS[:4]:
        ids = gemma3_reference.tokenizer(prompt)["input_ids"]
        said = draftscope(
            "decode", "--target", gemma3.file, "--drafter", smollm2.file, "--prompt", prompt, "--max-new-tokens", N_NEW,
            "--no-baseline", "--no-save", "--device", "cpu", "--raw",
        ).summary  # fmt: skip
        theirs = gemma3_reference.greedy(ids, N_NEW)
        refuse_different(said["tokens"], gemma3_reference, ids, theirs)  # type: ignore[arg-type]
        n_equal += said["tokens"] == theirs
        alphas.append(said["alpha"])
    figures.add(
        "SmolLM2 drafts for Gemma 3", prompts=len(alphas), equal_to_generate=n_equal, least_alpha=min(alphas),
        most_alpha=max(alphas),
    )  # fmt: skip


def test_sampling_with_a_drafter_of_another_tokenizer_keeps_the_targets_distribution(
    smollm2: OpenedModel, gemma3: OpenedModel, figures: Figures
) -> None:
    said = draftscope(
        "check", "losslessness", "--target", gemma3.file, "--drafter", smollm2.file, "--samples", 200, "--prompts", 1,
        "--max-new-tokens", 6, "--device", "cpu", "--top-k", 20, "--raw",
    ).summary  # fmt: skip
    names = ("greedy_equal", "sampling_p_value", "sampling_tv", "sampling_tv_null")
    figures.add("sampling, SmolLM2 drafts for Gemma 3, 200 samples", **{name: said[name] for name in names})  # type: ignore[arg-type]
    assert said["greedy_equal"]
    assert said["sampling_p_value"] > 1e-3  # type: ignore[operator]


def test_a_repetition_penalty_gives_the_tokens_of_generate(
    smollm2: OpenedModel, smollm2_reference: Reference, figures: Figures
) -> None:
    prompt = texts.PROMPTS[0]
    ids = smollm2_reference.tokenizer(prompt)["input_ids"]
    ours = decoded(smollm2, prompt, "lookup", "--repetition-penalty", 1.3)
    theirs = smollm2_reference.greedy(ids, N_NEW, repetition_penalty=1.3)
    refuse_different(ours, smollm2_reference, ids, theirs)
    figures.add("repetition penalty 1.3, SmolLM2", equal_to_generate=ours == theirs)
