"""Times verifying drafts of several lengths in the engine's own rounds, with a drafter that costs nothing."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from threading import Event as Flag

import torch
from msgspec.structs import replace

from engine.decoding.drafting import Capabilities, Draft, DraftContext, TargetState, chain
from engine.decoding.generation import whole
from engine.experiments.lanes import Lane
from engine.runtime import RunContext

_N_ROUNDS = 12
_N_PASSES = 3


class FixedDrafter:
    """Proposes one id over and over, at next to no cost: what is timed with it is verifying alone."""

    capabilities = Capabilities(point_mass=True)

    def __init__(self, token: int, device: torch.device) -> None:
        self._token, self._device = token, device

    def reset(self) -> None:
        """Do nothing: it keeps nothing."""

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        """Do nothing: it reads nothing."""

    def propose(self, context: DraftContext) -> Draft:
        """Propose as many ids as are allowed."""
        tokens = torch.full((context.n,), self._token, dtype=torch.int64, device=self._device)
        return Draft(tokens, chain(context.n, self._device))

    def commit(self, ids: Sequence[int]) -> None:
        """Do nothing: it keeps nothing."""

    def cache_bytes(self) -> int:
        """No memory."""
        return 0


def verify_times(
    plain: Lane, ids: Sequence[int], widths: Sequence[int], cancelled: Flag
) -> tuple[tuple[int, float], ...]:
    """Milliseconds of verifying, for each number of tokens that the target reads at once; medians of passes.

    widths: ascending, 1 is plain decoding. Those that do not fit the target's context are left out."""
    lane = plain._replace(drafter=FixedDrafter(ids[-1], plain.target.device))
    room = plain.target.context - len(ids)
    fitting = [width for width in widths if _N_ROUNDS * width < room]
    times: dict[int, list[float]] = defaultdict(list)
    for index in range(_N_PASSES + 1):
        for width in fitting[::-1] if index % 2 else fitting:
            measured = _verify_ms(lane, ids, width, cancelled)
            if index:  # the first pass allocates and captures
                times[width] += measured
    return tuple((width, median(values)) for width, values in sorted(times.items()) if values)


def _verify_ms(lane: Lane, ids: Sequence[int], width: int, cancelled: Flag) -> list[float]:
    gamma = width - 1
    config = replace(lane.config, max_new_tokens=_N_ROUNDS * width, stop_at_end=False)
    runtime = RunContext(lane.target, lane.drafter, "", cancelled=cancelled)
    runtime.prepare(config, ids, gamma=gamma)
    rounds, _ = whole(runtime.generate(config, ids, gamma=gamma))
    return [event.verify_ms for event in rounds[:_N_ROUNDS] if len(event.proposed) == gamma]
