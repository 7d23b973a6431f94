"""Decodes with a gate: the usual rounds, in whose records stands what no target tested and what was audited."""

from collections.abc import Callable, Sequence
from random import Random

from engine.decoding.packing import HostRecord
from engine.decoding.speculate import Decoder, Round
from engine.sprinter.gated_drafter import GatedDrafter


class GatedDecoding:
    """A `Decoding` whose runs a gate ends. tests_last: whether the target tests a run's last token alone.

    audit: the share of the tokens let through that are marked for comparison with the target, drawn by a generator of
    its own, so that the text is the same whatever is audited."""

    def __init__(
        self, decoder: Decoder, drafter: GatedDrafter, *, tests_last: bool, audit: float = 0.0, seed: int = 0
    ) -> None:
        self._decoder, self._drafter, self._tests_last = decoder, drafter, tests_last
        self._audit, self._rng = audit, Random(f"audit/{seed}")

        self.ids: list[int] = []

    def prefill(self, ids: Sequence[int], checkpoint: Callable[[], None]) -> None:
        """Process the prompt; checkpoint() between chunks."""
        self._decoder.prefill(ids, checkpoint)
        self.ids = self._decoder.ids

    def round(self, gamma: int, *, followed: bool = False) -> Round:
        """Draft until the gate doubts, at most gamma tokens; verify; commit what is kept and the last token."""
        decoded = self._decoder.round(gamma, followed=followed)
        self.ids = self._decoder.ids
        if not gamma:
            return decoded
        return decoded._replace(record=self._marked(decoded.record))

    def _marked(self, record: HostRecord) -> HostRecord:
        n = len(record.tokens)
        first = max(0, n - 1) if self._tests_last else 0
        audited = frozenset(i for i in range(first) if self._rng.random() < self._audit)
        return record._replace(first_tested=first, gate=self._drafter.gate_probs[:n], audited=audited)
