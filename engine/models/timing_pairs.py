"""Creates the models of timing pairs: random weights that do a model's full arithmetic.

The next id after t is table[t], one long cycle over all words: head row table[t] points where embedding row t does, and
what the layers write into the residual stream is small compared with the embedding. A drafter has the same table except
for a share of transitions, whose followers are exchanged among themselves: greedy alpha is the rest."""

import re
from typing import NamedTuple

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from engine import prompts
from engine.decoding.transfers import uploaded
from engine.models.timing_shapes import Family, Timing, configuration

_TABLE_SEED, _EXCHANGE_SEED, _WEIGHT_SEED = 11, 12, 13
# All layers together add a fifth of the embedding's length: of two close ids the right one stays far ahead.
_RESIDUAL_SHARE = 0.2
_TOP_LOGIT = 18.0
_CHUNK_ROWS = 4096
# How byte-level tokenizers write a space.
_SPACE = "Ġ"


class Drawing(NamedTuple):
    """Where and from which generator weights are drawn."""

    device: torch.device
    dtype: torch.dtype
    rng: torch.Generator


def made_configuration(timing: Timing) -> PreTrainedConfig:
    """The configuration of a model of this shape."""
    values = configuration(timing.shape)
    return AutoConfig.for_model(str(values.pop("model_type")), **values)


def made_tokenizer(family: Family) -> PreTrainedTokenizerFast:
    """One entry per byte, the beginnings of the words that prompts consist of, and the family's name, so that pairs of
    two families are refused.

    With bytes alone the fixed wording of a prompt would take four times as many ids as with trained tokenizers."""
    alphabet, merges = sorted(pre_tokenizers.ByteLevel.alphabet()), _merges()
    entries = [*alphabet, *(before + after for before, after in merges)]
    tokenizer = Tokenizer(models.BPE(vocab={entry: i for i, entry in enumerate(entries)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([f"<|timing {family.name}|>"])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False)


def _merges() -> list[tuple[str, str]]:
    """The mark of a heading, and each word with its space, letter by letter: no pair inside a word can come first."""
    wording = (prompts.standard_rag([], ""), prompts.rag_draft([], "", "", ""), prompts.reflection("", "", "", True))
    words = sorted({word for prompt in wording for word in re.findall(r" [A-Za-z]+", prompt.text)})
    pairs = [(_SPACE + word[1:end], word[end]) for word in words for end in range(1, len(word))]
    return [("#", "#"), *dict.fromkeys(pairs)]


def transitions(family: Family, agreement: float) -> Tensor:
    """[n_words] int64: what follows each word, for a model that agrees with the family on this share of them."""
    n = family.n_words
    order = torch.randperm(n, generator=torch.Generator().manual_seed(_TABLE_SEED))
    table = torch.empty_like(order)
    table[order] = order.roll(-1)
    n_exchanged = round(n * (1 - agreement))
    exchange_ids = torch.randperm(n, generator=torch.Generator().manual_seed(_EXCHANGE_SEED))[:n_exchanged]
    followers = table[exchange_ids]
    table[exchange_ids] = followers.roll(1)
    return table


@torch.no_grad()
def made_model(timing: Timing, device: torch.device, dtype: torch.dtype) -> PreTrainedModel:
    """Create the model where it will stay and in its own type, so that no weight exists twice."""
    config = made_configuration(timing)
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=dtype)
    model.to_empty(device=device)
    # The rotary frequencies are not weights: `to_empty` left them uninitialised, and they are computed again.
    with torch.device(device):
        model.model.rotary_emb = type(model.model.rotary_emb)(config)
    drawing = Drawing(device, dtype, torch.Generator(device=device).manual_seed(_WEIGHT_SEED))
    for name, weight in model.named_parameters():
        _fill(name, weight, config, drawing)
    _link_head(model, timing, drawing)
    return model.eval()


def _fill(name: str, weight: Tensor, config: PreTrainedConfig, drawing: Drawing) -> None:
    """Norms are ones; matrices that read the stream keep its size, matrices that write into it add little."""
    if "norm" in name:
        weight.fill_(1.0)
        return
    std = weight.shape[-1] ** -0.5 if weight.dim() > 1 else 0.02
    if name.endswith(("o_proj.weight", "down_proj.weight")):
        std *= _RESIDUAL_SHARE / (2 * config.num_hidden_layers) ** 0.5
    weight.normal_(0.0, std, generator=drawing.rng)


def _link_head(model: PreTrainedModel, timing: Timing, drawing: Drawing) -> None:
    """Embedding rows of length sqrt(d), and head rows: that of a word is the embedding of the word before it."""
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    for rows in (*embedding.split(_CHUNK_ROWS), *head.split(_CHUNK_ROWS)):
        rows.copy_(_directions(rows, drawing))
    predecessors = uploaded(transitions(timing.shape.family, timing.agreement).argsort(), drawing.device)
    for start in range(0, predecessors.shape[0], _CHUNK_ROWS):
        previous_words = predecessors[start : start + _CHUNK_ROWS]
        head[start : start + _CHUNK_ROWS][: previous_words.shape[0]] = embedding[previous_words]
    head.mul_(_TOP_LOGIT / embedding.shape[1])


def _directions(like: Tensor, drawing: Drawing) -> Tensor:
    """As many random rows, each of length sqrt(d)."""
    rows = torch.randn(like.shape, generator=drawing.rng, device=drawing.device)
    return rows.mul_(rows.shape[1] ** 0.5 / rows.norm(dim=1, keepdim=True))
