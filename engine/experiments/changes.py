"""What would change a recommendation: another batch size, another temperature, longer contexts; measured where that is
quick."""

import time
from collections.abc import Iterator, Sequence
from threading import Event as Flag

from msgspec.structs import replace

from engine.errors import DeviceLost, EngineError
from engine.events import Progressed, RoundFinished
from engine.experiments.comparison_time import ComparisonStage
from engine.experiments.generations import count_positions
from engine.experiments.lane_figures import Counts, predicted_speedup
from engine.experiments.lanes import Lane, continued
from engine.machine.out_of_memory import memory_errors
from engine.measuring.batch import batch_in_steps, n_batch_steps
from engine.models.loading import Pair
from engine.runtime import Cancelled
from engine.speed_model import CostModel

_BATCH, _BATCH_BLOCKS, _BATCH_TOKENS = 8, 3, 32
_N_PROMPTS = 3


def expected_stage(*, has_model: bool, n_prompts: int, n_new: int) -> ComparisonStage:
    """How many steps `changes` takes after prompts of n_new tokens each. has_model: the drafter may have a model."""
    n_texts = min(n_prompts, _N_PROMPTS)
    n_in_batch = n_batch_steps(_BATCH, _BATCH_BLOCKS) if has_model else 0
    in_texts = n_texts + n_in_batch * min(_BATCH_TOKENS, n_new) / n_new
    return ComparisonStage("checking", "steps", n_texts + n_in_batch, in_texts / max(1, n_texts + n_in_batch))


def changes(
    lane: Lane, prompts: Sequence[Sequence[int]], costs: CostModel | None, cancelled: Flag
) -> Iterator[Progressed | str]:
    """A sentence each on what would change the choice of this lane, and how far their measurement is.

    Raises Cancelled once the flag is set."""
    tried = prompts[:_N_PROMPTS]
    n_in_batch = 0 if lane.model is None else n_batch_steps(_BATCH, _BATCH_BLOCKS)
    n_steps, began = n_in_batch + (0 if costs is None else len(tried)), time.perf_counter()

    def progress(n_done: int) -> Progressed:
        return Progressed("checking", n_done, n_steps, "steps", time.perf_counter() - began)

    if n_steps:
        yield progress(0)
    if lane.model is not None:
        for step in _at_batch(lane, cancelled):
            yield progress(step) if isinstance(step, int) else step
    if costs is not None:
        for step in _at_other_temperature(lane, tried, costs, cancelled):
            yield progress(n_in_batch + step) if isinstance(step, int) else step
    lengths = [len(ids) for ids in prompts]
    yield (
        f"The prompts have {min(lengths)} to {max(lengths)} tokens: much longer texts make drafting and verifying "
        "dearer, so measure there too."
    )


def _at_batch(lane: Lane, cancelled: Flag) -> Iterator[int | str]:
    """The number of steps done, and at last what drafting brings where several sequences are decoded together."""

    def checkpoint() -> None:
        if cancelled.is_set():
            raise Cancelled

    n_new = min(_BATCH_TOKENS, lane.config.max_new_tokens)
    pair = Pair(lane.target, lane.model)
    try:
        with memory_errors(f"decoding {_BATCH} sequences together", "use a smaller batch"):
            measured = yield from batch_in_steps(
                pair, batch=_BATCH, gamma=lane.spec.gamma, n_new=n_new, n_blocks=_BATCH_BLOCKS, checkpoint=checkpoint
            )
    except (Cancelled, DeviceLost):
        raise
    except EngineError as err:
        yield f"At batch {_BATCH} it could not be measured: {err.message}."
        return
    advice = "still pays" if measured.speedup > 1 else "leave it off"
    yield f"At batch {_BATCH}: {measured.speedup:.2f}×, {advice} (measured, greedy, {n_new} tokens, built-in prompts)."


def _at_other_temperature(
    lane: Lane, prompts: Sequence[Sequence[int]], costs: CostModel, cancelled: Flag
) -> Iterator[int | str]:
    """The number of prompts done, and at last what it would accept at temperature 1, or greedily where the comparison
    sampled, and what that predicts."""
    other = 1.0 if not lane.config.temperature else 0.0
    warmer = lane._replace(config=replace(lane.config, temperature=other))
    rounds: list[RoundFinished] = []
    n_tokens = 0
    for n_done, ids in enumerate(prompts, 1):
        text = continued(warmer, ids, cancelled, None)
        rounds += text.rounds
        n_tokens += len(text.generation.ids)
        yield n_done
    positions = count_positions(rounds)
    n_proposed = sum(len(event.proposed) for event in rounds)
    counts = Counts(n_tokens, len(rounds), n_proposed, positions.accepted, positions.tested)
    if counts.alpha is None or (speedup := predicted_speedup(costs, counts)) is None:
        return
    advice, n = "still pays" if speedup > 1 else "leave it off", len(prompts)
    yield (
        f"At temperature {other:g} it accepts {counts.alpha:.2f} "
        f"(measured on {n} {'prompt' if n == 1 else 'prompts'}), which predicts {speedup:.2f}×: {advice}."
    )
