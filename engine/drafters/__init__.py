"""Drafters, one file each, found by discovery; a file states which SPECs it serves and how it is built."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import NamedTuple

from engine.decoding.speculate import Drafter
from engine.models.loading import LoadedModel


class DrafterSpec(NamedTuple):
    """A kind of drafter: `serves(spec)` says whether it answers to a SPEC, `build(spec, target, model)` makes one.

    example: a SPEC it serves. needs_model: whether a model is loaded for the SPEC and handed to `build` (None
    otherwise)."""

    name: str
    title: str
    example: str
    serves: Callable[[str], bool]
    needs_model: bool
    build: Callable[[str, LoadedModel, LoadedModel | None], Drafter]


def discover() -> list[DrafterSpec]:
    """Every drafter in this folder; those that need a model last, since any other SPEC names a model."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return sorted((module.DRAFTER for module in modules), key=lambda spec: (spec.needs_model, spec.name))


def find(spec: str) -> DrafterSpec:
    """The drafter that serves a SPEC."""
    return next(found for found in discover() if found.serves(spec))
