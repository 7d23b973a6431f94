"""The tree of commands; each command's own file does the work and loads torch only when it runs."""

import typer

from engine.cli import bench, builtin, check, decode, drafter, rag, rag_ask, rag_bench, rag_eval, rounds, train

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.command("decode")(decode.decode)

_benches = typer.Typer(no_args_is_help=True, help="Measurements against peers and limits.")
_benches.command("decode")(bench.bench_decode)
_benches.command("batch")(bench.bench_batch)
_benches.command("scaling")(bench.bench_scaling)
_benches.command("gpu")(bench.bench_gpu)
_benches.command("table")(bench.bench_table)
_benches.command("rounds")(rounds.bench_rounds)
_benches.command("rag")(rag_bench.bench_rag)
_benches.command("endurance")(bench.bench_endurance)
_benches.command("index")(bench.bench_index)
_benches.command("ui")(bench.bench_ui)
app.add_typer(_benches, name="bench")

_checks = typer.Typer(no_args_is_help=True, help="Proofs on any pair.")
_checks.command("losslessness")(check.losslessness)
app.add_typer(_checks, name="check")

_training = typer.Typer(no_args_is_help=True, help="Train the built-in models, or a drafter for any target.")
_training.command("builtin")(train.train_builtin)
_training.command("drafter")(drafter.train_drafter)
_training.command("compare-objectives")(drafter.compare_objectives)
app.add_typer(_training, name="train")

_builtin = typer.Typer(no_args_is_help=True, help="The built-in world and models, examined.")
_builtin.command("eval")(builtin.builtin_eval)
_builtin.command("corpus")(builtin.builtin_corpus)
app.add_typer(_builtin, name="builtin")


_rag = typer.Typer(no_args_is_help=True, help="Documents made searchable, and searched.")
_rag.command("index")(rag.rag_index)
_rag.command("search")(rag.rag_search)
_rag.command("ask")(rag_ask.rag_ask)
_rag.command("eval")(rag_eval.rag_eval)
app.add_typer(_rag, name="rag")


@_benches.callback()
@_checks.callback()
@_training.callback()
@_builtin.callback()
@_rag.callback()
def _group() -> None:
    """Keeps a group with one command a group."""
