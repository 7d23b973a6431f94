"""Presentation mode: lanes race over one prompt in large type, in a full-screen window of its own."""

from typing import TYPE_CHECKING

from app.workspaces import WorkspaceSpec

if TYPE_CHECKING:
    from app.workspaces.base import TabContext, Workspace


def _make(context: "TabContext") -> "Workspace":
    # Imported late: describing a workspace must not load Qt.
    from app.workspaces.presentation.workspace import PresentationWorkspace

    return PresentationWorkspace(context)


WORKSPACE = WorkspaceSpec(
    name="presentation",
    title="Presentation",
    place=90,
    views={"presentation": "a race"},
    make=_make,
    is_tab=False,
)
