"""`draftscope sprinter run` and `sprinter sweep`: one threshold of a gate, or many, measured on new prompts."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from engine.cli.exit_status import OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import Json, NoSave, Out, PairOptions, Settings, decimal, numbers, with_options
from engine.cli.output import Output, Value
from engine.cli.running import kept_as, loaded_session, stopped
from engine.cli.sprinter import as_pair, followed
from engine.commands import MeasureThresholds
from engine.errors import InputError
from engine.events import Event, SettingMeasured, SettingsMeasured, Warned, WorkStarted
from engine.experiments import prompt_sets
from engine.experiments.gate_bounds import refuse_sweep
from engine.machine.number_text import read_number
from engine.methods.sprinter.config import SprinterConfig
from engine.settings import make_config
from engine.sprinter import cards

_FIXED = ("baseline", "repeats", "threshold", "stop_at_end", "max_new_tokens")
_Prompts = Annotated[str, typer.Option(help="builtin, builtin:TASK, english, or a file of prompts")]
_NPrompts = Annotated[int, typer.Option(help="prompts at most, 0 for all")]
_Tokens = Annotated[int, typer.Option(help="new tokens of every text")]
_Questions = Annotated[int, typer.Option(help="questions about the built-in world, 0 for none")]
_Gammas = Annotated[str, typer.Option(help="draft lengths of exact speculation, of which the fastest is compared with")]
_GAMMAS = 1, 2, 3, 4, 6, 8


@with_options(SprinterConfig, hidden=_FIXED)
def sprinter_run(
    *,
    pair: PairOptions,
    settings: Settings,
    threshold: Annotated[float, decimal("the gate lets a token through from this probability on")] = 0.5,
    prompts: _Prompts = "builtin",
    n_prompts: _NPrompts = 16,
    max_new_tokens: _Tokens = 96,
    questions: _Questions = 24,
    gammas: _Gammas = "",
    out: Out = None,
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Decode with a gate at one threshold, and measure its loss and its gain against exact speculation."""
    command = MeasureThresholds(
        (threshold,), gammas=numbers("gammas", gammas, default=_GAMMAS), prompts=prompts, n_prompts=n_prompts,
        n_questions=questions, settings={**settings, "max_new_tokens": max_new_tokens, "threshold": threshold},
    )  # fmt: skip
    return _measure(command, pair, Output(json=json, out=out), no_save=no_save)


