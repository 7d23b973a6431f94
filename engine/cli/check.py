"""`draftscope check`: proofs on any pair, and of the accept rules without one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, get_args

import msgspec
import typer

from engine import drafters
from engine.cli.exit_status import OK
from engine.cli.options import MOST, Json, PairOptions, Settings, refuse_above, with_options
from engine.cli.output import Output
from engine.errors import EngineError, InputError
from engine.events import HostKind
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import AcceptRule, make_config

if TYPE_CHECKING:
    from engine.bench.exact_rules import ExactRule, RuleTables
    from engine.bench.losslessness import Losslessness

_ENGINES: tuple[HostKind, ...] = get_args(HostKind)
_RULES: tuple[AcceptRule, ...] = get_args(AcceptRule)
_HIDDEN = ("stop_at_end", "baseline", "repeats", "accept")
_ALL, _SMALL_TREE = "all", "2,2"
_MOST_TABLES = 1000
_SHAPES = {1: "γ 1", 2: "γ 2", 3: "γ 3", 4: "γ 4"}
_SHARPNESS = {0.4: "peaky", 1.0: "medium", 3.0: "flat"}


@with_options(SpeculativeConfig, hidden=_HIDDEN)
def losslessness(
    *,
    pair: PairOptions,
    settings: Settings,
    samples: Annotated[int, typer.Option(help="speculative generations to hold against the target")] = 2000,
    prompts: Annotated[int, typer.Option(help="prompts for the greedy check")] = 4,
    engine: Annotated[str, typer.Option(help="thread, or process: where the texts are made")] = "thread",
    accept: Annotated[str, typer.Option(help=f"{', '.join(_RULES)}, or all")] = "token",
    json: Json = False,
) -> int:
    """Check for equal greedy tokens, and for an equal distribution of the first tokens when sampling."""
    output = Output(json=json)
    configs = _configs(settings, accept)
    if samples < 100 or prompts < 1:
        raise InputError(f"samples = {samples}, prompts = {prompts}: too few", "use at least 100 samples and 1 prompt")
    refuse_above("samples", samples, MOST)
    refuse_above("prompts", prompts, 10_000)
    if engine not in _ENGINES:
        raise InputError(f"unknown engine {engine!r}", f"use {' or '.join(_ENGINES)}")
    if pair.chosen_drafter() == drafters.NONE:
        raise InputError("there is no drafter to check", "name one with --drafter")
    from engine.bench.losslessness import Losslessness, check
    from engine.cli.running import hosted_pair
    from engine.measuring.prompts import asked_prompts

    verdicts: list[Losslessness] = []
    with hosted_pair(pair, engine, output) as (hosted, target):
        asked = asked_prompts(target, prompts, configs[0])
        max_length = target.context // 2
        prompt_starts = asked.ids if asked.chat else [prompt[: max(1, max_length)] for prompt in asked.ids]
        for config in configs:
            config = msgspec.structs.replace(config, max_new_tokens=min(config.max_new_tokens, max_length))
            try:
                for item in check(hosted, target, prompt_starts, config, n_samples=samples):
                    if isinstance(item, Losslessness):
                        verdicts.append(item)
                    else:
                        output.event(item)
            except EngineError as err:
                if not config.tree or settings.get("tree"):
                    raise
                output.note(f"{config.accept} is left out: {err.message}")  # nobody asked for this tree
                continue
            if len(configs) > 1:
                _show_verdict(verdicts[-1], output)
    output.summary(_together(verdicts))
    return OK


def rules(
    *,
    tables: Annotated[int, typer.Option(help="random tables of each kind")] = 12,
    seed: Annotated[int, typer.Option(help="same seed, same tables")] = 0,
    json: Json = False,
) -> int:
    """Enumerate every accept rule over random tables: how far it is from the target's law, and what it accepts."""
    output = Output(json=json)
    if tables < 1:
        raise InputError(f"tables = {tables}: must be >= 1", "use for instance --tables 12")
    refuse_above("tables", tables, _MOST_TABLES)
    if not 0 <= seed <= 2**53:
        raise InputError(f"seed = {seed}: must be from 0 to 2^53", "choose another seed")
    from engine.bench.exact_rules import RuleTables, compare_rules

    for item in compare_rules(tables, seed):
        if isinstance(item, RuleTables):
            _show_tables(item, output)
        elif json:
            output.line({"event": "rule", **msgspec.to_builtins(item)})
    return OK


