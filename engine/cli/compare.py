"""`draftscope compare`: several drafters and draft lengths on one target over the same prompts."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import Annotated, cast

import msgspec
import typer
from msgspec.structs import replace
from rich.table import Table

from engine import drafters
from engine.cli.exit_status import BAD_INPUT, OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import Json, NoSave, Out, PairOptions, Settings, decimal, numbers, with_options
from engine.cli.output import Output, Value
from engine.cli.running import kept_as, stoppable, stopped
from engine.cli.sprinter_run import shares
from engine.commands import Compare
from engine.errors import InputError
from engine.events import (
    PLAIN_LANE,
    ComparisonMeasured,
    ComparisonStarted,
    Event,
    GenerationMeasured,
    LaneFigures,
    LaneRefused,
    ModelLoaded,
    Setting,
)
from engine.experiments import prompt_sets
from engine.experiments.builtin_prompts import BUILTIN_SETS
from engine.experiments.lane_specs import accepting, gated_lanes, lanes_of, tree_lanes, with_policies
from engine.experiments.prompt_file import MOST_REASONS
from engine.experiments.recommending import of_speedup
from engine.methods.speculative.config import SpeculativeConfig
from engine.reports.sameness_words import sameness_words
from engine.reports.words import counted, times
from engine.settings import AcceptRule, ChatConfig, make_config

_Drafters = Annotated[
    list[str] | None, typer.Option("--drafter", help="a drafter to compare, repeated: its SPEC as in decode")
]
_Prompts = Annotated[
    str,
    typer.Option(
        help=f"builtin, builtin:TASK with a TASK of {', '.join(BUILTIN_SETS)}; english, english:TASK with a TASK of "
        f"{', '.join(prompt_sets.ENGLISH_TASKS)}; or a file: text with a prompt a line, "
        "JSON Lines with `prompt`, or a question file of Spec-Bench or SPEED-Bench"
    ),
]
_NPrompts = Annotated[int, typer.Option(help="prompts at most, evenly over categories; 0 for all")]
_Gammas = Annotated[str, typer.Option(help="draft lengths to try with each drafter, separated by commas")]
_Repeats = Annotated[int, typer.Option(help="how often each lane continues each prompt")]
_Policies = Annotated[
    list[str] | None,
    typer.Option("--policy", help="one more lane for each drafter with this draft-length policy, repeated: best-s, …"),
]
_MostGamma = Annotated[int, typer.Option(help="of --policy: the longest draft of best-s, heuristic and saturation")]
_Confidence = Annotated[float, decimal("of --policy confidence: a draft ends with a token less probable than this")]
_DraftUntil = Annotated[
    int, typer.Option(help="of --policy: nothing is drafted past so many tokens of prompt and text; 0: no limit")
]
_LeastFree = Annotated[
    int, typer.Option(help="of --policy: nothing is drafted while less memory is free, in MiB; 0: no limit")
]
_Tune = Annotated[bool, typer.Option("--tune", help="predict the best draft lengths, and measure the best three")]
_Trees = Annotated[
    list[str] | None,
    typer.Option("--tree", help="a tree to draft besides, repeated, as in decode: nodes at each depth, 4,8,8"),
]
_Accept = Annotated[
    AcceptRule,
    typer.Option(
        help="how drafted tokens are accepted: token or recursive, one by one; block or traversal, as a whole"
    ),
]
_OWN = SpeculativeConfig()
_Thresholds = Annotated[
    str,
    typer.Option(
        "--thresholds",
        help="one more lane for each drafter that is a model and each threshold, 0.5,0.8: a gate lets tokens through "
        "from this probability on, and the text may differ",
    ),
]
_Method = Annotated[str, typer.Option(help="the method that the drafters are compared with")]


@with_options(ChatConfig, hidden=("drafter",))
def compare(
    *,
    pair: PairOptions,
    settings: Settings,
    drafter: _Drafters = None,
    prompts: _Prompts = "builtin",
    n_prompts: _NPrompts = 20,
    gamma: _Gammas = "4",
    repeats: _Repeats = 1,
    policy: _Policies = None,
    most_gamma: _MostGamma = _OWN.most_gamma,
    confidence: _Confidence = _OWN.confidence,
    draft_until: _DraftUntil = _OWN.draft_until,
    least_free: _LeastFree = _OWN.least_free,
    tune: _Tune = False,
    method: _Method = "speculative",
    tree: _Trees = None,
    accept: _Accept = "token",
    thresholds: _Thresholds = "",
    out: Out = None,
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Compare drafters and draft lengths with plain decoding, and say which to use."""
    gammas = (1,) if tune else numbers("gamma", gamma, default=(4,))
    command = comparison_of(pair, settings, drafter, gammas=gammas, prompts=prompts, n_prompts=n_prompts)
    lanes = lanes_of(_drafters_of(command), gammas, method)
    if tree:
        _refuse_trees(method, tune=tune)
        lanes = *lanes, *tree_lanes(_drafters_of(command), tree)
    own = policy_settings(
        {"most_gamma": most_gamma, "confidence": confidence, "draft_until": draft_until, "least_free": least_free},
        any_policy=bool(policy),
    )
    lanes = with_policies(lanes, policy or (), own)
    lanes = tuple(accepting(lane, accept) for lane in lanes)
    lanes = *lanes, *gated_lanes(_drafters_of(command), shares("thresholds", thresholds))
    command = replace(command, lanes=lanes, repeats=repeats, tune=tune)
    output = Output(json=json, out=out)
    with KeptLog(Saving(no_save), output) as kept:
        return _follow(command, output, kept)


