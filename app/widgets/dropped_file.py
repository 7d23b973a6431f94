"""Recognises the single local file that is dragged from elsewhere."""

from pathlib import Path

from PySide6.QtCore import QMimeData


def dropped_file(mime: QMimeData) -> Path | None:
    """The single local file that is dropped; None for anything else."""
    urls = mime.urls() if mime.hasUrls() else []
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
