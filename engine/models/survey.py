"""Which models this machine has, and why one of them cannot serve; reads headers and tokenizers, loads no weights."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event as Flag

from engine.errors import EngineError
from engine.events import ModelOption, Role, Surveyed
from engine.models import checkpoint_folder, devices, load_plan
from engine.models.checkpoint_folder import Checkpoint
from engine.models.load_plan import LoadPlan

_TITLES = {
    "builtin": "built-in", "builtin:small": "built-in, small", "builtin:misaligned": "built-in, misaligned",
    "builtin:rag": "built-in, for RAG",
}  # fmt: skip


def survey(target: str, known: Sequence[str], *, device: str, dtype: str, cancelled: Flag) -> Surveyed:
    """Look at the built-in models, the `known` folders and the hub cache, with the checks that a load makes.

    Raises EngineError: cancelled, no such device or dtype."""
    on = devices.parse_device(device)
    devices.parse_dtype(dtype, on)
    problem = ""
    try:
        cached = checkpoint_folder.cached_ids()
    except EngineError as err:
        cached, problem = [], err.message
    others = list(dict.fromkeys([*known, *cached]))
    look = _Look(target, device, dtype)
    found: list[ModelOption] = []
    for option in look.options(others):
        if cancelled.is_set():
            raise EngineError("stopped by the user", "look again")
        found.append(option)
    return Surveyed(target, tuple(found), problem)


class _Look:
    """Checks models beside one target."""

    def __init__(self, target: str, device: str, dtype: str) -> None:
        self._device = devices.parse_device(device)
        self._dtype = dtype
        self._target = _inspect(target, "target")

    def options(self, others: Sequence[str]) -> Iterator[ModelOption]:
        """One after another: targets, then drafters."""
        for spec in ("builtin", *others):
            yield self._option(spec, "target")
        for spec in (*checkpoint_folder.BUILTIN_DRAFTERS, *others):
            yield self._option(spec, "drafter")

    def _option(self, spec: str, role: Role) -> ModelOption:
        found = _inspect(spec, role)
        title = _TITLES.get(spec, Path(spec).name if Path(spec).is_absolute() else spec)
        if isinstance(found, EngineError):
            return ModelOption(spec, title, 0, role, found.message)
        return ModelOption(spec, title, found.n_file_bytes, role, self._why_not(found, role))

    def _why_not(self, found: Checkpoint, role: Role) -> str:
        """The reason a load would be refused for; a drafter beside a target that is itself unfit is judged alone."""
        alone = role == "target" or isinstance(self._target, EngineError)
        try:
            plan = self._plan(found, None) if alone else self._plan(self._target, found)
            load_plan.refuse_pair(plan, load_plan.estimate_pair(plan))
        except EngineError as err:
            return err.message
        return ""

    def _plan(self, target: Checkpoint | EngineError, drafter: Checkpoint | None) -> LoadPlan:
        assert isinstance(target, Checkpoint)
        return load_plan.plan(target, drafter, self._device, self._device, self._dtype)


def _inspect(spec: str, role: Role) -> Checkpoint | EngineError:
    try:
        return checkpoint_folder.inspect(spec, drafter=role == "drafter")
    except EngineError as err:
        return err
