"""The ways of decoding that a sweep over thresholds compares: plain, exact, a gate at a threshold, and lossy rules."""

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace
from torch import Tensor

from engine.decoding.generation import Generation, GenerationEvent, Limits, generate
from engine.decoding.policies.fixed import FixedLength
from engine.decoding.speculate import Decoder
from engine.decoding.verifying import BLOCK, Verifier
from engine.events.gates import Verification
from engine.methods.sprinter.config import SprinterConfig
from engine.methods.sprinter.run import gated
from engine.runtime import RunContext, ruled_text, warp_of
from engine.sprinter import laws
from engine.sprinter.files import StoredGate
from engine.sprinter.lossy_verifying import EnsembleVerifier, LenientVerifier

Writing: TypeAlias = Generator[GenerationEvent, None, Generation]


class Way(NamedTuple):
    """One way of decoding. setting: see `SettingMeasured`; gamma: 0 for plain decoding, the cap of a gate's runs."""

    verification: Verification
    setting: float
    gamma: int


class Writer:
    """Writes texts in several ways with one pair."""

    def __init__(self, config: SprinterConfig, rt: RunContext, stored: StoredGate) -> None:
        self._config, self._rt, self._stored = config, rt, stored

    def write(self, way: Way, ids: Sequence[int], n_new: int, *, stops: bool = False) -> Writing:
        """One generation of at most n_new tokens. stops: whether the model's stop tokens end it."""
        config = replace(self._config, max_new_tokens=n_new, stop_at_end=stops)
        match way.verification:
            case "plain" | "exact":
                return self._rt.generate(config, ids, gamma=way.gamma)
            case "sprinter":
                return gated(replace(config, threshold=way.setting), ids, self._rt, self._stored)
            case "block":
                return self._lossy(config, ids, way.gamma, BLOCK)
            case "ensemble":
                return self._lossy(config, ids, way.gamma, EnsembleVerifier(way.setting))
            case "lenience":
                return self._lossy(config, ids, way.gamma, LenientVerifier(way.setting))

    def _lossy(self, config: SprinterConfig, ids: Sequence[int], gamma: int, verifier: Verifier) -> Writing:
        rt, n_most = self._rt, len(ids) + config.max_new_tokens
        target = rt.target
        sequence = target.sequence()
        sequence.expect(n_most)
        decoder = Decoder(
            sequence, rt.drafter, warp=warp_of(config), seed=config.seed, clock=rt.clock, verifier=verifier,
            rules=ruled_text(target, config, n_most=n_most), prefill_chunk=rt.prefill_chunk,
        )  # fmt: skip
        limits = Limits(config.max_new_tokens, target.context, target.stop_ids if config.stop_at_end else frozenset())
        return generate(decoder, ids, FixedLength(gamma), limits, target.texts, rt)


def law_of(way: Way, passes: Callable[[], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """p, q [n, V] -> the distribution [n, V] of a drafted position's token. passes: what the gate lets through."""
    match way.verification:
        case "sprinter":
            return lambda p, q: laws.gated(p, q, passes())
        case "ensemble":
            return lambda p, q: laws.ensemble(p, q, way.setting)
        case "lenience":
            return lambda p, q: laws.lenient(p, q, way.setting)
        case _:
            return lambda p, q: p
