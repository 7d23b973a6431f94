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

_MOST_ROUNDS, _FEWEST_ROUNDS = 12, 3
_PASS_MS = 500.0
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

    widths: ascending, 1 is plain decoding. The prompt is cut where it leaves no room for them; those that do not fit
    the target's context even so are left out. Slow targets get fewer rounds."""
    ids = ids[: max(1, plain.target.context - _FEWEST_ROUNDS * max(widths) - 1)]
    lane = plain._replace(drafter=FixedDrafter(ids[-1], plain.target.device))
    room = plain.target.context - len(ids)
    fitting = [width for width in widths if _FEWEST_ROUNDS * width < room]
    # The first passes allocate and capture, and tell how long a round takes.
    slowest = max(max(_verify_ms(lane, ids, width, _FEWEST_ROUNDS, cancelled), default=0.0) for width in fitting)
    n_rounds = int(min(_MOST_ROUNDS, max(_FEWEST_ROUNDS, _PASS_MS / max(slowest, 1e-3))))
    times: dict[int, list[float]] = defaultdict(list)
    for index in range(_N_PASSES):
        for width in fitting[::-1] if index % 2 else fitting:
            times[width] += _verify_ms(lane, ids, width, min(n_rounds, (room - 1) // width), cancelled)
    return tuple((width, median(values)) for width, values in sorted(times.items()) if values)


def _verify_ms(lane: Lane, ids: Sequence[int], width: int, n_rounds: int, cancelled: Flag) -> list[float]:
    gamma = width - 1
    config = replace(lane.config, max_new_tokens=n_rounds * width, stop_at_end=False)
    runtime = RunContext(lane.target, lane.drafter, "", cancelled=cancelled)
    runtime.prepare(config, ids, gamma=gamma)
    rounds, _ = whole(runtime.generate(config, ids, gamma=gamma))
    return [event.verify_ms for event in rounds[:n_rounds] if len(event.proposed) == gamma]
