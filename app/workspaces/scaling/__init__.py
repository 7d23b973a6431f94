"""The Scaling tab: questions answered with more documents, demonstrations and iterations, and what they are worth."""

from typing import TYPE_CHECKING

from app.workspaces import WorkspaceSpec

if TYPE_CHECKING:
    from app.workspaces.base import TabContext, Workspace


def _make(context: "TabContext") -> "Workspace":
    # Imported late: describing a tab must not load Qt.
    from app.workspaces.scaling.workspace import ScalingWorkspace

    return ScalingWorkspace(context)


WORKSPACE = WorkspaceSpec(
    name="scaling",
    title="Scaling",
    place=40,
    views={"scaling": "a question answered by iterations, and the fitted allocation"},
    make=_make,
)
