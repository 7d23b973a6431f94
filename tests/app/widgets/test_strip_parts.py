"""Parts of a strip: even the smallest can be seen, and each kind has one sample with its name."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from app import theme
from app.widgets.strip_parts import StripPart, paint_names, paint_part


def _painted(qapp, paint) -> QImage:  # type: ignore[no-untyped-def]
    image = QImage(200, 30, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    paint(painter)
    painter.end()
    return image


def test_a_part_of_nothing_is_still_painted_inside_its_bar(qapp) -> None:  # type: ignore[no-untyped-def]
    part = StripPart("steps", 1.0, 1.0, theme.current().accent, Qt.BrushStyle.SolidPattern)
    image = _painted(qapp, lambda painter: paint_part(painter, QRectF(0, 0, 200, 30), part))
    assert image.pixelColor(198, 15) != Qt.GlobalColor.white and image.pixelColor(190, 15) == Qt.GlobalColor.white


def test_each_kind_of_part_is_named_once(qapp) -> None:  # type: ignore[no-untyped-def]
    part = StripPart("documents", 0.0, 0.1, theme.current().accent, Qt.BrushStyle.BDiagPattern)
    pictures = [
        _painted(qapp, lambda painter, parts=parts: paint_names(painter, QPointF(0, 0), parts))
        for parts in ((), (part,), (part, part._replace(start=0.5, end=0.6)))
    ]
    assert pictures[0] != pictures[1] and pictures[1] == pictures[2]