def policy_settings(chosen: Mapping[str, Setting], *, any_policy: bool) -> tuple[tuple[str, Setting], ...]:
    """What differs from the usual settings of a policy. Raises InputError where there is no policy to have them."""
    settings = tuple((name, value) for name, value in chosen.items() if value != getattr(_OWN, name))
    if settings and not any_policy:
        name = settings[0][0].replace("_", "-")
        raise InputError(f"--{name} belongs to a policy, and there is none", "add --policy best-s, or --policy fixed")
    return settings


def comparison_of(
    pair: PairOptions,
    settings: Settings,
    drafter_specs: list[str] | None,
    *,
    gammas: tuple[int, ...],
    prompts: str,
    n_prompts: int,
) -> Compare:
    """The comparison that a command line names. Raises InputError."""
    if n_prompts < 0:
        raise InputError(f"n-prompts = {n_prompts}: must be >= 0", "0 takes all prompts of the set")
    make_config(ChatConfig, settings)
    return Compare(
        lanes_of(drafter_specs or _usual_drafters(pair), gammas), prompts, n_prompts, settings=settings,
        target=pair.target, device=pair.device, drafter_device=pair.drafter_device, dtype=pair.dtype,
        runtime=pair.runtime, quantize=pair.quantize,
    )  # fmt: skip


def _refuse_trees(method: str, *, tune: bool) -> None:
    if tune:
        raise InputError("--tune chooses draft lengths of chains, not trees", "leave out --tree or --tune")
    if method != "speculative":
        raise InputError(f"{method} drafts no trees", "leave out --tree or --method")


def _drafters_of(command: Compare) -> list[str]:
    return [lane.drafter for lane in command.lanes if lane.gamma]


def _usual_drafters(pair: PairOptions) -> list[str]:
    """What is compared where no drafter is named: all built-in ones, or the drafters without a model."""
    usual = ["lookup"]
    return ["builtin", "builtin:small", "builtin:misaligned", *usual] if pair.target == "builtin" else usual


_BEFORE_THE_FIRST = "no prompt was measured yet; the same command begins anew"


def _follow(command: Compare, output: Output, kept: KeptLog) -> int:
    """Compare and print; a stop keeps what was measured."""
    prompt_sets.refuse_unreadable(command.prompts)  # before torch is imported, which takes many seconds
    from engine.runtime import Cancelled
    from engine.session.session import Session

    last: ComparisonMeasured | None = None
    with stoppable() as flag, closing(cast(Generator[Event, None, None], Session().do(command, flag))) as events:
        try:
            for event in events:
                if isinstance(event, ComparisonMeasured):
                    last = event
                kept.take(event)
                _print(event, output)
        except Cancelled:
            pass
    is_complete = last is not None and last.complete
    if not is_complete:
        kept.stopped()
    if last is None and not output.json:
        return stopped(output, _BEFORE_THE_FIRST)
    _print_figures(last, kept.run_id, output)
    if last is not None and is_complete and not last.n_measured:
        return BAD_INPUT
    if is_complete:
        return OK
    return stopped(
        output, _BEFORE_THE_FIRST if last is None else f"{kept_as(kept.run_id)}; the same command begins anew"
    )


def _print(event: Event, output: Output) -> None:
    match event:
        case ComparisonMeasured() | ModelLoaded():
            return
        case GenerationMeasured():
            if output.json:
                output.line(_without(msgspec.to_builtins(event), "rounds", "generation"))
        case ComparisonStarted():
            for line in (*_skipped(event), *(f"warning: {note}" for note in event.prompt_notes)):
                output.note(line)
            output.event(event)
        case LaneRefused():
            output.note(f"{event.lane} is left out: {event.why}; {event.hint}")
        case _:
            output.event(event)


