"""Runs one visible generation with a gate and, after it, timed repeats against plain decoding."""

from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

import msgspec

from engine.decoding.drafting import expect_length
from engine.decoding.generation import Generation, GenerationEvent, Limits, generate, whole
from engine.decoding.policies.fixed import FixedLength
from engine.decoding.speculate import Decoder
from engine.decoding.verifying import EXACT
from engine.events import Event, Lane, Measured, Progressed, RoundFinished, Warned
from engine.methods.run_events import block, finished, run_started, warnings
from engine.methods.sprinter.config import SprinterConfig
from engine.methods.text_comparison import TextComparison
from engine.models.loading import LoadedModel
from engine.runtime import RunContext, ruled_text, warp_of
from engine.settings import Request
from engine.sprinter.decoding import GatedDecoding
from engine.sprinter.drift import Drift
from engine.sprinter.files import StoredGate, fit_drafter, open_gate
from engine.sprinter.gated_drafter import GatedDrafter
from engine.sprinter.verifying import LAST_TOKEN

_N_WARM_UP = 12
_NO_GRAPHS = "a gate decides after every drafted token, so that its rounds are decoded without CUDA graphs"


def run(config: msgspec.Struct, request: Request, rt: RunContext) -> Iterator[Event]:
    """Yield the run's events: start, prefill, rounds with their run length, timed blocks, the comparison of a greedy
    text with the target's own, end."""
    assert isinstance(config, SprinterConfig)
    prompt = rt.asked(request, config)
    stored = open_gate(config.gate, rt.target, drafter_of(rt))
    yield msgspec.structs.replace(run_started("sprinter", config, request, prompt, rt), graphs=False)
    yield from warnings(prompt, config, rt)
    if rt.target.graphs:
        yield Warned(_NO_GRAPHS, "nothing needs to be done; plain decoding is timed with its graphs")
    _warm_up(config, prompt.ids, rt, stored)
    visible = yield from _shown(config, prompt.ids, rt, stored)
    yield block("speculative", 0, visible, rt, paired=False)
    if config.baseline:
        yield from _blocks(config, prompt.ids, rt, stored, visible)
    yield finished(visible, rt)


def drafter_of(rt: RunContext) -> LoadedModel:
    """The drafter's model, whose states the gate reads. Raises InputError where there is none, or of other ids."""
    model = None if rt.documents is None else rt.documents.drafter
    return fit_drafter(model, rt.drafter_spec, rt.target)


def gated(
    config: SprinterConfig, ids: Sequence[int], rt: RunContext, stored: StoredGate | None = None
) -> Generator[GenerationEvent, None, Generation]:
    """One generation with a gate, and nothing beside it."""
    target, own = rt.target, rt.gate
    drafter = drafter_of(rt) if own is None else own.drafter
    stored = stored or (open_gate(config.gate, target, drafter) if own is None else own.stored)
    n_most = len(ids) + config.max_new_tokens
    gated_drafter = GatedDrafter(drafter, target, stored.gate, config.threshold)
    expect_length(gated_drafter, n_most)
    sequence = target.sequence()
    sequence.expect(n_most)
    tests_last = config.tested == "last"
    decoder = Decoder(
        sequence, gated_drafter, warp=warp_of(config), seed=config.seed, clock=rt.clock,
        verifier=LAST_TOKEN if tests_last else EXACT, rules=ruled_text(target, config, n_most=n_most),
        prefill_chunk=rt.prefill_chunk,
    )  # fmt: skip
    decoding = GatedDecoding(decoder, gated_drafter, tests_last=tests_last, audit=config.audit, seed=config.seed)
    limits = Limits(config.max_new_tokens, target.context, target.stop_ids if config.stop_at_end else frozenset())
    return generate(decoding, ids, FixedLength(config.cap), limits, target.texts, rt)


def _shown(
    config: SprinterConfig, ids: Sequence[int], rt: RunContext, stored: StoredGate
) -> Generator[Event, None, Generation]:
    """The generation on show, with what its metrics say after each round, and a warning once the gate has drifted."""
    events, drift = gated(config, ids, rt, stored), Drift.of(stored.card, config.threshold)
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            generation: Generation = end.value
            return generation
        yield event
        if isinstance(event, RoundFinished):
            yield from _measured(event, drift, rt)


def _measured(event: RoundFinished, drift: Drift, rt: RunContext) -> Iterator[Event]:
    if event.proposed:
        yield Measured("run length", len(event.proposed), event.round, at_s=rt.elapsed_s())
    warning = drift.take(event)
    if drift.share is not None:
        yield Measured("wrong share", drift.share, event.round, at_s=rt.elapsed_s())
    if warning:
        yield Warned(warning, "retrain the gate: draftscope sprinter train")


def _warm_up(config: SprinterConfig, ids: Sequence[int], rt: RunContext, stored: StoredGate) -> None:
    """Generate a little before timing: first calls allocate and compile, which is not time per token."""
    short = msgspec.structs.replace(config, max_new_tokens=min(_N_WARM_UP, config.max_new_tokens))
    whole(gated(short, ids[-64:], rt, stored))
    rt.prepare(config, ids, gamma=0)
    whole(rt.generate(short, ids[-64:], gamma=0))


class _TimedBlock(NamedTuple):
    lane: Lane
    repeat: int


def _blocks(
    config: SprinterConfig, ids: Sequence[int], rt: RunContext, stored: StoredGate, visible: Generation
) -> Iterator[Event]:
    """The repeats, in the order A B B A A B ...; not the visible run, whose time includes the cost of showing it.

    A greedy text is compared with the target's own, which it may differ from."""
    lanes: tuple[Lane, Lane] = ("plain", "speculative")
    plan = [_TimedBlock(lane, i) for i in range(config.repeats) for lane in (lanes[::-1] if i % 2 else lanes)]
    comparison = TextComparison(visible, rt)
    for n_done, timed in enumerate(plan):
        is_plain = timed.lane == "plain"
        _, generation = whole(rt.generate(config, ids, gamma=0) if is_plain else gated(config, ids, rt, stored))
        yield block(timed.lane, timed.repeat, generation, rt)
        yield Progressed("measuring", n_done + 1, len(plan), "blocks")
        if is_plain and config.temperature == 0:
            yield from comparison.take(generation)
