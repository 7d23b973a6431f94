"""The Long context tab: what the length of a text does to speculation, measured and on a live run."""

from typing import TYPE_CHECKING

from app.workspaces import WorkspaceSpec

if TYPE_CHECKING:
    from app.workspaces.base import TabContext, Workspace


def _make(context: "TabContext") -> "Workspace":
    # Imported late: describing a tab must not load Qt.
    from app.workspaces.longcontext.workspace import LongContextWorkspace

    return LongContextWorkspace(context)


WORKSPACE = WorkspaceSpec(
    name="long-context",
    title="Long context",
    place=50,
    views={"long-context": "a measurement over lengths, or a run on a long text"},
    make=_make,
)
