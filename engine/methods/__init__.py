"""Methods, one folder each, found by discovery."""

import importlib
import pkgutil

from engine.errors import InputError
from engine.method import MethodSpec


def discover() -> dict[str, MethodSpec]:
    """Every method by name: the folders in this one."""
    folders = (found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)
    modules = (importlib.import_module(f"{__name__}.{name}") for name in folders)
    return {module.METHOD.name: module.METHOD for module in modules}


def find(name: str) -> MethodSpec:
    """The method of that name. Raises InputError."""
    methods = discover()
    if name not in methods:
        raise InputError(f"there is no method {name!r}", f"use one of: {', '.join(sorted(methods))}")
    return methods[name]
