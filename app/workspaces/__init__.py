"""Discovers the workspaces: one folder per tab, described by its WORKSPACE.

* imports neither Qt nor torch until a tab is made."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from app.workspaces.base import TabContext, Workspace


class WorkspaceSpec(NamedTuple):
    """A tab. name: that of its folder, used by `--workspace`. place: tabs are sorted by it. views: the name of each
    view that can be captured, with a few words on what it shows; the first is the tab itself. is_tab: false for a
    workspace in a window of its own, which an action of it opens."""

    name: str
    title: str
    place: int
    views: Mapping[str, str]
    make: "Callable[[TabContext], Workspace]"
    is_tab: bool = True


def discover() -> tuple[WorkspaceSpec, ...]:
    """Return every workspace in tab order: the folders inside this one."""
    folders = (entry.name for entry in pkgutil.iter_modules(__path__) if entry.ispkg)
    modules = (importlib.import_module(f"{__name__}.{name}") for name in folders)
    return tuple(sorted((module.WORKSPACE for module in modules), key=lambda spec: spec.place))


def views() -> dict[str, WorkspaceSpec]:
    """Map each view to its workspace, in tab order."""
    return {view: spec for spec in discover() for view in spec.views}
