"""Text that a target writes after given beginnings, several at once; knows no drafter."""

from collections.abc import Iterator, Sequence

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
    """[N, P + n_new]: beginnings of one length P >= 1 and what the target writes after them.

    Greedy, or drawn at temperature 1 with `rng`, a generator on the CPU."""
    ids = uploaded_ids(beginnings, target.device)
    cache = cache_for(target.model)
    found, feed = [ids], ids
    for _ in range(n_new):
        logits = target.model(input_ids=feed, past_key_values=cache, use_cache=True).logits[:, -1].float()
        feed = _drawn(logits, rng) if rng is not None else logits.argmax(-1, keepdim=True)
        found.append(feed)
    return torch.cat(found, dim=1).cpu()  # sync: once a group of texts


def _drawn(logits: Tensor, rng: torch.Generator) -> Tensor:
    """[N, 1]: drawn with uniforms of the host, so that a seed means the same everywhere."""
    u = torch.rand(logits.shape[0], generator=rng, dtype=torch.float64)
    return sampling.draw(logits.softmax(-1), uploaded(u, logits.device)).unsqueeze(-1)


def up_to_end(ids: Sequence[int], stop_ids: frozenset[int], *, first: int) -> int:
    """The length of a text up to and including the first stop token from place `first` on."""
    return next((i + 1 for i in range(first, len(ids)) if ids[i] in stop_ids), len(ids))


def sampled(
    target: LoadedModel, beginnings: Sequence[Sequence[int]], *, n_tokens: int, n_new: int, at_once: int, seed: int
) -> Iterator[tuple[int, list[int]]]:
    """Yield texts with the place of their beginning, each ended by a stop token or after n_new, until they hold
    n_tokens; beginnings, all of one length, are taken in turn."""
    rng = torch.Generator().manual_seed(seed)
    done = place = 0
    while done < n_tokens:
        places = [(place + i) % len(beginnings) for i in range(at_once)]
        place += at_once
        chosen = [beginnings[i] for i in places]
        for i, row in zip(places, continued(target, chosen, n_new, rng=rng).tolist(), strict=True):
            text = row[: up_to_end(row, target.stop_ids, first=len(chosen[0]))]
            done += len(text)
            yield i, text
