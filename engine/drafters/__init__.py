"""Drafters, one file each, found by discovery; a file declares which SPECs it serves and how to build its drafter.

* imports neither Qt nor torch until a drafter is looked for."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from engine.errors import InputError

if TYPE_CHECKING:
    import torch

    from engine.decoding.drafting import Drafter
    from engine.fast.static_kv_cache import FusedDrafter
    from engine.models.checkpoint_folder import Checkpoint
    from engine.models.loading import LoadedModel


NONE = "none"  # the SPEC of no drafter at all
# How the usage of a drafter ends that works over a model: `NAME:OPTION:MODEL`, where the option may be left out.
_OVER_MODEL = ":MODEL"
_OPTION = re.compile(r"[-+.,\d]+")


class DrafterSpec(NamedTuple):
    """A kind of drafter: `serves(spec)` tells whether it serves a SPEC, `build(spec, target, model)` builds one.

    example: a SPEC it serves. needs_model: whether a model is loaded for the SPEC and passed to `build` (None
    otherwise). A file whose drafter needs no model has a line `SPEC = "..."`, by which it is offered: a name, or
    `name[:option]`; one whose drafter works over a model has one that ends in `:MODEL`. memory: bytes that a drafter
    without a model takes for a target, in a type; it raises InputError or ModelError where it does not fit the target,
    and is None where it takes next to nothing. kv_bytes: keys and values that it allocates for a text of so many ids,
    None where it has none of its own. reach: how many ids of any text a SPEC keeps of at most, None for all."""

    name: str
    title: str
    example: str
    serves: Callable[[str], bool]
    needs_model: bool
    build: "Callable[[str, LoadedModel, LoadedModel | None], Drafter]"
    memory: "Callable[[str, Checkpoint, torch.dtype], int] | None" = None
    kv_bytes: "Callable[[str, LoadedModel, LoadedModel | None, int], int] | None" = None
    reach: Callable[[str], int | None] = lambda spec: None


class DrafterOffer(NamedTuple):
    """A drafter that is no model alone: how its SPEC is written, `name` or `name[:option]`, with `:MODEL` behind it if
    it works over one, and the first line of its file."""

    usage: str
    help: str

    @property
    def spec(self) -> str:
        """The name alone, which is the SPEC without options."""
        return self.usage.removesuffix(_OVER_MODEL).partition("[")[0]

    @property
    def is_over_model(self) -> bool:
        """Whether it works over a model that its SPEC names."""
        return self.usage.endswith(_OVER_MODEL)


class OverModel(NamedTuple):
    """A SPEC of a drafter over a model, taken apart. option: empty where it was left out."""

    option: str
    model: str


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
    """Every drafter in this folder; the one that is a model alone last, since any other SPEC names a model."""
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return sorted((module.DRAFTER for module in modules), key=_order)


def _order(spec: DrafterSpec) -> tuple[bool, bool, str]:
    return spec.needs_model, spec.needs_model and over_model(spec.example) is None, spec.name


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
    return [offer for offer in _all_offers() if not offer.is_over_model]


def offered_over_model() -> list[DrafterOffer]:
    """The drafters that work over a model which their SPEC names, read as `offered` reads the others."""
    return [offer for offer in _all_offers() if offer.is_over_model]


def needs_no_model(spec: str) -> bool:
    """Whether a SPEC names a drafter without a model."""
    return spec.partition(":")[0] in {offer.spec for offer in offered()}


def over_model(spec: str) -> OverModel | None:
    """What a SPEC of a drafter over a model names; None for any other SPEC. Raises InputError where no model is named,
    or what is named is none."""
    name, _, rest = spec.partition(":")
    offer = next((offer for offer in offered_over_model() if offer.spec == name), None)
    if offer is None:
        return None
    option, _, model = rest.partition(":")
    if not _OPTION.fullmatch(option):
        option, model = "", rest
    usage = f"write for instance {name}:{option or 512}:builtin"
    if not model.strip():
        raise InputError(f"drafter {spec}: it names no model", usage)
    if model == NONE or needs_no_model(model) or model.partition(":")[0] == name:
        raise InputError(f"drafter {spec}: {model} is no model", usage)
    return OverModel(option, model)


def model_spec(spec: str) -> str:
    """The SPEC of the model that a drafter drafts with: the one that its own SPEC names, or is. Raises InputError."""
    parts = over_model(spec)
    return spec if parts is None else parts.model


@cache
def _offers_in(path: Path, modified_ns: int) -> tuple[DrafterOffer, ...]:
    return tuple(_declared_offers(ast.parse(path.read_text(encoding="utf-8"))))


def _all_offers() -> list[DrafterOffer]:
    return [offer for path in _files() for offer in _offers_in(path, path.stat().st_mtime_ns)]


def _files() -> Iterator[Path]:
    for folder in __path__:
        yield from (path for path in sorted(Path(folder).glob("*.py")) if path.name != "__init__.py")


def _declared_offers(module: ast.Module) -> Iterator[DrafterOffer]:
    summary = (ast.get_docstring(module) or "").partition("\n")[0]
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="SPEC")], value=ast.Constant(value=str(usage))):
                yield DrafterOffer(usage, summary)