@with_options(SprinterConfig, hidden=_FIXED)
def sprinter_sweep(
    *,
    pair: PairOptions,
    settings: Settings,
    thresholds: Annotated[str, typer.Option(help="thresholds, separated by commas")] = "0.5,0.7,0.8,0.9,0.95,0.99",
    ensembles: Annotated[str, typer.Option(help="weights of the target in ensembles to compare with")] = "",
    leniences: Annotated[str, typer.Option(help="leniences to compare with")] = "",
    prompts: _Prompts = "builtin",
    n_prompts: _NPrompts = 16,
    max_new_tokens: _Tokens = 96,
    questions: _Questions = 24,
    gammas: _Gammas = "",
    out: Out = None,
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Measure many thresholds, and what they are compared with, on the same prompts."""
    command = MeasureThresholds(
        shares("thresholds", thresholds), shares("ensembles", ensembles), shares("leniences", leniences),
        numbers("gammas", gammas, default=_GAMMAS), prompts, n_prompts, questions,
        {**settings, "max_new_tokens": max_new_tokens},
    )  # fmt: skip
    return _measure(command, pair, Output(json=json, out=out), no_save=no_save)


def shares(name: str, text: str) -> tuple[float, ...]:
    """Read numbers separated by commas, written with a point. Raises InputError."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    values = [read_number(part) for part in parts]
    if any(value is None for value in values):
        raise InputError(f"--{name} {text[:80]}: not a list of numbers", f"write for instance --{name} 0.5,0.9")
    return tuple(value for value in values if value is not None)


def _measure(command: MeasureThresholds, pair: PairOptions, output: Output, *, no_save: bool) -> int:
    """Load the pair, measure, print."""
    make_config(SprinterConfig, command.settings)
    for value in command.thresholds:
        make_config(SprinterConfig, {"threshold": value})
    refuse_sweep(command)
    prompt_sets.refuse_unreadable(command.prompts)
    chosen = as_pair(pair)
    if (gate := str(command.settings.get("gate", cards.AUTO))) != cards.AUTO:
        cards.card_of(gate, chosen.target, chosen.chosen_drafter())  # one for other models is refused here
    session = loaded_session(chosen, output)
    measured: list[SettingMeasured] = []
    end: list[SettingsMeasured] = []

    def take(event: Event) -> None:
        kept.take(event)
        _print(event, output)
        if isinstance(event, SettingMeasured):
            measured.append(event)
        if isinstance(event, SettingsMeasured):
            end.append(event)

    with KeptLog(Saving(no_save), output) as kept:
        is_whole = followed(lambda flag: session.do(command, flag), take)
        if not is_whole:
            kept.stopped()
        if end:
            _sum_up(command, measured, end[-1], output, kept.run_id)
    if is_whole:
        return OK
    return stopped(output, f"{kept_as(kept.run_id)}; the same command begins anew")


def _print(event: Event, output: Output) -> None:
    if isinstance(event, WorkStarted | SettingsMeasured):
        return
    if isinstance(event, Warned):
        output.note(f"warning: {event.message}; {event.hint}")
    output.event(event)


def _sum_up(
    command: MeasureThresholds, measured: Sequence[SettingMeasured], end: SettingsMeasured, output: Output,
    run: str | None,
) -> None:  # fmt: skip
    """Print the table, and last the summary: of the one threshold, where there is only one."""
    if measured and not output.json:
        output.table(table(measured))
        output.console.print("")
    gated = [each for each in measured if each.verification == "sprinter"]
    fields: dict[str, Value] = {
        "n_settings": end.n_settings, "n_prompts": end.n_prompts, "best_gamma": end.best_gamma,
        "workload": end.workload, **dict(end.settings), "notes": list(end.notes), "cautions": list(end.cautions),
        "seconds": end.seconds, "stopped": not end.complete, "run": run,
    }  # fmt: skip
    own = {**summary_of(gated[0]), **_work_saved(gated[0], measured)} if len(command.thresholds) == 1 and gated else {}
    saved = {**own, **fields, "rows": msgspec.to_builtins(tuple(measured))}
    output.summary({**own, **fields}, saved=saved)


def summary_of(point: SettingMeasured) -> dict[str, Value]:
    """The fields of one threshold."""
    gate, quality, told = point.gate, point.quality, point.predicted
    assert gate is not None
    vs_exact = point.speedup_vs_exact
    return {
        "threshold": point.setting, "tokens": list(point.tokens), "text": point.text, "tau": point.tau,
        "alpha": gate.alpha, "gated": gate.n_gated, "audited": gate.n_audited, "eta_fp": gate.eta_fp,
        "eta_fp_ci": _pair(gate.eta_fp_ci), "audited_eta_fp": gate.audited_eta_fp, "eta_fn": gate.eta_fn,
        "rho": gate.rho, "drafts_per_call": gate.drafts_per_call,
        "eta_fp_predicted": None if told is None else told.eta_fp,
        "drafts_per_call_predicted": None if told is None else told.drafts_per_call,
        "tv_predicted": None if told is None else told.tv, "tv_measured": quality.tv, "tv_ci": _pair(quality.tv_ci),
        "tv_text": quality.tv_text, "kl": quality.kl, "perplexity": quality.perplexity,
        "exact_match": quality.exact_match, "rouge_l": quality.rouge_l, "accuracy": quality.accuracy,
        "accuracy_ci": _pair(quality.accuracy_ci), "repeated_4grams": quality.repeated, "capped": quality.capped,
        "ms_per_token": point.ms_per_token.value,
        "ms_per_token_predicted": None if told is None else told.ms_per_token,
        "speedup": point.speedup.value, "speedup_ci": _pair(point.speedup.ci),
        "speedup_vs_exact": None if vs_exact is None else vs_exact.value,
        "speedup_vs_exact_ci": None if vs_exact is None else _pair(vs_exact.ci),
        "speedup_vs_exact_range": None if vs_exact is None else _pair(vs_exact.range),
        "gate_share": point.gate_share, "flops_per_token": point.work.flops,
        "paper_flops_per_token": point.work.paper_flops, "bytes_per_token": point.work.read_bytes,
    }  # fmt: skip


def _work_saved(point: SettingMeasured, measured: Sequence[SettingMeasured]) -> dict[str, Value]:
    """How many times the work of exact speculation that of a gate is, honestly and as the paper counts it."""
    exact = next(each.work for each in measured if each.verification == "exact")
    return {
        "flops_saved": exact.flops / point.work.flops, "paper_flops_saved": exact.paper_flops / point.work.paper_flops
    }  # fmt: skip


def _pair(interval: "Sequence[float] | None") -> list[float] | None:
    return None if interval is None else list(interval)


_HEADER = (
    "decoding", "setting", "τ", "ms/token", "speedup", "vs exact", "η_FP", "TV predicted", "TV", "95 %", "perplexity",
    "ROUGE-L", "right", "repeated", "MFLOP", "paper's",
)  # fmt: skip


def table(measured: Sequence[SettingMeasured]) -> list[tuple[str, ...]]:
    """A row for each way of decoding, headers first."""
    return [_HEADER, *map(_row, measured)]


def _row(each: SettingMeasured) -> tuple[str, ...]:
    quality, gate, told, vs_exact = each.quality, each.gate, each.predicted, each.speedup_vs_exact
    interval = "-" if quality.tv_ci is None else f"{quality.tv_ci.low:.3f}–{quality.tv_ci.high:.3f}"
    return (
        each.verification, f"{each.setting:g}", f"{each.tau:.2f}", f"{each.ms_per_token.value:.3f}",
        f"{each.speedup.value:.2f}×", "-" if vs_exact is None else f"{vs_exact.value:.2f}×",
        "-" if gate is None else f"{gate.eta_fp:.3f}", "-" if told is None else f"{told.tv:.3f}", f"{quality.tv:.3f}",
        interval, f"{quality.perplexity:.2f}", f"{quality.rouge_l:.2f}",
        "-" if quality.accuracy is None else f"{quality.accuracy:.2f}", f"{quality.repeated:.2f}",
        f"{each.work.flops / 1e6:.1f}", f"{each.work.paper_flops / 1e6:.1f}",
    )  # fmt: skip
