"""Drafters, one file each, found by discovery; a file declares which SPECs it serves and how to build its drafter.

* imports neither Qt nor torch until a drafter is looked for."""

import ast
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    import torch

    from engine.decoding.drafting import Drafter
    from engine.fast.static_kv_cache import FusedDrafter
    from engine.models.checkpoint_folder import Checkpoint
    from engine.models.loading import LoadedModel


NONE = "none"  # the SPEC of no drafter at all


class DrafterSpec(NamedTuple):
    """A kind of drafter: `serves(spec)` tells whether it serves a SPEC, `build(spec, target, model)` builds one.

    example: a SPEC it serves. needs_model: whether a model is loaded for the SPEC and passed to `build` (None
    otherwise). A file whose drafter needs no model has a line `SPEC = "..."`, by which it is offered: a name, or
    `name[:option]`. memory: bytes that a drafter without a model takes for a target, in a type; it raises InputError or
    ModelError where it does not fit the target, and is None where it takes next to nothing."""

    name: str
    title: str
    example: str
    serves: Callable[[str], bool]
    needs_model: bool
    build: "Callable[[str, LoadedModel, LoadedModel | None], Drafter]"
    memory: "Callable[[str, Checkpoint, torch.dtype], int] | None" = None


class DrafterOffer(NamedTuple):
    """A drafter without a model: how its SPEC is written, `name` or `name[:option]`, and the first line of its file."""

    usage: str
    help: str

    @property
    def spec(self) -> str:
        """The name alone, which is the SPEC without options."""
        return self.usage.partition("[")[0]


@runtime_checkable
class DraftsInRound(Protocol):
    """A drafter that may be a fused model on the target's device and then drafts as part of the round."""

    def fused(self) -> "FusedDrafter | None":
        """The fused model; None if the drafter is not one on the target's device."""


@runtime_checkable
class HasOwnWeights(Protocol):
    """A drafter with weights that are no model of their own."""

    def weights_bytes(self) -> int:
        """Memory of the weights."""


def weights_bytes(drafter: "Drafter | None") -> int:
    """Memory of a drafter's own weights; 0 where it has none, or they are a model's."""
    return drafter.weights_bytes() if isinstance(drafter, HasOwnWeights) else 0


def discover() -> list[DrafterSpec]:
    """Every drafter in this folder; those that need a model last, since any other SPEC names a model."""
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return sorted((module.DRAFTER for module in modules), key=lambda spec: (spec.needs_model, spec.name))


def find(spec: str) -> DrafterSpec:
    """The drafter that serves a SPEC."""
    return next(drafter for drafter in discover() if drafter.serves(spec))


def build(spec: str, target: "LoadedModel", model: "LoadedModel | None") -> "Drafter":
    """Build the drafter of a SPEC for a target. Raises InputError where the target cannot give what it declares."""
    from engine.models.target_state import refuse_unmet

    drafter = find(spec).build(spec, target, model)
    refuse_unmet(target, drafter.capabilities, spec)
    return drafter


def offered() -> list[DrafterOffer]:
    """The drafters without a model, in the order of their files, which are read but not imported: they import torch."""
    return [offer for path in _files() for offer in _offers_in(path, path.stat().st_mtime_ns)]


def needs_no_model(spec: str) -> bool:
    """Whether a SPEC names a drafter without a model."""
    return spec.partition(":")[0] in {offer.spec for offer in offered()}


@cache
def _offers_in(path: Path, modified_ns: int) -> tuple[DrafterOffer, ...]:
    return tuple(_declared_offers(ast.parse(path.read_text(encoding="utf-8"))))


def _files() -> Iterator[Path]:
    for folder in __path__:
        yield from (path for path in sorted(Path(folder).glob("*.py")) if path.name != "__init__.py")


def _declared_offers(module: ast.Module) -> Iterator[DrafterOffer]:
    summary = (ast.get_docstring(module) or "").partition("\n")[0]
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="SPEC")], value=ast.Constant(value=str(usage))):
                yield DrafterOffer(usage, summary)
