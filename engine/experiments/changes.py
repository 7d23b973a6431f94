"""What would change a recommendation: another batch size, another temperature, longer contexts; measured where that is
quick."""

from collections.abc import Iterator, Sequence
from threading import Event as Flag

from msgspec.structs import replace

from engine.errors import DeviceLost, EngineError
from engine.events import RoundFinished
from engine.experiments.generations import count_positions
from engine.experiments.lane_figures import Counts, predicted_speedup
from engine.experiments.lanes import Lane, continued
from engine.machine.out_of_memory import memory_errors
from engine.measuring.batch import measure_batch
from engine.models.loading import Pair
from engine.runtime import Cancelled
from engine.speed_model import CostModel

_BATCH, _BATCH_BLOCKS, _BATCH_TOKENS = 8, 3, 32
_N_PROMPTS = 3


def changes(lane: Lane, prompts: Sequence[Sequence[int]], costs: CostModel | None, cancelled: Flag) -> Iterator[str]:
    """A sentence each on what would change the choice of this lane. Raises Cancelled once the flag is set."""
    if lane.model is not None:
        yield from _at_batch(lane, cancelled)
    if costs is not None:
        yield from _at_other_temperature(lane, prompts[:_N_PROMPTS], costs, cancelled)
    lengths = [len(ids) for ids in prompts]
    yield (
        f"The prompts have {min(lengths)} to {max(lengths)} tokens: much longer texts make drafting and verifying "
        "dearer, so measure there too."
    )


def _at_batch(lane: Lane, cancelled: Flag) -> Iterator[str]:
    """What drafting brings where several sequences are decoded together."""

    def checkpoint() -> None:
        if cancelled.is_set():
            raise Cancelled

    n_new = min(_BATCH_TOKENS, lane.config.max_new_tokens)
    pair = Pair(lane.target, lane.model)
    try:
        with memory_errors(f"decoding {_BATCH} sequences together", "use a smaller batch"):
            measured = measure_batch(
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
) -> Iterator[str]:
    """What it would accept at temperature 1, or greedily where the comparison sampled, and what that predicts."""
    other = 1.0 if not lane.config.temperature else 0.0
    warmer = lane._replace(config=replace(lane.config, temperature=other))
    rounds: list[RoundFinished] = []
    n_tokens = 0
    for ids in prompts:
        text = continued(warmer, ids, cancelled, None)
        rounds += text.rounds
        n_tokens += len(text.generation.ids)
    positions = count_positions(rounds)
    n_proposed = sum(len(event.proposed) for event in rounds)
    counts = Counts(n_tokens, len(rounds), n_proposed, positions.accepted, positions.tested)
    if counts.alpha is None or (speedup := predicted_speedup(costs, counts)) is None:
        return
    advice = "still pays" if speedup > 1 else "leave it off"
    yield (
        f"At temperature {other:g} it accepts {counts.alpha:.2f} (measured on {len(prompts)} prompts), "
        f"which predicts {speedup:.2f}×: {advice}."
    )
