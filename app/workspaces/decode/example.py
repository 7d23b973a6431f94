"""What a picture of the Decode tab shows where no run was named: an example, and what of a run is worth looking at."""

from collections.abc import Iterable

from app.panels.setup.panel import SetupPanel
from app.state.round_tree import tree_of
from app.state.selection import Selection
from engine.events import Event, RoundFinished

_TARGET, _DRAFTER, _WIDTHS = "builtin", "builtin:longspec", "4,8,8"


def choose_tree(setup: SetupPanel) -> None:
    """Choose a tree for the next run, and for the built-in target the drafter that was trained to branch."""
    if setup.models.pair().target == _TARGET:
        setup.models.choose(_TARGET, _DRAFTER)
    setup.form.set_values({"tree": _WIDTHS})


def first_rejected(events: Iterable[Event]) -> Selection | None:
    """The first rejected token of a run."""
    for event in events:
        if isinstance(event, RoundFinished):
            for position, token in enumerate(event.proposed):
                if token.fate == "rejected":
                    return Selection(event.round, position)
    return None


def longest_path(events: Iterable[Event]) -> Selection | None:
    """The end of the longest path that a tree of a run kept."""
    rounds = [event for event in events if isinstance(event, RoundFinished) and tree_of(event).branches]
    best = max(rounds, key=lambda event: len(tree_of(event).path), default=None)
    if best is None or not (tree := tree_of(best)).path:
        return None
    return Selection(best.round, tree.end)
