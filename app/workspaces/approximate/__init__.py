"""The Approximate tab: what a gate's threshold costs in quality and gains in time, measured on new prompts."""

from typing import TYPE_CHECKING

from app.workspaces import WorkspaceSpec

if TYPE_CHECKING:
    from app.workspaces.base import TabContext, Workspace


def _make(context: "TabContext") -> "Workspace":
    # Imported late: describing a tab must not load Qt.
    from app.workspaces.approximate.workspace import ApproximateWorkspace

    return ApproximateWorkspace(context)


WORKSPACE = WorkspaceSpec(
    name="approximate",
    title="Approximate",
    place=55,
    views={"approximate": "a sweep over the thresholds of a gate"},
    make=_make,
)
