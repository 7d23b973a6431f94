"""Keeps which models the settings of an answer have from one start to the next."""

from PySide6.QtCore import QSettings

from engine.commands import Load


def save(pair: Load, settings: QSettings, group: str) -> None:
    """Save target and drafter."""
    settings.setValue(f"{group}/target", pair.target)
    settings.setValue(f"{group}/drafter", pair.drafter)


def saved(settings: QSettings, group: str) -> tuple[str, str] | None:
    """The saved target and drafter; None where one is missing or damaged."""
    target, drafter = settings.value(f"{group}/target"), settings.value(f"{group}/drafter")
    if isinstance(target, str) and isinstance(drafter, str) and target and drafter:
        return target, drafter
    return None
