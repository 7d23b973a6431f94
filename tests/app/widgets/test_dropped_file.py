"""What counts as a dropped file."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QUrl

from app.widgets.dropped_file import dropped_file


def test_only_a_single_local_file_counts(tmp_path: Path) -> None:
    file, mime = tmp_path / "prompts.txt", QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    assert dropped_file(mime) == file
    mime.setUrls([QUrl.fromLocalFile(str(file)), QUrl.fromLocalFile(str(file))])
    assert dropped_file(mime) is None
    mime.setUrls([QUrl("https://example.org/prompts.txt")])
    assert dropped_file(mime) is None
    mime = QMimeData()
    mime.setText(str(file))
    assert dropped_file(mime) is None
