"""Plots of a measured pair: time and speedup over contexts, draft lengths and batch sizes."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.plots.panel import tr
from app.state.store import RunStore
from app.words import quantities
from app.workspaces.decode.measured_plot import MeasuredPlot, SeriesStyle, SeriesValues
from engine.events import ScalingMeasured
from engine.events.scaling import PLAIN, SPECULATIVE, THEIR_PLAIN
from engine.statistics import RatioEstimate


def _plain_key(symbol: str | None) -> SeriesStyle:
    tip = tr("Our plain decoding, which the speedup is measured against, in the same interleaved blocks.")
    return SeriesStyle("●" if symbol else "┈", symbol, tr("plain"), "muted", Qt.PenStyle.DotLine, tip)


def _drafted_key(words: str) -> SeriesStyle:
    tip = tr("Our drafting. Bars: the smallest and the largest block, from ten blocks on the 95 % interval.")
    return SeriesStyle("■", "s", words, "accent", Qt.PenStyle.SolidLine, tip)


class ContextPlot(MeasuredPlot):
    """Time per token over prompt lengths: plain, drafted, and transformers' plain decoding."""

    doubling = True

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        tip = tr("transformers' own plain decoding of the same prompts, in the same process.")
        super().__init__(
            store, parent, title=tr("Time by context"),
            caption=tr("Decoding alone, at the chosen γ; low is good, and level: a long context costs little."),
            axis=tr("ms a token"), bottom=tr("context (tokens)"),
            empty=tr("A point for each prompt length appears when it is measured."),
            series=(
                _plain_key("o"), _drafted_key(tr("drafted")),
                SeriesStyle("▲", "t1", tr("transformers"), "rejected", Qt.PenStyle.DashLine, tip),
            ),
            unit=quantities.milliseconds,
        )  # fmt: skip

    def points(self, measured: ScalingMeasured) -> list[tuple[int, SeriesValues]]:
        """Return each measured prompt length with the times of the three systems."""
        names = (PLAIN, SPECULATIVE, THEIR_PLAIN)
        return [(point.n_prompt, tuple(point.ms_per_token.get(name) for name in names)) for point in measured.contexts]


class GammaTimePlot(MeasuredPlot):
    """Time per token over draft lengths, beside plain decoding."""

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Time by γ"),
            caption=tr("Decoding alone, at the first context; low is good, above plain drafting does not pay."),
            axis=tr("ms a token"), bottom=tr("draft length γ"),
            empty=tr("The draft lengths are measured last, all together."),
            series=(_plain_key(None), _drafted_key(tr("drafted"))), unit=quantities.milliseconds,
        )  # fmt: skip

    def points(self, measured: ScalingMeasured) -> list[tuple[int, SeriesValues]]:
        """Return the times; plain decoding has no draft length, so its time is the same at each."""
        return [(point.gamma, (measured.plain_ms_per_token, point.ms_per_token)) for point in measured.gammas]


class GammaSpeedupPlot(MeasuredPlot):
    """Speedup over draft lengths: as measured, and as the formula predicts it."""

    level = 1.0

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        tip = tr("S = τ̂ ÷ (γc + t(γ+1)/t(1)) of the measured α, c and step times.")
        super().__init__(
            store, parent, title=tr("Speedup by γ"),
            caption=tr("Above 1 drafting pays; the two together: the formula tells what limits it."),
            axis=tr("times plain"), bottom=tr("draft length γ"),
            empty=tr("The draft lengths are measured last, all together."),
            series=(
                _drafted_key(tr("measured")),
                SeriesStyle("▲", "t1", tr("predicted S"), "rejected", Qt.PenStyle.DashLine, tip),
            ),
            unit=quantities.times,
        )  # fmt: skip

    def points(self, measured: ScalingMeasured) -> list[tuple[int, SeriesValues]]:
        """Return the measured speedup with its interval, and the predicted S where its parts could be measured."""
        return [(point.gamma, (point.speedup, _exact(point.predicted_speedup))) for point in measured.gammas]


class BatchPlot(MeasuredPlot):
    """Speedup over batch sizes, with its intervals or ranges."""

    doubling, level = True, 1.0

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(
            store, parent, title=tr("Speedup by batch"),
            caption=tr("Sequences decoded together, against plain batches; above 1 drafting pays."),
            axis=tr("times plain"), bottom=tr("batch (sequences)"),
            empty=tr("A point for each batch size appears when it is measured."),
            series=(_drafted_key(tr("measured")),), unit=quantities.times,
        )  # fmt: skip

    def points(self, measured: ScalingMeasured) -> list[tuple[int, SeriesValues]]:
        """Return the speedup of each batch size."""
        return [
            (point.batch, (RatioEstimate(point.speedup, point.speedup_ci, point.speedup_range, point.n),))
            for point in measured.batches
        ]


def _exact(value: float | None) -> RatioEstimate | None:
    """A calculated value, which has no interval."""
    return None if value is None else RatioEstimate(value)
