"""The tree of commands; each command's own file does the work and loads torch only when it runs."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import typer

from engine.cli import (
    bench,
    builtin,
    check,
    compare,
    coverage,
    decode,
    drafter,
    longcontext,
    longspec,
    models,
    rag,
    rag_ask,
    rag_bench,
    rag_eval,
    recommendation,
    report,
    rounds,
    run,
    runs,
    runs_transfer,
    scaling,
    scaling_bench,
    scaling_fit,
    scaling_sweep,
    sprinter,
    sprinter_run,
    store_bench,
    train,
    what_if,
)

_Group: TypeAlias = Mapping[str, Callable[..., int]]
_BENCHES: _Group = {
    "decode": bench.bench_decode, "batch": bench.bench_batch, "gpu": bench.bench_gpu,
    "scaling": scaling_bench.bench_scaling,
    "table": bench.bench_table, "rounds": rounds.bench_rounds, "rag": rag_bench.bench_rag,
    "endurance": bench.bench_endurance, "index": bench.bench_index, "ui": bench.bench_ui,
    "coverage": coverage.bench_coverage, "recommendation": recommendation.bench_recommendation,
    "store": store_bench.bench_store,
    "report": report.bench_report,
}  # fmt: skip
_CHECKS: _Group = {"losslessness": check.losslessness, "rules": check.rules}
_TRAININGS: _Group = {
    "builtin": train.train_builtin, "drafter": drafter.train_drafter, "longspec": longspec.train_longspec,
    "compare-objectives": drafter.compare_objectives, "ablate-longspec": longspec.ablate_longspec,
}  # fmt: skip
_BUILTIN: _Group = {
    "eval": builtin.builtin_eval, "recall": builtin.builtin_recall, "corpus": builtin.builtin_corpus,
}  # fmt: skip
_RAG: _Group = {"index": rag.rag_index, "search": rag.rag_search, "ask": rag_ask.rag_ask, "eval": rag_eval.rag_eval}
_SCALING: _Group = {
    "ask": scaling.scaling_ask, "demos": scaling.scaling_demos, "sweep": scaling_sweep.scaling_sweep,
    "fit": scaling_fit.scaling_fit, "allocate": scaling_fit.scaling_allocate, "check": scaling_fit.scaling_check,
}  # fmt: skip
_MODELS: _Group = {
    "get": models.models_get, "list": models.models_list, "pairs": models.models_pairs, "remove": models.models_remove,
}  # fmt: skip
_RUNS: _Group = {
    "list": runs.runs_list, "show": runs.runs_show, "export": runs_transfer.runs_export,
    "import": runs_transfer.runs_import, "delete": runs.runs_delete, "restore": runs.runs_restore,
    "purge": runs.runs_purge, "rename": runs.runs_rename, "tag": runs.runs_tag, "note": runs.runs_note,
    "what-if": what_if.runs_what_if,
}  # fmt: skip
_SPRINTER: _Group = {
    "collect": sprinter.sprinter_collect, "train": sprinter.sprinter_train, "run": sprinter_run.sprinter_run,
    "sweep": sprinter_run.sprinter_sweep,
}  # fmt: skip


def tree() -> typer.Typer:
    """Build the tree of all commands, with one for each method that is discovered now."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command("decode")(decode.decode)
    app.command("report")(report.report)
    app.command("compare")(compare.compare)
    app.command("longcontext")(longcontext.longcontext)
    app.add_typer(_as_group(run.commands()), name="run")
    for name, help_text, members in (
        ("bench", "Measurements against peers and limits.", _BENCHES),
        ("check", "Proofs on any pair, and of the accept rules.", _CHECKS),
        ("train", "Train the built-in models, or a drafter for any target.", _TRAININGS),
        ("builtin", "The built-in world and models, examined.", _BUILTIN),
        ("models", "Models of a hub: got only when asked, listed, removed.", _MODELS),
        ("runs", "Everything that was kept: searched, labelled, exported, deleted.", _RUNS),
        ("sprinter", "Approximate verification: a gate decides when the target is asked.", _SPRINTER),
        ("rag", "Documents made searchable, and searched.", _RAG),
        ("scaling", "More documents, demonstrations and iterations for an answer.", _SCALING),
    ):
        app.add_typer(_group(members, help_text), name=name)
    return app


def _group(members: _Group, help_text: str) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help=help_text)
    for name, command in members.items():
        group.command(name)(command)
    return _as_group(group)


def _as_group(commands: typer.Typer) -> typer.Typer:
    """Keep a tree of commands a group even while it has only one command."""
    commands.callback()(lambda: None)
    return commands
