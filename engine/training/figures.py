"""Measures a drafter before and after its training."""

from collections.abc import Iterator
from threading import Event as Flag

from torch import nn

from engine.events import DrafterMeasured, Event, When
from engine.models.loading import LoadedModel
from engine.training import payoff, student
from engine.training.held_out import Agreement, HeldOutTexts
from engine.training.payoff import Payoff


def measured(
    when: When,
    target: LoadedModel,
    model: nn.Module,
    held_out: HeldOutTexts,
    *,
    gamma: int,
    seconds: float,
    cancelled: Flag,
) -> Iterator[Event]:
    """Yield progress and, last, the figures. seconds: for measuring the speedup. Raises Cancelled soon after
    `cancelled` is set."""
    agreement = yield from held_out.agreeing(model, overlap=True)
    drafter = student.in_use(target, model)
    measurement: Payoff | None = None
    for update in payoff.measure(
        target, drafter, held_out.timed, alpha=agreement.alpha, gamma=gamma, seconds=seconds, cancelled=cancelled
    ):
        if isinstance(update, Payoff):
            measurement = update
        else:
            yield update
    yield _measured_event(when, agreement, measurement, gamma)


def _measured_event(when: When, agreement: Agreement, measurement: Payoff | None, gamma: int) -> DrafterMeasured:
    speedup = None if measurement is None else measurement.speedup
    return DrafterMeasured(
        when=when,
        alpha=agreement.alpha,
        alpha_ci=agreement.alpha_ci,
        alpha_overlap=agreement.overlap,
        gamma=gamma,
        c=None if measurement is None or measurement.c is None else measurement.c.value,
        c_ci=None if measurement is None or measurement.c is None else measurement.c.ci,
        c_range=None if measurement is None or measurement.c is None else measurement.c.range,
        predicted_speedup=None if measurement is None else measurement.predicted_speedup,
        speedup=None if speedup is None else speedup.value,
        speedup_ci=None if speedup is None else speedup.ci,
        speedup_range=None if speedup is None else speedup.range,
        n=0 if speedup is None else speedup.n,
        tau=None if measurement is None else measurement.tau,
    )