def _configs(settings: Settings, accept: str) -> list[SpeculativeConfig]:
    """The settings under each rule that was asked for; all of them are those of chains, and those of trees over the
    tree that was asked for or a small one. Raises InputError for a rule that is unknown or does not fit."""
    if accept != _ALL and accept not in _RULES:
        raise InputError(f"unknown accept rule {accept!r}", f"use {', '.join(_RULES)} or {_ALL}")
    if accept != _ALL:
        return [make_config(SpeculativeConfig, {**settings, "accept": accept})]
    chains: list[Settings] = [{"tree": "", "accept": rule} for rule in ("token", "block")]
    trees: list[Settings] = [
        {"tree": settings.get("tree") or _SMALL_TREE, "accept": rule} for rule in ("recursive", "traversal")
    ]
    return [make_config(SpeculativeConfig, {**settings, **chosen}) for chosen in [*chains, *trees]]


def _show_verdict(verdict: "Losslessness", output: Output) -> None:
    """One rule of several."""
    if output.json:
        output.line({"event": "rule", **msgspec.to_builtins(verdict)})
    else:
        output.note(
            f"{verdict.accept}: p-value {verdict.sampling_p_value:.3g} of {verdict.n_samples:,} samples, distance "
            f"{verdict.sampling_tv:.4f}, as many direct samples {verdict.sampling_tv_null:.4f}"
        )


def _together(verdicts: Sequence["Losslessness"]) -> dict[str, object]:
    """The verdict on one rule, or on all of them: the p-value is then corrected for their number."""
    if len(verdicts) == 1:
        return dict(msgspec.to_builtins(verdicts[0]))
    worst = min(verdicts, key=lambda verdict: verdict.sampling_p_value)
    divergences = [verdict.first_divergence for verdict in verdicts if verdict.first_divergence is not None]
    return {
        **msgspec.to_builtins(worst),
        "greedy_equal": all(verdict.greedy_equal for verdict in verdicts),
        "first_divergence": min(divergences, default=None),
        "sampling_p_value": min(1.0, len(verdicts) * worst.sampling_p_value),
        "accept": _ALL,
        "p_values": {verdict.accept: verdict.sampling_p_value for verdict in verdicts},
    }


def _show_tables(tables: "RuleTables", output: Output) -> None:
    """Mean accepted tokens, of chains by draft length and of trees by how sharp the distributions are."""
    if output.json:
        output.summary(msgspec.to_builtins(tables))
        return
    chains = {(result.rule, len(result.parents)): result for result in tables.results if _is_chain(result.parents)}
    trees = {(result.rule, result.concentration): result for result in tables.results if not _is_chain(result.parents)}
    gains = {len(gain.parents): gain for gain in tables.gains if gain.rule == "block"}
    rows = [["chains: accepted on average", *_SHAPES.values()]]
    for rule in dict.fromkeys(rule for rule, _ in chains):
        rows.append([_rule_name(rule), *(f"{chains[rule, n].mean_accepted:.3f}" for n in _SHAPES)])
    rows.append(["least and most gain", *(f"{gains[n].least:+.3f} {gains[n].most:+.3f}" for n in _SHAPES)])
    output.table(rows)
    rows = [["trees of 2 + 4 nodes", *_SHARPNESS.values()]]
    for rule in dict.fromkeys(rule for rule, _ in trees):
        rows.append([_rule_name(rule), *(f"{trees[rule, sharp].mean_accepted:.3f}" for sharp in _SHARPNESS)])
    output.table(rows)
    output.summary({
        "largest_error": tables.largest_error, "least_gain": tables.least_gain, "n_tables": tables.n_tables,
        "seed": tables.seed,
    })  # fmt: skip


def _is_chain(parents: Sequence[int]) -> bool:
    return list(parents) == list(range(-1, len(parents) - 1))


def _rule_name(rule: "ExactRule") -> str:
    return rule.replace("_", " ")
