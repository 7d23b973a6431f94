"""Drafts: what the drafter would write alone, with its probabilities; drafts that end badly say why."""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Event as Flag

import pytest
import torch

from engine import prompts
from engine.decoding.generation import Generation, whole
from engine.errors import InputError
from engine.methods.speculative_rag.drafting import DraftTokens, draft
from engine.models import checkpoint_folder, loading
from engine.models.loading import LoadedModel, RuntimeChoice
from engine.rag.encoding import Fitted, encode, encode_piece
from engine.rag.values import Lengths, RagDraft
from engine.runtime import RunContext
from engine.settings import GenerationConfig
from tests import fakes
from tests.library import QUESTION, TEXTS

SUBSETS = ((TEXTS[1], TEXTS[3]), (TEXTS[0], TEXTS[2], TEXTS[4]), (TEXTS[5],))


@cache
def loaded(spec: str, runtime: RuntimeChoice = "auto") -> LoadedModel:
    *_, made = loading.load(checkpoint_folder.inspect(spec, drafter=True), torch.device("cpu"), torch.float32, runtime)
    assert isinstance(made, LoadedModel)
    return made


@torch.inference_mode()
def drafts(
    model: LoadedModel, subsets: Sequence[Sequence[str]] = SUBSETS, **settings: float
) -> tuple[list[Fitted | DraftTokens], tuple[RagDraft, ...]]:
    config = GenerationConfig(**{"max_new_tokens": 64, **settings})  # type: ignore[arg-type]
    *before, made = draft(QUESTION, subsets, model, config, serial=3, checkpoint=lambda: None)
    assert isinstance(made, tuple) and not isinstance(made, DraftTokens)
    return [item for item in before if isinstance(item, Fitted | DraftTokens)], made


@torch.inference_mode()
def alone(model: LoadedModel, texts: Sequence[str]) -> tuple[int, ...]:
    """What the drafter writes of one subset, token by token."""
    runtime = RunContext(model, None, "none", cancelled=Flag())
    ids = encode(prompts.rag_draft(texts, QUESTION), model.tokenizer).ids
    _, made = whole(runtime.generate(GenerationConfig(max_new_tokens=64), ids, gamma=0))
    assert isinstance(made, Generation)
    return tuple(token for token in made.ids if token not in model.stop_ids)


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_drafts_of_a_batch_are_those_written_alone_and_read_as_rationale_and_response(runtime: RuntimeChoice) -> None:
    model = loaded("builtin:rag", runtime)
    for texts, one in zip(SUBSETS, drafts(model)[1], strict=True):
        assert one.ids == alone(model, texts)
        assert one.complete and one.rationale and one.response
        assert prompts.read_draft(one.text) == (one.rationale, one.response)
        assert one.batch.serial == 3


@torch.inference_mode()
def test_probabilities_are_those_of_each_segment_read_slowly() -> None:
    model = loaded("builtin:rag")
    for texts, one in zip(SUBSETS, drafts(model)[1], strict=True):
        before: list[int] = []
        found: dict[str | None, float] = {}
        for name, text in prompts.cut(prompts.rag_draft(texts, QUESTION, one.rationale, one.response)):
            ids = list(model.tokenizer(text, add_special_tokens=False)["input_ids"])
            logits = model.model(input_ids=torch.tensor([[*before, *ids]]), use_cache=False).logits[0].double()
            rows = logits.log_softmax(-1)[max(0, len(before) - 1) : -1]
            found[name] = float(rows.gather(-1, torch.tensor(ids[-len(rows) :])[:, None]).sum())
            before += ids
        assert one.log_p_rationale == pytest.approx(found["rationale"], abs=1e-4)
        assert one.log_p_response == pytest.approx(found["answer"], abs=1e-4)


def test_sampled_drafts_have_the_probabilities_of_the_drafter_itself_and_repeat_by_seed() -> None:
    model = loaded("builtin:rag")
    first, again, other = (drafts(model, temperature=2.0, seed=seed)[1] for seed in (4, 4, 5))
    assert [one.ids for one in first] == [one.ids for one in again] != [one.ids for one in other]
    assert [one.log_p_rationale for one in first] == [one.log_p_rationale for one in again]


def test_a_sampled_draft_depends_on_its_subset_and_not_on_its_lane() -> None:
    model = loaded("builtin:rag")
    forward, backward = (drafts(model, order, temperature=1.5)[1] for order in (SUBSETS, SUBSETS[::-1]))
    assert [one.ids for one in forward] == [one.ids for one in backward[::-1]]


@pytest.mark.parametrize("most", [64, 40])
def test_lanes_grow_into_the_text_of_their_draft(most: int, tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(max_position_embeddings=512), tmp_path / "m") if most == 40 else "builtin:rag"
    told, made = drafts(loaded(spec), max_new_tokens=most)
    assert sum(isinstance(item, Fitted) for item in told) == 3
    for lane, one in enumerate(made):
        grown = [item for item in told if isinstance(item, DraftTokens) and item.lane == lane]
        assert "".join(item.text for item in grown) == one.text
        assert tuple(token for item in grown for token in item.ids) == one.ids
        assert any(item.forced for item in grown) == bool(one.forced_by)


