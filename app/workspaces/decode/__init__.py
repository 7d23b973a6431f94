"""The Decode tab: one prompt, drafted and verified, with its figures."""

from typing import TYPE_CHECKING

from app.workspaces import WorkspaceSpec

if TYPE_CHECKING:
    from app.workspaces.base import TabContext, Workspace


def _make(context: "TabContext") -> "Workspace":
    # Imported late: describing a tab must not load Qt.
    from app.workspaces.decode.workspace import DecodeWorkspace

    return DecodeWorkspace(context)


WORKSPACE = WorkspaceSpec(
    name="decode",
    title="Decode",
    place=10,
    views={"decode": "a run", "tree": "a run that drafts trees", "measured": "a measurement"},
    make=_make,
)
