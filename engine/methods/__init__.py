"""Methods, one folder each, found by discovery."""

import importlib
import pkgutil

from engine.errors import InputError
from engine.method import MethodSpec


def discover() -> dict[str, MethodSpec]:
    """Find every method by name: one per folder in this one."""
    folders = (folder.name for folder in pkgutil.iter_modules(__path__) if folder.ispkg)
    modules = (importlib.import_module(f"{__name__}.{name}") for name in folders)
    return {module.METHOD.name: module.METHOD for module in modules}


def find(name: str) -> MethodSpec:
    """Return the method of that name. Raises InputError if there is none."""
    methods = discover()
    if name not in methods:
        raise InputError(f"there is no method {name!r}", f"use one of: {', '.join(sorted(methods))}")
    return methods[name]