def test_passages_with_the_words_of_the_rationale_are_cited() -> None:
    one = drafts(loaded("builtin:rag"))[1][0]
    assert "1535" in one.rationale and one.cited == (0,)


def test_drafter_that_never_says_response_is_not_complete_and_says_why(tmp_path: Path) -> None:
    model = loaded(fakes.save(fakes.model(max_position_embeddings=512), tmp_path / "m"))
    one = drafts(model, max_new_tokens=12)[1][0]
    assert (one.complete, one.why) == (False, "no response within 12 tokens")
    assert math.isfinite(one.log_p_rationale)
    assert len(one.ids) == 12


def test_response_that_does_not_end_is_not_complete() -> None:
    model = loaded("builtin:rag")
    whole = drafts(model)[1][0]
    cut = drafts(model, max_new_tokens=len(whole.ids))[1][0]
    assert (cut.why, cut.forced_by, cut.response) == (f"the response was cut at {len(whole.ids)} tokens", "length", "")


@pytest.mark.parametrize("runtime", ["fused", "modules"])
@torch.inference_mode()
def test_forced_response_is_what_the_drafter_writes_after_it_alone(tmp_path: Path, runtime: RuntimeChoice) -> None:
    model = loaded(fakes.save(fakes.model(max_position_embeddings=512), tmp_path / "m"), runtime)
    for texts, one in zip(SUBSETS, drafts(model, max_new_tokens=60)[1], strict=True):
        rationale, forced, response = one.text.partition(prompts.RESPONSE_FOLLOWS)
        assert one.forced_by and rationale and forced and response
        bridge = encode_piece(prompts.RESPONSE_FOLLOWS, model.tokenizer)
        start = next(i for i in range(len(one.ids)) if one.ids[i : i + len(bridge)] == bridge)
        ids = (*encode(prompts.rag_draft(texts, QUESTION), model.tokenizer).ids, *one.ids[: start + len(bridge)])
        runtime_alone = RunContext(model, None, "none", cancelled=Flag())
        _, made = whole(runtime_alone.generate(GenerationConfig(max_new_tokens=len(one.ids) - start), ids, gamma=0))
        later = one.ids[start + len(bridge) :]
        assert later and made.ids[: len(later)] == later


def test_instruct_model_drafts_through_its_template_and_control_tokens_in_passages_are_text(tmp_path: Path) -> None:
    words = fakes.chat_tokenizer()
    spec = fakes.save(fakes.model(max_position_embeddings=1024), tmp_path / "m-instruct", words=words)
    one = drafts(loaded(spec), [("Salt<|im_end|> and fish.",)], max_new_tokens=60)[1][0]
    assert one.prompt.text.startswith("<|im_start|>system\n")
    assert one.prompt.text.endswith("<|im_end|>\n<|im_start|>assistant\n## Rationale:")
    end = words.convert_tokens_to_ids("<|im_end|>")
    assert one.prompt.text.count("<|im_end|>") == one.prompt.ids.count(end) + 1
    assert "<|im_end|> and fish." in one.prompt.text


def test_passages_too_long_for_the_drafter_are_cut_and_it_is_said(tmp_path: Path) -> None:
    model = loaded(fakes.save(fakes.model(max_position_embeddings=256), tmp_path / "m"))
    one = drafts(model, [(TEXTS[0] * 20, TEXTS[1])], max_new_tokens=8)[1][0]
    assert one.note.startswith("passages cut to ") and len(one.prompt.ids) <= 256 - 8


def test_question_longer_than_the_context_is_refused(tmp_path: Path) -> None:
    model = loaded(fakes.save(fakes.model(max_position_embeddings=64), tmp_path / "m"))
    with pytest.raises(InputError, match=r"a draft's prompt has \d+ tokens without its passages"):
        drafts(model)


@torch.inference_mode()
def test_drafts_held_to_lengths_have_them_whatever_they_say() -> None:
    model, lengths = loaded("builtin:rag"), Lengths(50, 14)
    *_, held = draft(QUESTION, SUBSETS, model, GenerationConfig(), serial=3, checkpoint=lambda: None, lengths=lengths)
    assert isinstance(held, tuple) and not isinstance(held, DraftTokens)
    for free, one in zip(drafts(model)[1], held, strict=True):
        assert isinstance(one, RagDraft)
        n = min(len(free.ids), 64)
        assert (len(one.ids), one.ids[:n], one.complete, one.held_to) == (64, free.ids[:n], True, lengths)
        assert one.rationale == prompts.one_line(model.texts.text(one.ids[:50]))
        assert one.response == prompts.one_line(model.texts.text(one.ids[50:]))
        assert one.log_p_rationale + one.log_p_response <= free.log_p_rationale
