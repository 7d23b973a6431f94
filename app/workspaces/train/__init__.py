"""The Train tab: a drafter trained for a target."""

from typing import TYPE_CHECKING

from app.workspaces import WorkspaceSpec

if TYPE_CHECKING:
    from app.workspaces.base import TabContext, Workspace


def _make(context: "TabContext") -> "Workspace":
    # Imported late: describing a tab must not load Qt.
    from app.workspaces.train.workspace import TrainWorkspace

    return TrainWorkspace(context)


WORKSPACE = WorkspaceSpec(
    name="train",
    title="Train",
    place=80,
    views={"train": "a training"},
    make=_make,
)
