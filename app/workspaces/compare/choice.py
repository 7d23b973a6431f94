"""Turns what is chosen in the top bar into a command: draft lengths as written, lanes, and the plan in words."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from app.words.quantities import counted
from app.workspaces.compare.policy_choice import ChosenPolicy
from app.workspaces.compare.words import tr
from engine.commands import Compare
from engine.errors import InputError
from engine.events import LaneSpec, Setting
from engine.experiments.lane_specs import gated_lanes, lanes_of, with_policies
from engine.machine.number_text import read_number
from engine.speed_model import MAX_GAMMA

# Tuning tries every draft length by itself.
_TO_TUNE = (1,)
_SEPARATORS = re.compile(r"[\s,;،؛、，；]+")
_RANGE = re.compile(r"(\d+)\s*[-–…]\s*(\d+)")


class ComparisonChoice(NamedTuple):
    """What the top bar holds. gammas: as written; settings: of GenerationConfig; where: device, dtype, forward;
    policy: settings of the lanes that a draft-length policy adds, empty for none; thresholds: of gates, as written,
    each a lane of every drafter that is a model."""

    target: str
    drafters: tuple[str, ...]
    gammas: str
    prompts: str
    n_prompts: int
    repeats: int
    settings: Mapping[str, Setting]
    where: tuple[str, str, str] = ("auto", "auto", "auto")
    policy: ChosenPolicy = ()
    thresholds: str = ""


def read_gammas(text: str) -> tuple[int, ...]:
    """Read draft lengths such as `2, 4, 6` or `1-4`, ascending. Raises InputError that says what is wrong."""
    spread = _RANGE.sub(lambda match: _range(match[1], match[2]), text.strip())
    words = [word for word in _SEPARATORS.split(spread) if word]
    numbers = []
    for word in words:
        if len(word) > 3 or not word.isdecimal() or not 1 <= int(word) <= MAX_GAMMA:
            raise InputError(
                tr("draft length {0} is not a number from 1 to {1}").format(word[:20], MAX_GAMMA), "2, 4, 6"
            )
        numbers.append(int(word))
    if not numbers:
        raise InputError(tr("there is no draft length"), "2, 4, 6")
    return tuple(sorted(set(numbers)))


def read_thresholds(text: str) -> tuple[float, ...]:
    """Read thresholds of a gate such as `0.5, 0.8`, ascending. Raises InputError that says what is wrong."""
    numbers = []
    for word in filter(None, _SEPARATORS.split(text.strip())):
        number = read_number(word)
        if number is None or not 0 <= number <= 1:
            raise InputError(tr("threshold {0} is not a number from 0 to 1").format(word[:20]), "0.5, 0.8")
        numbers.append(number)
    return tuple(sorted(set(numbers)))


def _range(first: str, last: str) -> str:
    """The numbers of a range with commas; one that is too long stays what it is, and is refused."""
    if max(len(first), len(last)) > 3 or int(last) > MAX_GAMMA:
        return f"{first}-{last}"
    return ",".join(map(str, range(int(first), int(last) + 1)))


def lanes(choice: ComparisonChoice, *, tune: bool = False) -> tuple[LaneSpec, ...]:
    """The lanes, plain decoding among them; tuning needs no draft lengths. Raises InputError where there are none."""
    if not choice.drafters:
        raise InputError(tr("no drafter is chosen"), tr("check at least one drafter"))
    if tune:
        return lanes_of(choice.drafters, _TO_TUNE)
    drafted = lanes_of(choice.drafters, read_gammas(choice.gammas))
    if choice.policy:
        (_, policy), *others = choice.policy
        drafted = with_policies(drafted, (str(policy),), tuple(others))
    return *drafted, *gated_lanes(choice.drafters, read_thresholds(choice.thresholds))


def why_not(choice: ComparisonChoice, *, tune: bool = False) -> str:
    """Why what is chosen cannot be compared, or tuned; empty where it can."""
    try:
        lanes(choice, tune=tune)
    except InputError as err:
        return err.message
    return "" if choice.prompts.strip() else tr("no set of prompts is chosen")


def command(choice: ComparisonChoice, *, tune: bool) -> Compare:
    """The command that measures this, or that tunes the draft lengths. Raises InputError where it is impossible."""
    device, dtype, runtime = choice.where
    return Compare(
        lanes=lanes(choice, tune=tune),
        prompts=choice.prompts,
        n_prompts=choice.n_prompts,
        repeats=choice.repeats,
        settings=choice.settings,
        tune=tune,
        target=choice.target,
        device=device,
        dtype=dtype,
        runtime=runtime,
    )


def plan(choice: ComparisonChoice, set_name: str) -> str:
    """What Measure will do, in a sentence; empty where it cannot."""
    if why_not(choice):
        return ""
    n_drafters, n_gammas = len(choice.drafters), len(read_gammas(choice.gammas))
    drafted = counted(n_drafters, tr("{0} drafter"), tr("{0} drafters")).format(n_drafters)
    lengths = counted(n_gammas, tr("{0} draft length"), tr("{0} draft lengths")).format(n_gammas)
    n, n_gated = choice.n_prompts, len(gated_lanes(choice.drafters, read_thresholds(choice.thresholds)))
    which = counted(n, tr("{0:,} prompt"), tr("{0:,} prompts")).format(n) if n else tr("all prompts")
    if choice.policy:
        lengths = tr("{0} and a policy").format(lengths)
    if n_gated:
        gates = counted(n_gated, tr("{0} gate"), tr("{0} gates")).format(n_gated)
        lengths = tr("{0}, {1} that are approximate").format(lengths, gates)
    return tr("{0} lanes ({1} × {2}, and plain decoding) continue {3} of {4}, one at a time.").format(
        len(lanes(choice)), drafted, lengths, which, set_name
    )
