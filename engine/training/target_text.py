"""Lets a target write text after given beginnings, several at once."""

from collections.abc import Generator, Iterator, Sequence

import torch
from torch import Tensor

from engine.decoding import sampling
from engine.decoding.cached_model import cache_for
from engine.decoding.transfers import uploaded, uploaded_ids
from engine.models.loading import LoadedModel
from engine.training.pausing import Pause, finished, no_pause


def continued(
    target: LoadedModel,
    beginnings: Sequence[Sequence[int]],
    n_new: int,
    *,
    rng: torch.Generator | None = None,
    pause: Pause = no_pause,
) -> list[list[int]]:
    """Each beginning, of at least one id, followed by n_new ids that the target writes after it.

    Greedy, or drawn at temperature 1 with `rng`, a generator on the CPU. pause: called after every forward."""
    return finished(writing(target, beginnings, n_new, rng=rng), pause)


@torch.inference_mode()
def writing(
    target: LoadedModel, beginnings: Sequence[Sequence[int]], n_new: int, *, rng: torch.Generator | None = None
) -> Generator[int, None, list[list[int]]]:
    """Yield how many ids each text has been given so far; returns the texts as `continued` does."""
    lengths = [len(ids) for ids in beginnings]
    next_ids, positions = uploaded_ids(_padded(beginnings), target.device), _Positions(lengths, target.device)
    cache = cache_for(target.model)
    new_ids: list[Tensor] = []
    for _ in range(n_new):
        output = target.model(
            input_ids=next_ids, cache=cache, use_cache=True, logits_to_keep=1, **positions.arguments()
        )
        logits = output.logits[:, -1].float()
        next_ids = _draw_ids(logits, rng) if rng is not None else logits.argmax(-1, keepdim=True)
        new_ids.append(next_ids)
        positions.advance()
        yield len(new_ids)
    written = torch.cat(new_ids, dim=1).tolist() if new_ids else [[] for _ in beginnings]  # sync: once a group of texts
    return [[*ids, *row] for ids, row in zip(beginnings, written, strict=True)]


def _padded(beginnings: Sequence[Sequence[int]]) -> list[list[int]]:
    """Beginnings of one length, with zeros before the shorter ones."""
    longest = max(map(len, beginnings))
    return [[0] * (longest - len(ids)) + list(ids) for ids in beginnings]


class _Positions:
    """Where the ids of padded rows stand, and what their attention leaves out; rows of one length need neither."""

    def __init__(self, lengths: Sequence[int], device: torch.device) -> None:
        self._longest, self._is_padded = max(lengths), min(lengths) < max(lengths)
        starts = torch.tensor([self._longest - n for n in lengths], device=device)[:, None]
        places = torch.arange(self._longest, device=device)[None]
        self._mask = (places >= starts).long()
        self._places = (places - starts).clamp_min(0)

    def arguments(self) -> dict[str, Tensor]:
        """The arguments of the next forward."""
        return {"attention_mask": self._mask, "position_ids": self._places} if self._is_padded else {}

    def advance(self) -> None:
        """Move to the next id of every row."""
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(self._mask), 1)], dim=1)
        self._places = self._places[:, -1:] + 1


def _draw_ids(logits: Tensor, rng: torch.Generator) -> Tensor:
    """[N, 1] ids, drawn with uniforms from the host so that a seed gives the same text on every device."""
    u = torch.rand(logits.shape[0], generator=rng, dtype=torch.float64)
    return sampling.draw(logits.softmax(-1), uploaded(u, logits.device)).unsqueeze(-1)


def up_to_end(ids: Sequence[int], stop_ids: frozenset[int], *, first: int) -> int:
    """The length of a text up to and including the first stop token from place `first` on."""
    return next((i + 1 for i in range(first, len(ids)) if ids[i] in stop_ids), len(ids))


def sampled(
    target: LoadedModel,
    beginnings: Sequence[Sequence[int]],
    *,
    n_tokens: int,
    n_new: int,
    at_once: int,
    seed: int,
    pause: Pause = no_pause,
) -> Iterator[tuple[int, list[int]]]:
    """Yield texts, each with the index of its beginning and ended by a stop token or after n_new tokens, until together
    they hold n_tokens; beginnings are used in turn. pause: called after every forward."""
    rng = torch.Generator().manual_seed(seed)
    n_written = place = 0
    while n_written < n_tokens:
        places = [(place + i) % len(beginnings) for i in range(at_once)]
        place += at_once
        group = [beginnings[i] for i in places]
        for i, row in zip(places, continued(target, group, n_new, rng=rng, pause=pause), strict=True):
            text = row[: up_to_end(row, target.stop_ids, first=len(beginnings[i]))]
            n_written += len(text)
            yield i, text
