"""`draftscope bench recommendation`: what tuning recommends, against an exhaustive sweep."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from engine.cli.compare import comparison_of
from engine.cli.exit_status import OK
from engine.cli.options import Json, Out, PairOptions, Settings, numbers, with_options
from engine.cli.output import Output
from engine.events import Progressed
from engine.settings import ChatConfig

if TYPE_CHECKING:
    from engine.bench.recommendation import RecommendationChecked

_ALL = tuple(range(1, 13))
_Drafters = Annotated[list[str] | None, typer.Option("--drafter", help="a drafter to tune, repeated")]


@with_options(ChatConfig, hidden=("drafter",))
def bench_recommendation(
    *,
    pair: PairOptions,
    settings: Settings,
    drafter: _Drafters = None,
    prompts: Annotated[str, typer.Option(help="builtin, builtin:TASK, or a file, as in compare")] = "builtin",
    n_prompts: Annotated[int, typer.Option(help="prompts at most")] = 20,
    gamma: Annotated[str, typer.Option(help="draft lengths of the sweep, separated by commas")] = "",
    out: Out = None,
    json: Json = False,
) -> int:
    """Tune, measure every length of the sweep, and compare: recommendation and predictions against the truth."""
    gammas = numbers("gamma", gamma, default=_ALL)
    output = Output(json=json, out=out)
    command = comparison_of(pair, settings, drafter, gammas=(1,), prompts=prompts, n_prompts=n_prompts)
    from engine.bench.recommendation import RecommendationChecked, check

    for event in check(command, gammas):
        if isinstance(event, Progressed):
            output.event(event)
        elif isinstance(event, RecommendationChecked):
            if not json:
                _print_lengths(event, output)
            output.summary(msgspec.to_builtins(event))
    return OK


def _print_lengths(checked: "RecommendationChecked", output: Output) -> None:
    rows = [("drafter", "γ", "predicted", "measured", "")]
    rows += [
        (each.drafter, str(each.gamma), f"{each.predicted:.2f}", f"{each.measured:.2f}", "confirmed" * each.confirmed)
        for each in checked.lengths
    ]
    output.table(rows)
