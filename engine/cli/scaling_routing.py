"""What routing would have brought to the questions of a sweep: fields and lines of `draftscope scaling check`."""

from collections.abc import Sequence

from engine.allocation.escalation import EscalationPoint, curve, ladder_of, usual_steps
from engine.allocation.iterating_gain import GainModel, learned
from engine.cli.output import Value
from engine.errors import InputError
from engine.events import AnswerMetric, CellAnswered


def routing_fields(answers: Sequence[CellAnswered], metric: AnswerMetric) -> dict[str, Value]:
    """The classifier of iterating and the curve of escalation; null where the sweep cannot tell."""
    gain, points = _gain(answers, metric), _curve(answers)
    iterating: Value = None
    if isinstance(gain, GainModel):
        names = ("n", "threshold", "r2", "iterated", "direct", "routed", "share_iterated")
        iterating = {name: getattr(gain, name) for name in names}
    return {
        "iterating": iterating,
        "escalation": None if isinstance(points, str) else [point._asdict() for point in points],
    }


def routing_lines(answers: Sequence[CellAnswered], metric: AnswerMetric) -> list[str]:
    """The same for people, with the reasons of what is missing."""
    gain, points = _gain(answers, metric), _curve(answers)
    lines = [f"when to iterate: {gain}"]
    if isinstance(gain, GainModel):
        ways = ((gain.direct, "never"), (gain.iterated, "always"), (gain.routed, "as the words of a question tell"))
        figures = "; ".join(f"{way} {score:.2f} at {tokens:,.0f} tokens" for (score, tokens), way in ways)
        lines = [f"iterating {figures} ({gain.share_iterated:.0%} of the questions, R² {gain.r2:.2f} left out)"]
    if isinstance(points, str):
        return [*lines, f"escalation: {points}"]
    shown = [points[place] for place in (0, len(points) // 2, -1)]
    figures = "; ".join(f"below {p.threshold:.2f}: {p.accuracy:.2f} at {p.mean_context:,.0f} tokens" for p in shown)
    return [*lines, f"escalation {figures}"]


def _gain(answers: Sequence[CellAnswered], metric: AnswerMetric) -> GainModel | str:
    try:
        return learned(answers, metric)
    except InputError as err:
        return err.message


def _curve(answers: Sequence[CellAnswered]) -> tuple[EscalationPoint, ...] | str:
    """Over the cheapest, the middle and the dearest cell that read documents."""
    try:
        return curve(ladder_of(answers, usual_steps(answers)))
    except InputError as err:
        return err.message
