"""Workspaces, one folder a tab, found by discovery; a folder's WORKSPACE says what it is.

* imports neither Qt nor torch until a tab is made."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from app.workspaces.base import TabContext, Workspace


class WorkspaceSpec(NamedTuple):
    """A tab. name: of its folder, and for `--workspace`. place: tabs stand in ascending order. views: what can be
    pictured of it by name, and what each shows, in a few words; the first is the tab itself."""

    name: str
    title: str
    place: int
    views: Mapping[str, str]
    make: "Callable[[TabContext], Workspace]"


def discover() -> tuple[WorkspaceSpec, ...]:
    """Every workspace, in the order of the tabs: the folders in this one."""
    folders = (found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)
    modules = (importlib.import_module(f"{__name__}.{name}") for name in folders)
    return tuple(sorted((module.WORKSPACE for module in modules), key=lambda spec: spec.place))


def views() -> dict[str, WorkspaceSpec]:
    """Which workspace each view belongs to, in the order of the tabs."""
    return {view: spec for spec in discover() for view in spec.views}
