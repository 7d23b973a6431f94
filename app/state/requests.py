"""Builds the commands that Run, Measure and Fork send to the engine; pure."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from app.state.round_tree import tree_of
from app.state.run_record import RunRecord
from app.state.selection import Selection
from engine import drafters, methods
from engine.commands import Command, Fork, Load, Measure, PreviewPrompt, Run
from engine.errors import InputError
from engine.events import Event, ModelLoaded, RoundFinished, RunStarted, Setting
from engine.prompts import Message
from engine.settings import Request, make_config

NO_DRAFTER = drafters.NONE
LARGEST_SEED = 2**53
# For plain decoding, which has no gamma setting.
_DEFAULT_GAMMA = 4
# The tabs whose methods answer questions from documents.
_ANSWERING = ("rag", "scaling")


class Setup(NamedTuple):
    """What is chosen in the setup panel."""

    pair: Load
    method: str
    settings: Mapping[str, Setting]


class ForkPoint(NamedTuple):
    """The new tokens of a run up to and including the selected one."""

    started: RunStarted
    ids: tuple[int, ...]


def is_answering(command: Command | None) -> bool:
    """Whether a command asks for an answer from documents."""
    return isinstance(command, Run) and workspace_of(command.method) in _ANSWERING


def workspace_of(method: str) -> str:
    """The name of the tab that shows the runs of a method; empty for a method that there is not."""
    return _workspaces().get(method, "")


@lru_cache(maxsize=1)
def _workspaces() -> dict[str, str]:
    return {name: spec.workspace for name, spec in methods.discover().items()}


def default_drafter(target: str) -> str:
    """The drafter for a target when none was named."""
    return "builtin" if target == "builtin" else "lookup"


def run(setup: Setup, prompt: str, earlier: tuple[Message, ...] = (), *, held: bool = False) -> Run:
    """A run of the prompt after the earlier turns of a conversation; held: it pauses after its first round."""
    return Run(setup.method, setup.settings, _request(prompt, earlier), paused=held, n_free=1 if held else 0)


def why_not(setup: Setup) -> str:
    """Why the chosen settings go together with no run, such as a tree that is none; empty where they do."""
    try:
        make_config(methods.discover()[setup.method].config, setup.settings)
    except InputError as err:
        return err.message
    return ""


def preview(settings: Mapping[str, Setting], prompt: str, earlier: tuple[Message, ...], serial: int) -> PreviewPrompt:
    """The question what the target would read of the same prompt."""
    return PreviewPrompt(_request(prompt, earlier), settings, serial)


def _request(prompt: str, earlier: tuple[Message, ...]) -> Request:
    return Request(prompt, messages=(*earlier, Message("user", prompt)) if earlier else ())


def measurement(setup: Setup) -> Measure:
    """A measurement over contexts, draft lengths and batch sizes; contexts and batches use the chosen gamma."""
    gamma = setup.settings.get("gamma")
    return Measure(gamma if isinstance(gamma, int) else _DEFAULT_GAMMA)


def with_seed(started: RunStarted) -> Run:
    """The run on show again, from the same ids with its own settings and the next seed."""
    settings = dict(started.settings)
    seed = settings.get("seed", 0)
    settings["seed"] = seed + 1 if isinstance(seed, int) and seed < LARGEST_SEED else 0
    request = Request(
        started.prompt, started.prompt_ids, started.forked_from, started.forked_at, messages=started.messages
    )
    return Run(started.method, settings, request)


def pair_of(started: RunStarted, chosen: Load, loaded: ModelLoaded | None = None) -> Load:
    """The pair a run was made with; the chosen one where it means the same, so that it is not loaded again.

    loaded: the pair in memory, which shows what a runtime of auto resolved to."""
    # Not "fused": that would refuse a drafter without a fused forward, although the run drafted with it.
    runtime = "modules" if started.runtime == "modules" else "auto"
    pair = Load(started.target, started.drafter, started.device, "auto", started.dtype, runtime)
    same = (chosen.target, chosen.drafter) == (pair.target, pair.drafter)
    devices = ("auto", pair.device, pair.device.removesuffix(":0"))
    fits = chosen.device in devices and chosen.dtype in ("auto", pair.dtype)
    return chosen if same and fits and _same_runtime(started, chosen, loaded) else pair


def _same_runtime(started: RunStarted, chosen: Load, loaded: ModelLoaded | None) -> bool:
    """Whether the chosen runtime is the run's, or is auto and resolves to it."""
    if started.runtime in (None, chosen.runtime) or chosen.runtime != "auto":
        return started.runtime in (None, chosen.runtime)
    is_loaded = loaded is not None and loaded.target == started.target
    return started.runtime == (loaded.runtime if is_loaded and loaded is not None else "fused")


def kept_up_to(log: Sequence[Event], selection: Selection | None) -> ForkPoint | None:
    """The tokens that a fork at the selection continues; None without a run or if the selected token was not kept."""
    started = log[0] if log else None
    if not isinstance(started, RunStarted) or selection is None:
        return None
    ids: list[int] = []
    for event in log:
        if not isinstance(event, RoundFinished):
            continue
        n_kept = len(event.emitted) if event.round != selection.round else _n_kept(event, selection.token)
        if n_kept is None:
            return None
        ids += event.emitted[:n_kept]
        if event.round == selection.round:
            return ForkPoint(started, tuple(ids))
    return None


def can_fork(record: RunRecord | None, selection: Selection | None) -> bool:
    """Whether the selected token was kept, so that a run can continue from it; cheap, whatever the run's length."""
    event = None if record is None or selection is None else record.round(selection.round)
    return event is not None and selection is not None and _n_kept(event, selection.token) is not None


def fork(setup: Setup, point: ForkPoint) -> Fork:
    """A run that continues from a fork point with the current settings."""
    ids = (*point.started.prompt_ids, *point.ids)
    return Fork(setup.method, setup.settings, ids, point.started.run_id, len(point.ids))


def _n_kept(event: RoundFinished, token: int | None) -> int | None:
    """How many ids of `emitted` go up to and including a token of the round; None if that token was not kept."""
    if token is None or token == len(event.proposed):
        return len(event.emitted)
    path = tree_of(event).path
    return path.index(token) + 1 if token in path else None
