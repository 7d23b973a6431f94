"""The pages of the document below its strip: a tick where a page begins, and the numbers that there is room for."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen

from app import theme
from app.workspaces.longcontext.words import tr
from engine.events import PageStart

_STEPS = (1, 2, 5)


class PageTick(NamedTuple):
    """A page on a bar. x: where it begins, from the left of the bar; name: what is written there, empty for none."""

    x: float
    name: str


def page_at(pages: Sequence[PageStart], token: int) -> int | None:
    """The number of the page that a token lies on; None where there are no pages."""
    if not pages:
        return None
    return pages[max(0, bisect_right(pages, token, key=lambda page: page.token) - 1)].number


def ticks(pages: Sequence[PageStart], n_tokens: int, width: float, metrics: QFontMetrics) -> tuple[PageTick, ...]:
    """The pages on a bar of a width that stands for n_tokens. Every one is named, or every second, fifth, tenth and so
    on, so that no number touches the next; the first says what the numbers are. The others have ticks alone, as long as
    these can be told apart."""
    if not pages or n_tokens <= 0:
        return ()
    scale, gap = width / n_tokens, metrics.averageCharWidth()
    page_width = scale * (pages[-1].token - pages[0].token) / max(1, len(pages) - 1)
    step = _step(len(pages), page_width, metrics.horizontalAdvance(str(pages[-1].number)) + 2 * gap)
    shown: list[PageTick] = []
    free_from = 0.0
    for page in pages:
        x, name = page.token * scale, ""
        if page is pages[0]:
            name = tr("page {0}").format(page.number)
        elif page.number % step == 0:
            name = str(page.number)
        end = x + gap / 2 + metrics.horizontalAdvance(name)
        if name and x >= free_from and end <= width:
            free_from = end + gap
            shown.append(PageTick(x, name))
        elif page_width >= theme.HALF:
            shown.append(PageTick(x, ""))
    return tuple(shown)


def _step(n_pages: int, page_width: float, room: float) -> int:
    """Of how many pages one is named."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power * page_width >= room or step * power >= n_pages:
                return step * power
        power *= 10


def paint_ticks(painter: QPainter, bar: QRectF, shown: Sequence[PageTick]) -> None:
    """Paint ticks from the lower edge of a bar downwards, each with its number to the right of it."""
    metrics, colours = painter.fontMetrics(), theme.current()
    bottom = bar.bottom() + metrics.height()
    for tick in shown:
        x = bar.left() + tick.x
        painter.setPen(QPen(QColor(colours.edge), 1))
        painter.drawLine(QPointF(x, bar.bottom()), QPointF(x, bottom if tick.name else bar.bottom() + theme.HALF))
        painter.setPen(QColor(colours.muted))
        painter.drawText(QPointF(x + metrics.averageCharWidth() / 2, bar.bottom() + metrics.ascent()), tick.name)
