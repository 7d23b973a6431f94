"""The Runs tab: everything that was kept, found again, compared, asked about and exported."""

from typing import TYPE_CHECKING

from app.workspaces import WorkspaceSpec

if TYPE_CHECKING:
    from app.workspaces.base import TabContext, Workspace


def _make(context: "TabContext") -> "Workspace":
    # Imported late: describing a tab must not load Qt.
    from app.workspaces.runs.workspace import RunsWorkspace

    return RunsWorkspace(context)


WORKSPACE = WorkspaceSpec(
    name="runs",
    title="Runs",
    place=70,
    views={"runs": "the runs that were kept"},
    make=_make,
)
