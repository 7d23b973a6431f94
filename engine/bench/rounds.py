"""Times one greedy round of a fused pair at a fixed length: its halves, its bytes and the cost of recording.

The same round is also timed with only the ids kept: no probability is computed for display or recorded. On CUDA both
are graphs, the first being the round of a generation without the host's part; on a CPU, where generations run step by
step, both are plain calls."""

import time
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import msgspec
import torch
from torch import Tensor

from engine import statistics
from engine.decoding import accept
from engine.decoding.clock import Clock, Mark, clock_for, settle
from engine.decoding.drafting import Draft, chain
from engine.decoding.sampling import Warp
from engine.decoding.verifying import EXACT
from engine.errors import InputError
from engine.fast import static_round
from engine.fast.batched import RowsModel
from engine.fast.graphs import Graphs, Work
from engine.fast.static_kv_cache import power_of_two
from engine.fast.static_round import State, VerifySettings
from engine.models.loading import Pair
from engine.statistics import Interval, UnitTime

_N_ROUNDS = 20
_GREEDY = Warp()


class RoundsBench(msgspec.Struct, frozen=True):
    """Medians over blocks, in milliseconds. unrecorded_ms: a round that keeps only ids; recording_cost: the share by
    which recording lengthens a round: round_ms over unrecorded_ms, less 1, over the blocks.

    target_bytes: matrices, keys and values within the span, which one verification reads; target_bytes_per_s: those
    over verify_ms, which includes accepting and recording. captured: whether the rounds were CUDA graphs."""

    round_ms: float
    draft_ms: float
    verify_ms: float
    unrecorded_ms: float
    recording_cost: float
    recording_cost_ci: Interval | None
    target_bytes: int
    target_bytes_per_s: float
    gamma: int
    length: int
    span: int
    n_blocks: int
    captured: bool
    recording_cost_range: Interval | None = None


class _Halves(NamedTuple):
    """A round in two parts; the second advances the state."""

    draft: Work
    verify: Work


class _Block(NamedTuple):
    """Milliseconds per round: wall time, and its halves by the device's clock."""

    wall: float
    draft: float
    verify: float


@torch.inference_mode()
def measure(pair: Pair, *, gamma: int, length: int, n_blocks: int) -> RoundsBench:
    """Time rounds over `length` committed ids. Raises InputError where the pair cannot draft as part of a round."""
    target, drafter = pair.target.fused, None if pair.drafter is None else pair.drafter.fused
    device = pair.target.device
    if target is None or drafter is None or drafter.embedding.device != device:
        raise InputError("the rounds of this pair are not all on one device, fused", "choose a pair of fused models")
    assert pair.drafter is not None
    most = min(pair.target.context, pair.drafter.context)
    if length < 2 or gamma < 1 or length + gamma > most:
        reason = f"length {length} and gamma {gamma} do not fit the pair's context"
        raise InputError(reason, f"keep the length at 2 to {most - gamma}, gamma at 1 or more")
    span = power_of_two(length + gamma, most=most)
    models = RowsModel(target, n_rows=1, capacity=span), RowsModel(drafter, n_rows=1, capacity=span)
    state = static_round.new_state(device)
    variants = [_as_graphs(make(*models, state, gamma, span), device) for make in (_recorded, _unrecorded)]
    clock = clock_for(device)
    for halves in variants * 2:
        _block(halves, state, length, clock, device)
    blocks = []
    for index in range(n_blocks):
        order = variants[::-1] if index % 2 else variants
        timings = [_block(halves, state, length, clock, device) for halves in order]
        blocks.append(timings[::-1] if index % 2 else timings)
    n_bytes = target.n_bytes + models[0].bytes()
    return _result(blocks, n_bytes, gamma=gamma, length=length, span=span, captured=device.type == "cuda")


