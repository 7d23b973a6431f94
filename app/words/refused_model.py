"""Finds which of the two models a refusal is about; pure."""

import re

from engine.commands import Load
from engine.events import Role


def role_at_fault(why_not: str, pair: Load) -> Role:
    """The model that a reason names first; the target if it names neither, because a pair depends on it."""
    target, drafter = _mention(pair.target, why_not), _mention(pair.drafter, why_not)
    named_first = drafter is not None and (target is None or drafter < target)
    return "drafter" if named_first else "target"


def _mention(spec: str, text: str) -> int | None:
    """Index at which a text names a model itself, not a longer word or path that contains its name."""
    match = re.search(rf"(?<![\w./-]){re.escape(spec)}(?![\w-])", text)
    return None if match is None else match.start()
