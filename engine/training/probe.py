"""Scores a model while it trains: loss and exact answers by format and number of documents, on unseen names.

Under greedy decoding a model writes the gold text exactly if and only if it predicts each of its tokens from those
before it, so one forward over the whole text is enough. A line break ends a text just as the end-of-text token does:
answers are read to the end of their line."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine import prompts
from engine.decoding.transfers import uploaded_ids
from engine.prompts import Prompt
from engine.training.curriculum import RETRIEVAL, Format
from engine.training.samples import Sampler, sampler
from engine.training.weighted_text import encode
from engine.world.census import world
from engine.world.documents import archive
from engine.world.pages import Form
from engine.world.questions import QuestionKind
from engine.world.story import story

_SEED = 20_251
_RETRIEVED = RETRIEVAL._replace(near_share=1.0, missing={})
PROBES: tuple[tuple[Format, QuestionKind, int], ...] = (
    ("standard", "single", 1), ("standard", "single", 4), ("standard", "single", 10), ("draft", "single", 1),
    ("draft", "single", 4), ("standard", "dated", 2), ("standard", "claim", 1), ("standard", "comparison", 2),
    ("draft", "bridge", 2), ("iterdrag", "bridge", 2), ("reflection", "single", 0),
)  # fmt: skip
# With only near neighbours beside the answer, as a retriever finds them; the last field: the evidence lacks the answer.
NEAR_PROBES: tuple[tuple[Format, QuestionKind, int, Form, bool], ...] = (
    ("standard", "single", 10, "notes", False), ("standard", "single", 10, "pages", False),
    ("standard", "single", 10, "notes", True), ("draft", "single", 2, "pages", False),
    ("draft", "single", 2, "pages", True),
)  # fmt: skip


class ProbeScore(NamedTuple):
    """Mean loss over the tokens the model is to write, in nats, and the share of texts it would write exactly."""

    name: str
    loss: float
    exact: float


def samples(format_: Format, kind: QuestionKind, n_documents: int, n: int) -> list[Prompt]:
    """Draw n texts over fresh worlds of the validation split, the same every time."""
    texts = []
    for i in range(n):
        rng = Random(f"{_SEED}/{format_}/{kind}/{n_documents}/{i}")
        sampler = Sampler(archive(rng, world(rng, "validation")), rng)
        texts.append(sampler.write(format_, sampler.ask(kind), n_documents))
    return texts


def near_samples(
    format_: Format, kind: QuestionKind, n_documents: int, form: Form, lacks: bool, n: int
) -> list[Prompt]:
    """Draw n texts over fresh crowded worlds of the validation split, among near neighbours, the same every time."""
    texts = []
    for i in range(n):
        rng = Random(f"{_SEED}/near/{format_}/{kind}/{n_documents}/{form}/{lacks}/{i}")
        text_sampler = sampler(rng, _RETRIEVED, "validation", form)
        write = text_sampler.withhold if lacks else text_sampler.write
        texts.append(write(format_, text_sampler.ask(kind), n_documents))
    return texts


def probe(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, n: int) -> Iterator[ProbeScore]:
    """Score every probe on n texts and, last, prose, whose `exact` is the share of its tokens predicted."""
    for format_, kind, n_documents in PROBES:
        predictions = [written(model, tokenizer, text) for text in samples(format_, kind, n_documents, n)]
        yield _score(f"{format_} {kind} {n_documents}", predictions)
    for format_, kind, n_documents, form, lacks in NEAR_PROBES:
        texts = near_samples(format_, kind, n_documents, form, lacks, n)
        name = f"{format_} {kind} near {n_documents} {form}{' without the answer' if lacks else ''}"
        yield _score(name, [written(model, tokenizer, text) for text in texts])
    rng = Random(_SEED)
    predictions = [written(model, tokenizer, prompts.prose(story(rng))._replace(written_from=0)) for _ in range(n)]
    share_correct = torch.cat([correct for _, correct in predictions]).float().mean()
    yield ProbeScore("prose", float(torch.cat([loss for loss, _ in predictions]).mean()), float(share_correct))


def _score(name: str, predictions: Sequence[tuple[Tensor, Tensor]]) -> ProbeScore:
    losses = torch.cat([loss for loss, _ in predictions])
    return ProbeScore(
        name, float(losses.mean()), sum(bool(correct.all()) for _, correct in predictions) / len(predictions)
    )


@torch.inference_mode()
def written(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, prompt: Prompt) -> tuple[Tensor, Tensor]:
    """Loss and correctness of each token that the model is to write, the end of text included."""
    ids = uploaded_ids(encode(tokenizer, prompt).ids, model.device)
    n_given = len(tokenizer(prompt.given)["input_ids"]) if prompt.written_from else 1
    logits = model(input_ids=ids[None, :-1], use_cache=False).logits[0, n_given - 1 :].float()
    gold_ids, predicted_ids = ids[n_given:], logits.argmax(-1)
    correct = predicted_ids == gold_ids
    correct[-1] |= predicted_ids[-1] == tokenizer("\n")["input_ids"][0]
    return functional.cross_entropy(logits, gold_ids, reduction="none"), correct
