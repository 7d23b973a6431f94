"""A toy tab, last of all."""

from app.workspaces import WorkspaceSpec
from app.workspaces.base import TabContext, Workspace


def _make(context: TabContext) -> Workspace:
    from app.workspaces.toy_tab.workspace import ToyWorkspace

    return ToyWorkspace(context)


WORKSPACE = WorkspaceSpec(name="toy_tab", title="Toy", place=99, views={"toy_tab": "a toy"}, make=_make)