def _skipped(started: ComparisonStarted) -> Iterator[str]:
    """How many entries of the prompts are left out, and the first reasons, a line each."""
    if not started.skipped:
        return
    n = max(started.n_skipped, len(started.skipped))
    entries = counted(n, "entry is", "entries are")
    used = counted(len(started.prompts), "prompt is", "prompts are")
    yield f"{entries} left out of {started.prompt_set}, {used} used"
    yield from started.skipped[:MOST_REASONS]
    if n > MOST_REASONS:
        yield f"and {n - MOST_REASONS:,} more"


def _without(fields: dict[str, Value], left_out: str, name: str) -> dict[str, Value]:
    return {key: value for key, value in fields.items() if key != left_out} | {"event": name}


def _print_figures(measured: ComparisonMeasured | None, run_id: str | None, output: Output) -> None:
    """Print the lanes and last what is recommended; None: nothing was measured."""
    for lane in () if measured is None else measured.lanes:
        if output.json:
            output.line(lane_fields(lane))
    fields = _summary(measured or ComparisonMeasured((), 0, 0, complete=False))
    if not output.json and measured is not None:
        output.console.print(_table(measured))
        for line in _lines(measured):
            output.console.print(line)
        lists = {"why_not", "changes", "predictions", "cautions"}  # printed above
        fields = {name: value for name, value in fields.items() if name not in lists}
    output.summary({**fields, "run": run_id})


def lane_fields(lane: LaneFigures) -> dict[str, Value]:
    """The object printed for a lane."""
    fields: dict[str, Value] = msgspec.to_builtins(lane)
    speedup = lane.speedup
    return {
        **fields,
        "event": "lane",
        "speedup": None if speedup is None else speedup.value,
        "speedup_ci": None if speedup is None or speedup.ci is None else list(speedup.ci),
        "speedup_range": None if speedup is None or speedup.range is None else list(speedup.range),
        "same_as_baseline": lane.same_text,
    }


def _summary(measured: ComparisonMeasured) -> dict[str, Value]:
    chosen = measured.recommendation
    fields: dict[str, Value] = {
        "recommended": drafters.NONE if chosen is None else chosen.drafter,
        "gamma": 0 if chosen is None else chosen.gamma,
        "lane": None if chosen is None else chosen.lane,
        "because": "too few prompts were measured for a choice" if chosen is None else chosen.because,
        "workload": "" if chosen is None else chosen.workload,
        "changes": [] if chosen is None else list(chosen.changes),
        "why_not": {lane.lane: lane.why_not for lane in measured.lanes if lane.why_not},
        "predictions": msgspec.to_builtins(measured.predictions),
        "n_prompts": measured.n_measured,
        "n_plain_differing": measured.n_plain_differing,
        "energy": measured.energy,
        "cautions": list(measured.cautions),
        "stopped": not measured.complete,
    }
    return fields


def _table(measured: ComparisonMeasured) -> Table:
    heads = ("lane", "α", "τ", "c", "1 more token", "tokens/s", "speedup", "predicted")
    table = Table(*heads, box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    for row in measured.lanes:
        table.add_row(
            row.lane, _number(row.alpha), _number(row.tau), _number(row.c), _number(row.verify_per_token),
            _number(row.tokens_per_s, 0), "-" if row.speedup is None else times(row.speedup.value),
            _number(row.predicted_speedup),
        )  # fmt: skip
    return table


def _lines(measured: ComparisonMeasured) -> Iterator[str]:
    """What does not fit into a table: spreads, texts, why not, what was predicted, what would change it, cautions."""
    yield ""
    for row in measured.lanes:
        if row.lane != PLAIN_LANE and row.speedup is not None:
            sameness = sameness_words(row, measured.n_plain_differing)
            yield f"{row.lane}: {', '.join(filter(None, (of_speedup(row.speedup), sameness)))}"
    yield from (f"{row.lane}: {row.why_not.removeprefix(f'{row.lane} ')}" for row in measured.lanes if row.why_not)
    for drafter in dict.fromkeys(each.drafter for each in measured.predictions):
        own = (f"γ {each.gamma} {each.predicted:.2f}×" for each in measured.predictions if each.drafter == drafter)
        yield f"predicted for {drafter}: {', '.join(own)}"
    yield from () if measured.recommendation is None else measured.recommendation.changes
    yield from (f"caution: {caution}" for caution in measured.cautions)


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
