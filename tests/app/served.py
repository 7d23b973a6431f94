"""A tab on its own, in front of the verbs that it is served by."""

from typing import Protocol, TypeVar

from app.panels.verbs import Verbs, VerbTarget
from app.state.store import RunStore
from app.workspaces.base import TabContext
from engine.commands import Load


class Tab(VerbTarget, Protocol):
    def __init__(self, context: TabContext) -> None: ...


T = TypeVar("T", bound=Tab)


def served(kind: type[T], store: RunStore, pair: Load = Load(), *, named: bool = False) -> T:  # noqa: B008
    """A tab of that kind."""
    verbs = Verbs(store)
    made = kind(TabContext(store, verbs, pair, named, lambda view: None))
    made.verbs_kept = verbs  # type: ignore[attr-defined]  # as long as the tab
    verbs.serve(made)
    return made
