"""Describes what converting a GGUF file takes, before it is done."""

from PySide6.QtCore import QCoreApplication

from app.words import quantities
from engine.events import ConversionStarted


def needs(event: ConversionStarted) -> str:
    """Time, disk and memory that a conversion takes."""
    return _tr(
        "a GGUF file, converted once when it is first loaded: about {0}, {1} on disk, up to {2} of memory"
    ).format(
        quantities.duration(event.seconds), quantities.memory(event.disk_bytes), quantities.memory(event.memory_bytes)
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("conversions", text)
