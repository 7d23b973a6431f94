"""Lets a target write text after given beginnings, several at once."""

from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor

from engine.decoding import sampling
from engine.decoding.cached_model import cache_for
from engine.decoding.transfers import uploaded, uploaded_ids
from engine.models.loading import LoadedModel


@torch.inference_mode()
def continued(
    target: LoadedModel, beginnings: Sequence[Sequence[int]], n_new: int, *, rng: torch.Generator | None = None
) -> Tensor:
    """[N, P + n_new]: beginnings, all of one length P >= 1, and what the target writes after them.

    Greedy, or drawn at temperature 1 with `rng`, a generator on the CPU."""
    ids = uploaded_ids(beginnings, target.device)
    cache = cache_for(target.model)
    pieces, next_ids = [ids], ids
    for _ in range(n_new):
        logits = target.model(input_ids=next_ids, past_key_values=cache, use_cache=True).logits[:, -1].float()
        next_ids = _draw_ids(logits, rng) if rng is not None else logits.argmax(-1, keepdim=True)
        pieces.append(next_ids)
    return torch.cat(pieces, dim=1).cpu()  # sync: once a group of texts


def _draw_ids(logits: Tensor, rng: torch.Generator) -> Tensor:
    """[N, 1] ids, drawn with uniforms from the host so that a seed gives the same text on every device."""
    u = torch.rand(logits.shape[0], generator=rng, dtype=torch.float64)
    return sampling.draw(logits.softmax(-1), uploaded(u, logits.device)).unsqueeze(-1)


def up_to_end(ids: Sequence[int], stop_ids: frozenset[int], *, first: int, n_turns: int = 1) -> int:
    """The length of a text up to and including the n-th stop token from place `first` on."""
    ends = (i + 1 for i in range(first, len(ids)) if ids[i] in stop_ids)
    return next(islice(ends, n_turns - 1, None), len(ids))


def chat_opening(target: LoadedModel) -> tuple[int, ...]:
    """What an instruct model's conversations begin with, up to the user's text; empty for other models."""
    template = target.chat_template
    return template.opening() if template is not None and template.is_default else ()


def sampled(
    target: LoadedModel, beginnings: Sequence[Sequence[int]], *, n_tokens: int, n_new: int, at_once: int, seed: int
) -> Iterator[tuple[int, list[int]]]:
    """Yield texts, each with the index of its beginning and ended by a stop token or after n_new tokens, until together
    they hold n_tokens; beginnings, all of one length, are used in turn. An instruct model writes
    two turns, each of which a stop token ends: the user's question, and its own answer."""
    rng = torch.Generator().manual_seed(seed)
    n_turns = 2 if chat_opening(target) else 1
    n_written = place = 0
    while n_written < n_tokens:
        places = [(place + i) % len(beginnings) for i in range(at_once)]
        place += at_once
        group = [beginnings[i] for i in places]
        for i, row in zip(places, continued(target, group, n_new, rng=rng).tolist(), strict=True):
            text = row[: up_to_end(row, target.stop_ids, first=len(group[0]), n_turns=n_turns)]
            n_written += len(text)
            yield i, text
