"""Lists the models on this machine and why each cannot serve; reads headers and tokenizers, no weights.

Drafters that are no models are listed by who knows their kinds."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event as Flag

from engine.errors import EngineError
from engine.events import DraftsThrough, ModelOption, Role, Surveyed
from engine.models import checkpoint_folder, checks, devices, load_plan
from engine.models.checkpoint_folder import Checkpoint
from engine.models.load_plan import LoadPlan

_TITLES = {
    "builtin": "built-in", "builtin:small": "built-in, small", "builtin:misaligned": "built-in, misaligned",
    "builtin:rag": "built-in, for RAG",
}  # fmt: skip


def survey(target: str, folders: Sequence[str], *, device: str, dtype: str, cancelled: Flag) -> Surveyed:
    """Look at the built-in models, the given folders and the hub cache, with the checks that a load makes.

    Raises EngineError: cancelled, no such device or dtype."""
    parsed_device = devices.parse_device(device)
    devices.parse_dtype(dtype, parsed_device)
    problem = ""
    try:
        cached = checkpoint_folder.cached_ids()
    except EngineError as err:
        cached, problem = [], err.message
    others = list(dict.fromkeys([*folders, *cached]))
    checker = _OptionChecker(target, device, dtype)
    options: list[ModelOption] = []
    for option in checker.options(others):
        if cancelled.is_set():
            raise EngineError("stopped by the user", "look again")
        options.append(option)
    return Surveyed(target, tuple(options), problem)


class _OptionChecker:
    """Checks models together with one target."""

    def __init__(self, target: str, device: str, dtype: str) -> None:
        self._device = devices.parse_device(device)
        self._dtype = dtype
        self._target = _inspect(target, "target")

    def options(self, others: Sequence[str]) -> Iterator[ModelOption]:
        """Yield the targets, then the drafters."""
        for spec in ("builtin", *others):
            yield self._option(spec, "target")
        for spec in (*_TITLES, *others):
            yield self._option(spec, "drafter")

    def _option(self, spec: str, role: Role) -> ModelOption:
        checkpoint = _inspect(spec, role)
        title = _TITLES.get(spec, Path(spec).name if Path(spec).is_absolute() else spec)
        if isinstance(checkpoint, EngineError):
            return ModelOption(spec, title, 0, role, checkpoint.message)
        why_not = self._why_not(checkpoint, role)
        return ModelOption(
            spec, title, checkpoint.n_file_bytes, role, why_not, self._drafts_through(checkpoint, role, why_not)
        )

    def _why_not(self, checkpoint: Checkpoint, role: Role) -> str:
        """Why a load would be refused; a drafter of a target that is itself unfit is judged alone."""
        alone = role == "target" or isinstance(self._target, EngineError)
        try:
            plan = self._plan(checkpoint, None) if alone else self._plan(self._target, checkpoint)
            load_plan.refuse_pair(plan, load_plan.estimate_pair(plan))
        except EngineError as err:
            return err.message
        return ""

    def _drafts_through(self, checkpoint: Checkpoint, role: Role, why_not: str) -> DraftsThrough:
        if role == "target" or why_not or isinstance(self._target, EngineError):
            return "ids"
        return checks.drafts_through(self._target, checkpoint)

    def _plan(self, target: Checkpoint | EngineError, drafter: Checkpoint | None) -> LoadPlan:
        assert isinstance(target, Checkpoint)
        return load_plan.plan(target, drafter, self._device, self._device, self._dtype)


def _inspect(spec: str, role: Role) -> Checkpoint | EngineError:
    try:
        return checkpoint_folder.inspect(spec, drafter=role == "drafter")
    except EngineError as err:
        return err
