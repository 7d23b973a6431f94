"""The choices of the top bar that a comparison was made with, as far as they are known, and whether they are there."""

from app.workspaces.compare import choice, policy_choice
from app.workspaces.compare.choice import ComparisonChoice
from app.workspaces.compare.record import ComparisonRecord
from engine.commands import Compare
from engine.errors import InputError
from engine.events import PLAIN_LANE, ComparisonStarted, LaneSpec
from engine.experiments.lane_specs import GATED
from engine.experiments.prompt_sets import ENGLISH

_SHIPPED = ("builtin", ENGLISH)


def setup_of(record: ComparisonRecord, now: ComparisonChoice) -> ComparisonChoice:
    """What the top bar would hold for the comparison on show; what is not known of it stays as it is now."""
    if record.command is not None:
        return _of_command(record.command, now)
    return now if record.started is None else _of_log(record.started, now)


def belongs_to_another(record: ComparisonRecord, now: ComparisonChoice) -> bool:
    """Whether the comparison on show was made with other choices than those in the top bar."""
    started, command = record.started, record.command
    if started is None or record.live:
        return False
    if command is None:
        return not (_measures_the_same(_of_log(started, now), now) and _has_prompts_of(started, now))
    try:
        return choice.command(now, tune=command.tune) != command
    except InputError:
        return True


def _of_command(command: Compare, now: ComparisonChoice) -> ComparisonChoice:
    return ComparisonChoice(
        command.target,
        _drafters(command.lanes),
        now.gammas if command.tune else _gammas(command.lanes),
        command.prompts,
        command.n_prompts,
        command.repeats,
        command.settings,
        (command.device, command.dtype, command.runtime),
        now.policy if command.tune else policy_choice.of_lanes(command.lanes),
        now.thresholds if command.tune else _thresholds(command.lanes),
    )


def _of_log(started: ComparisonStarted, now: ComparisonChoice) -> ComparisonChoice:
    """What a log tells; it knows a file of prompts by its name alone, and not what was chosen automatically."""
    settings = dict(started.settings)
    repeats = settings.pop("repeats", 1)
    is_shipped = started.prompt_set.partition(":")[0] in _SHIPPED
    return now._replace(
        target=started.target,
        drafters=_drafters(started.lanes),
        gammas=_gammas(started.lanes) or now.gammas,
        thresholds=_thresholds(started.lanes),
        prompts=started.prompt_set if is_shipped else now.prompts,
        n_prompts=len(started.prompts) if is_shipped else now.n_prompts,
        repeats=repeats if isinstance(repeats, int) else 1,
        policy=policy_choice.of_lanes(started.lanes),
        settings={**now.settings, **{name: value for name, value in settings.items() if name in now.settings}},
    )


def _drafters(lanes: tuple[LaneSpec, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(lane.drafter for lane in lanes if lane.name != PLAIN_LANE))


def _gammas(lanes: tuple[LaneSpec, ...]) -> str:
    return ", ".join(map(str, sorted({lane.gamma for lane in lanes if lane.gamma})))


def _thresholds(lanes: tuple[LaneSpec, ...]) -> str:
    """The thresholds of lanes with a gate."""
    own = {dict(lane.settings).get("threshold") for lane in lanes if lane.method == GATED}
    return ", ".join(f"{value:g}" for value in sorted(each for each in own if isinstance(each, int | float)))


def _measures_the_same(own: ComparisonChoice, now: ComparisonChoice) -> bool:
    """Whether two choices measure the same, however their numbers are written and their drafters are ordered."""
    try:
        if choice.read_gammas(own.gammas) != choice.read_gammas(now.gammas):
            return False
        if choice.read_thresholds(own.thresholds) != choice.read_thresholds(now.thresholds):
            return False
    except InputError:
        return False
    in_order = own._replace(gammas=now.gammas, drafters=now.drafters, thresholds=now.thresholds)
    return set(own.drafters) == set(now.drafters) and in_order == now


def _has_prompts_of(started: ComparisonStarted, now: ComparisonChoice) -> bool:
    """Whether the chosen prompts have the name of those that were compared over."""
    name = now.prompts.replace("\\", "/").rpartition("/")[2]
    return started.prompt_set in (now.prompts, name)
