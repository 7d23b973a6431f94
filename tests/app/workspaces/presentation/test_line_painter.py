"""Lines of a lane's text as pictures."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QFont, QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.panels.stream.painter import StreamPainter
from app.workspaces.presentation.lane_text import GrowingText, TextPiece
from app.workspaces.presentation.line_painter import LinePainter, line_height


def test_full_lines_are_painted_once_and_forgotten_with_their_lines(qapp: QApplication) -> None:
    stream, text, lines = StreamPainter(QFont()), GrowingText(), LinePainter()
    text.restart(80.0, 3, stream.measure)
    image = QImage(200, 200, QImage.Format.Format_RGB32)
    kept = []
    for number in range(40):
        text.add([TextPiece(f"word{number}", "accepted" if number % 2 else "plain", joins=False)])
        painter = QPainter(image)
        lines.paint(painter, QRect(0, 0, 80, 200), text, stream)
        painter.end()
        kept.append(len(lines._pictures))
    assert max(kept) == 2 and text.n_dropped > 10
    assert min(lines._pictures) >= text.n_dropped
    lines.clear()
    assert not lines._pictures and line_height(stream) > stream.metrics.height()