def _recorded(target: RowsModel, drafter: RowsModel, state: State, gamma: int, span: int) -> _Halves:
    """The round that generations run, with the draft in a fixed buffer."""
    n_vocabulary = target.n_vocabulary
    u = torch.zeros(2 * gamma + 1, dtype=torch.float64, device=target.device)
    tokens = torch.empty(gamma, dtype=torch.int64, device=target.device)
    shown = torch.empty(gamma, n_vocabulary, device=target.device)
    parents = chain(gamma, target.device)

    def draft() -> Tensor:
        greedy_draft = static_round.draft(drafter, state, u[:gamma], _GREEDY, span=span, n_vocabulary=n_vocabulary)
        assert greedy_draft.shown is not None
        shown.copy_(greedy_draft.shown)
        return tokens.copy_(greedy_draft.tokens)

    def verify() -> Tensor:
        judging = VerifySettings(EXACT, u[gamma:], _GREEDY, span)
        return static_round.verify(target, state, Draft(tokens, parents, shown=shown), judging)

    return _Halves(draft, verify)


def _unrecorded(target: RowsModel, drafter: RowsModel, state: State, gamma: int, span: int) -> _Halves:
    """The same tokens and nothing else."""
    buffer = torch.empty(gamma, dtype=torch.int64, device=target.device)

    def draft() -> Tensor:
        tokens: list[Tensor] = []
        for _ in range(gamma):
            row = static_round.drafter_logits(drafter, state, tokens, span=span)
            tokens.append(row[: target.n_vocabulary].argmax(-1))
        return buffer.copy_(torch.stack(tokens))

    def verify() -> Tensor:
        best = static_round.target_logits(target, state, buffer, span=span).argmax(-1)
        verdict = accept.greedy(best, buffer)
        static_round.advance(state, buffer, verdict)
        return torch.cat([verdict.n_accepted.view(1), verdict.last_id.view(1), buffer])

    return _Halves(draft, verify)


def _as_graphs(halves: _Halves, device: torch.device) -> _Halves:
    """Both halves as graphs on CUDA, unchanged elsewhere."""
    if device.type != "cuda":
        return halves
    graphs = Graphs(device)
    return _Halves(graphs.repeated(halves.draft), graphs.repeated(halves.verify))


def _block(halves: _Halves, state: State, length: int, clock: Clock, device: torch.device) -> _Block:
    """Time consecutive rounds, each from the same length."""
    settle(device)
    started = time.perf_counter()
    marks = [_round(halves, state, length, clock) for _ in range(_N_ROUNDS)]
    settle(device)
    wall_ms = 1e3 * (time.perf_counter() - started) / _N_ROUNDS
    draft = median(clock.ms(start, middle) for start, middle, _ in marks)
    return _Block(wall_ms, draft, median(clock.ms(middle, end) for _, middle, end in marks))


def _round(halves: _Halves, state: State, length: int, clock: Clock) -> tuple[Mark, Mark, Mark]:
    state.length.fill_(length)
    start = clock.mark()
    halves.draft()
    middle = clock.mark()
    halves.verify()
    return start, middle, clock.mark()


def _result(
    blocks: Sequence[Sequence[_Block]], n_bytes: int, *, gamma: int, length: int, span: int, captured: bool
) -> RoundsBench:
    recorded, unrecorded = zip(*blocks, strict=True)
    walls = (UnitTime(tuple(block.wall for block in lane), 1) for lane in (recorded, unrecorded))
    cost = statistics.speedup(*([lane] for lane in walls))
    verify_ms = median(block.verify for block in recorded)
    return RoundsBench(
        round_ms=median(block.wall for block in recorded),
        draft_ms=median(block.draft for block in recorded),
        verify_ms=verify_ms,
        unrecorded_ms=median(block.wall for block in unrecorded),
        recording_cost=cost.value - 1,
        recording_cost_ci=_less_one(cost.ci),
        recording_cost_range=_less_one(cost.range),
        target_bytes=n_bytes,
        target_bytes_per_s=1e3 * n_bytes / verify_ms,
        gamma=gamma,
        length=length,
        span=span,
        n_blocks=len(blocks),
        captured=captured,
    )


def _less_one(ratios: Interval | None) -> Interval | None:
    return None if ratios is None else Interval(ratios.low - 1, ratios.high - 1)
