"""Times verifying drafts of several lengths in the engine's own rounds, with a drafter that costs nothing."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import quantiles
from threading import Event as Flag

import torch
from msgspec.structs import replace

from engine.decoding.drafting import Capabilities, Draft, DraftContext, TargetState, chain
from engine.decoding.generation import whole
from engine.experiments.lanes import Lane
from engine.runtime import RunContext

_MOST_ROUNDS, _FEWEST_ROUNDS = 6, 3
_PASS_MS = 250.0


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


class VerifyTimer:
    """Times verifying in passes over all widths, so that a caller can spread them over what else it measures.

    widths: ascending, 1 is plain decoding. The prompt is cut where it leaves no room for them; those that do not fit
    the target's context even so are left out. Slow targets get fewer rounds."""

    def __init__(self, plain: Lane, ids: Sequence[int], widths: Sequence[int], cancelled: Flag) -> None:
        self._ids = tuple(ids[: max(1, plain.target.context - _FEWEST_ROUNDS * max(widths) - 1)])
        self._lane = plain._replace(drafter=FixedDrafter(self._ids[-1], plain.target.device))
        self._room = plain.target.context - len(self._ids)
        self._widths = [width for width in widths if _FEWEST_ROUNDS * width < self._room]
        self._cancelled = cancelled
        self._times: dict[int, list[float]] = defaultdict(list)
        self._n_passes = 0
        # The first passes allocate and capture, and tell how long a round takes.
        slowest = max(max(self._verify_ms(width, _FEWEST_ROUNDS), default=0.0) for width in self._widths)
        self._n_rounds = int(min(_MOST_ROUNDS, max(_FEWEST_ROUNDS, _PASS_MS / max(slowest, 1e-3))))

    def once(self) -> None:
        """Time every width once more, in the other direction than before."""
        for width in self._widths[::-1] if self._n_passes % 2 else self._widths:
            self._times[width] += self._verify_ms(width, min(self._n_rounds, (self._room - 1) // width))
        self._n_passes += 1

    def times(self) -> tuple[tuple[int, float], ...]:
        """Milliseconds of verifying for each number of tokens that the target reads at once.

        Lower quartiles: what disturbs a machine for a while makes all rounds of a pass slower, and never faster."""
        return tuple(
            (width, quantiles(values, n=4)[0] if len(values) > 1 else values[0])
            for width, values in sorted(self._times.items())
            if values
        )

    def _verify_ms(self, width: int, n_rounds: int) -> list[float]:
        lane, gamma = self._lane, width - 1
        config = replace(lane.config, max_new_tokens=n_rounds * width, stop_at_end=False)
        runtime = RunContext(lane.target, lane.drafter, "", cancelled=self._cancelled)
        runtime.prepare(config, self._ids, gamma=gamma)
        rounds, _ = whole(runtime.generate(config, self._ids, gamma=gamma))
        return [event.verify_ms for event in rounds[:n_rounds] if len(event.proposed) == gamma]
