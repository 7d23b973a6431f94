"""The Compare tab: drafters and draft lengths side by side, over the same prompts."""

from typing import TYPE_CHECKING

from app.workspaces import WorkspaceSpec

if TYPE_CHECKING:
    from app.workspaces.base import TabContext, Workspace


def _make(context: "TabContext") -> "Workspace":
    # Imported late: describing a tab must not load Qt.
    from app.workspaces.compare.workspace import CompareWorkspace

    return CompareWorkspace(context)


WORKSPACE = WorkspaceSpec(
    name="compare",
    title="Compare",
    place=20,
    views={"compare": "a comparison"},
    make=_make,
)
