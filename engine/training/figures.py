"""The figures of a drafter, before and after its training; trains nothing."""

from collections.abc import Iterator

from transformers import LlamaForCausalLM

from engine.events import DrafterMeasured, Event, When
from engine.models.loading import LoadedModel
from engine.training import payoff, student
from engine.training.held_out import Agreement, HeldOutTexts
from engine.training.payoff import Payoff


def measured(
    when: When, target: LoadedModel, model: LlamaForCausalLM, held_out: HeldOutTexts, *, gamma: int, seconds: float
) -> Iterator[Event]:
    """Yield progress and last the figures; seconds: for what the drafter pays, 0 leaves that out."""
    found = held_out.agreement(model, overlap=True)
    made: Payoff | None = None
    if seconds:
        drafter = student.in_use(target, model)
        for item in payoff.measure(
            target, drafter, held_out.beginnings, alpha=found.alpha, gamma=gamma, seconds=seconds
        ):
            if isinstance(item, Payoff):
                made = item
            else:
                yield item
    yield _figures(when, found, made, gamma)


def _figures(when: When, found: Agreement, made: Payoff | None, gamma: int) -> DrafterMeasured:
    alpha_ci = found.alpha_ci
    return DrafterMeasured(
        when=when,
        alpha=found.alpha,
        alpha_ci=None if alpha_ci is None else (alpha_ci.low, alpha_ci.high),
        alpha_overlap=found.overlap,
        gamma=gamma,
        c=None if made is None else made.c,
        predicted_speedup=None if made is None else made.predicted_speedup,
        speedup=None if made is None else made.speedup,
        speedup_ci=None if made is None or made.speedup_ci is None else (made.speedup_ci.low, made.speedup_ci.high),
    )
