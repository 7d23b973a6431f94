"""Small plots as SVG: axes, marks, whiskers, lines, bars and cells; readable in black and white.

* imports neither Qt nor torch. Every colour is an attribute, which a page may replace through the class of the same
name. All text is escaped here."""

from collections.abc import Sequence
from html import escape
from math import floor, isfinite, log10
from typing import Literal, NamedTuple, TypeAlias

from engine.reports.palette import PAINTS, Paint
from engine.reports.shown_text import one_line

Anchor: TypeAlias = Literal["start", "middle", "end"]
WIDTH = 640
_CHAR = 6.6  # of text of 12 pixels, on average
_LONGEST_LABEL = 34
_FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif"
_MARK = 5.0


class Plot(NamedTuple):
    """A plot. title: what it shows, also for those who cannot see it. caption: what is good in it."""

    title: str
    caption: str
    svg: str
    width: int
    height: int


class Scale(NamedTuple):
    """Maps values from low to high to pixels from start to end."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value; values outside end at the border."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)


def picture(title: str, caption: str, height: int, parts: Sequence[str]) -> Plot:
    """A plot of these parts."""
    name = escape(one_line(title))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{name}" font-family="{_FONT}" font-size="12">'
    )
    return Plot(title, caption, f"{head}<title>{name}</title>{''.join(parts)}</svg>", WIDTH, height)


def label(x: float, y: float, text: str, *, anchor: Anchor = "start", paint: Paint = "text", bold: bool = False) -> str:
    """A line of text; its baseline is at y."""
    weight = ' font-weight="600"' if bold else ""
    shown = escape(one_line(text, longest=_LONGEST_LABEL * 3))
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight} {_fill(paint)}>{shown}</text>'


def upright_label(x: float, y: float, text: str) -> str:
    """The label of a vertical axis, read from below."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" transform="rotate(-90 {x:.1f} {y:.1f})" '
        f"{_fill('muted')}>{escape(one_line(text))}</text>"
    )


def line(x1: float, y1: float, x2: float, y2: float, *, paint: Paint, width: float = 1, dash: str = "") -> str:
    """A straight line. dash: lengths of strokes and gaps."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {_stroke(paint)} stroke-width="{width}"'
        f"{dashes}/>"
    )


def path(points: Sequence[tuple[float, float]], *, paint: Paint, dash: str = "") -> str:
    """A line through points."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" {_stroke(paint)} stroke-width="2"{dashes}/>'


def box(x: float, y: float, width: float, height: float, *, paint: Paint, opacity: float = 1.0) -> str:
    """A filled rectangle."""
    clear = "" if opacity == 1 else f' fill-opacity="{opacity:.2f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(0.0, height):.1f}" {_fill(paint)}{clear}/>'


def frame(x: float, y: float, width: float, height: float, *, paint: Paint) -> str:
    """An outline."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="none" {_stroke(paint)} '
        'stroke-width="2"/>'
    )


def mark(x: float, y: float, lane: int, *, paint: Paint) -> str:
    """The symbol of a lane, as `words.symbol` has it in text."""
    if lane <= 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_MARK}" {_fill(paint)}/>'
    points = " ".join(f"{x + _MARK * dx:.1f},{y + _MARK * dy:.1f}" for dx, dy in _SHAPES[(lane - 1) % len(_SHAPES)])
    return f'<polygon points="{points}" {_fill(paint)}/>'


# Triangle, square, diamond, triangle down, triangle right, hexagon, triangle left, cross, pentagon.
_SHAPES: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0, -1.1), (1.1, 0.9), (-1.1, 0.9)),
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    ((0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)),
    ((0, 1.1), (1.1, -0.9), (-1.1, -0.9)),
    ((1.1, 0), (-0.9, 1.1), (-0.9, -1.1)),
    ((0, -1.1), (0.95, -0.55), (0.95, 0.55), (0, 1.1), (-0.95, 0.55), (-0.95, -0.55)),
    ((-1.1, 0), (0.9, 1.1), (0.9, -1.1)),
    (
        (-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4), (0.4, 1.1), (-0.4, 1.1),
        (-0.4, 0.4), (-1.1, 0.4), (-1.1, -0.4), (-0.4, -0.4),
    ),
    ((0, -1.1), (1.05, -0.34), (0.65, 0.89), (-0.65, 0.89), (-1.05, -0.34)),
)  # fmt: skip


def ticks(low: float, high: float, most: int = 6) -> tuple[float, ...]:
    """Round values from at or below `low` to at or above `high`, at most `most` steps apart."""
    if not (isfinite(low) and isfinite(high)):
        low, high = 0.0, 1.0
    # Far from 0, the next number is more than 1 away.
    high = max(high, low + max(1.0, abs(low) * 1e-6)) if high - low <= abs(low) * 1e-9 else high
    rough = (high - low) / most
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = floor(low / step + 1e-9), -floor(-high / step + 1e-9)
    return tuple(i * step for i in range(first, last + 1))


def tick_text(value: float) -> str:
    """The label of a tick."""
    return f"{value:,.6g}"


def bottom_axis(scale: Scale, values: Sequence[float], y: float, title: str, *, top: float) -> list[str]:
    """A horizontal axis with grid lines up to `top`."""
    parts = [line(scale.at(value), top, scale.at(value), y, paint="line") for value in values]
    parts += [label(scale.at(value), y + 16, tick_text(value), anchor="middle", paint="muted") for value in values]
    return [*parts, label((scale.start + scale.end) / 2, y + 34, title, anchor="middle", paint="muted")]


def left_axis(scale: Scale, values: Sequence[float], x: float, title: str, *, right: float) -> list[str]:
    """A vertical axis with grid lines up to `right`."""
    parts = [line(x, scale.at(value), right, scale.at(value), paint="line") for value in values]
    parts += [label(x - 6, scale.at(value) + 4, tick_text(value), anchor="end", paint="muted") for value in values]
    return [*parts, upright_label(14, (scale.start + scale.end) / 2, title)]


def short_label(text: str, longest: int = _LONGEST_LABEL) -> str:
    """A name cut in the middle, since both ends tell it from others."""
    shown = one_line(text, longest=400)
    return shown if len(shown) <= longest else f"{shown[: longest // 2]}…{shown[-(longest - longest // 2 - 1) :]}"


def label_width(texts: Sequence[str]) -> float:
    """About how wide the widest of these labels is."""
    return max((len(text) for text in texts), default=0) * _CHAR


def _fill(paint: Paint) -> str:
    return f'class="f-{paint}" fill="{PAINTS[paint].light}"'


def _stroke(paint: Paint) -> str:
    return f'class="s-{paint}" stroke="{PAINTS[paint].light}"'
