"""Shows bars at the bottom of a widget over its content, so that nothing moves when one appears."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

_MOVES = (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.LayoutRequest)


class FloatingBars(QObject):
    """The bars of one widget, the first at its lower edge and the others above it."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self._bars: list[QWidget] = []
        over.installEventFilter(self)

    def add(self, bar: QWidget) -> None:
        """Let a bar float, hidden at first."""
        bar.setParent(self._over)
        bar.hide()
        bar.setAutoFillBackground(True)
        bar.installEventFilter(self)
        self._bars.append(bar)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Follow the size of the widget, and what the bars say."""
        if event.type() in _MOVES:
            self._place()
        return False

    def _place(self) -> None:
        bottom, width = self._over.height(), self._over.width()
        for bar in self._bars:
            if not bar.isHidden():
                height = bar.heightForWidth(width) if bar.hasHeightForWidth() else bar.sizeHint().height()
                bottom -= height
                bar.setGeometry(0, bottom, width, height)
                bar.raise_()


def float_over(bar: QWidget, over: QWidget) -> None:
    """Let a bar float at the bottom of a widget, above the bars that do so already."""
    bars = over.findChild(FloatingBars)
    (bars if isinstance(bars, FloatingBars) else FloatingBars(over)).add(bar)
