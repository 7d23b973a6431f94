"""Labels that never interpret what they show: text from models, prompts and files is plain text everywhere."""

from typing import Literal, TypeAlias

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app import theme

Role: TypeAlias = Literal["normal", "muted", "good", "bad", "title"]


def plain_label(text: str, parent: QWidget, *, role: Role = "normal", wraps: bool = False) -> QLabel:
    """A label of plain text; one that wraps may be as narrow as its column."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setFont(theme.tabular(label.font()))
    label.setWordWrap(wraps)
    if wraps:
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        label.setSizePolicy(policy)
    label.setProperty("role", role)
    return label


def set_role(label: QLabel, role: Role) -> None:
    """Colour a label by its part; a word or mark in its text must say the same."""
    if label.property("role") == role:
        return
    label.setProperty("role", role)
    label.style().unpolish(label)
    label.style().polish(label)
