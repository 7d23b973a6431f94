"""How often a round waits for a GPU and copies from pageable memory, for each way of decoding, counted on the stand-in.

`python -m tests.fake_cuda.waits` prints the table that engine/README.md shows."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
import torch

from engine.batch.decoder import BatchDecoder
from engine.batch.drafters import LookupRows, RowsDrafter, SmallModelRows
from engine.batch.sequences import sequences_of
from engine.decoding.clock import clock_for
from engine.decoding.sampling import Warp
from engine.models.pair_names import RuntimeChoice
from tests.fake_cuda import kinds
from tests.fake_cuda.decoding import decoded
from tests.fake_cuda.fixture import installed
from tests.fake_cuda.kinds import NONE, Kind, Place
from tests.fake_cuda.watch import Watch

_GAMMA, _N_NEW, _N_BATCH_ROUNDS = 3, 7, 2
_GREEDY, _TOP_P = Warp(), Warp(1.0, top_p=0.9)
_ONE, _TWO, _HOST = Place("cuda:0", "cuda:0"), Place("cuda:0", "cuda:1"), Place("cuda:0", "cpu")
_SMALL, _LOOKUP = "small_model", "prompt_lookup"
_PAIRS: tuple[tuple[str, str, Warp, RuntimeChoice, Place], ...] = (
    ("plain, captured", NONE, _GREEDY, "auto", _ONE),
    ("small model, captured", _SMALL, _GREEDY, "auto", _ONE),
    ("small model, captured, top-p < 1", _SMALL, _TOP_P, "auto", _ONE),
    ("prompt lookup, captured", _LOOKUP, _GREEDY, "auto", _ONE),
    ("plain, fused without graphs", NONE, _GREEDY, "fused-eager", _ONE),
    ("small model, fused without graphs", _SMALL, _GREEDY, "fused-eager", _ONE),
    ("prompt lookup, fused without graphs", _LOOKUP, _GREEDY, "fused-eager", _ONE),
    ("small model, modules", _SMALL, _GREEDY, "modules", _ONE),
    ("target cuda:0, drafter cuda:1", _SMALL, _GREEDY, "auto", _TWO),
    ("target cuda:0, drafter cpu", _SMALL, _GREEDY, "auto", _HOST),
)


class Waits(NamedTuple):
    """A way of decoding, and what a round of it waits for. n_faults: in all captures, each of which is an error."""

    decoding: str
    waits: float
    copies: float
    n_faults: int

    def row(self) -> str:
        """A line of the table."""
        faults = f" and {self.n_faults} faults" if self.n_faults else ""
        return f"| {self.decoding} | {self.waits:.1f} | {self.copies:.1f}{faults} |"


def counted(patch: pytest.MonkeyPatch) -> Iterator[Waits]:
    """Every row of the table."""
    for name, drafter, warp, runtime, place in _PAIRS:
        with patch.context() as inner:
            watch = installed(inner)
            made = decoded(
                Kind(drafter, warp, runtime, "llama", torch.bfloat16, place), watch, n_new=_N_NEW, gamma=_GAMMA
            )
            copies = sum(watch.uploads.values())
            yield Waits(name, sum(made.round_waits.values()) / made.n_rounds, copies / made.n_rounds, len(watch.faults))
    for name in ("small model", "prompt lookup"):
        with patch.context() as inner:
            yield _batch(name, installed(inner))


def _batch(drafter: str, watch: Watch) -> Waits:
    with watch.on():
        target = kinds.loaded(watch, "llama", "cuda:0", torch.bfloat16)
        drafts: RowsDrafter = LookupRows(3, target)
        if drafter == "small model":
            drafts = SmallModelRows(kinds.loaded(watch, "llama", "cuda:0", torch.bfloat16, noisy=True), target)
        decoder = BatchDecoder(sequences_of(target), drafts, warp=_GREEDY, clock=clock_for(target.device))
        prompts = ((5, 9, 2, 5, 9), (7, 8), (11, 12, 13, 11, 12, 13, 11))
        decoder.prefill(prompts, range(len(prompts)), capacity=40, checkpoint=lambda: None)
        watch.clear()
        for _ in range(_N_BATCH_ROUNDS):
            decoder.round(dict.fromkeys(range(len(prompts)), _GAMMA))
    waits, copies = (sum(found.values()) / _N_BATCH_ROUNDS for found in (watch.waits, watch.uploads))
    return Waits(f"batch of {len(prompts)}, {drafter}", waits, copies, len(watch.faults))


if __name__ == "__main__":
    print("| decoding | waits a round | copies a round |\n|---|---|---|")
    with pytest.MonkeyPatch.context() as one:
        for line in counted(one):
            print(line.row())
