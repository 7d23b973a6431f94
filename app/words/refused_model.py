"""Which of the two models a refusal is about; pure."""

import re

from engine.commands import Load
from engine.events import Role


def role_at_fault(why_not: str, pair: Load) -> Role:
    """The model a reason names first; the target where it names none, since all rests on it."""
    target, drafter = _place(pair.target, why_not), _place(pair.drafter, why_not)
    named_first = drafter is not None and (target is None or drafter < target)
    return "drafter" if named_first else "target"


def _place(spec: str, text: str) -> int | None:
    """Where a text names a model, not merely a longer word or path that its name is part of."""
    found = re.search(rf"(?<![\w./-]){re.escape(spec)}(?![\w-])", text)
    return None if found is None else found.start()
