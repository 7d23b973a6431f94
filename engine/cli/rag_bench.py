"""`draftscope bench rag`: measures what Speculative RAG saves of standard RAG's latency, at fixed token counts."""

from typing import Annotated

import msgspec
import typer

from engine.cli.bench import refuse_below
from engine.cli.exit_status import OK
from engine.cli.options import Json, Out, PairOptions, numbers
from engine.cli.output import Output
from engine.cli.rag_ask import rag_pair
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.settings import make_config

_LEAST_REPEATS = 3


def bench_rag(
    *,
    target: Annotated[str, typer.Option(help="builtin, a folder, a hub id in the cache, or timing:NAME")] = "builtin",
    drafter: Annotated[str, typer.Option(help="the model that drafts; auto: builtin:rag for builtin")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
    dtype: Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16")] = "auto",
    n: Annotated[int, typer.Option(help="passages that standard RAG reads")] = 10,
    m: Annotated[int, typer.Option(help="drafts, each from a subset of its own")] = 5,
    k: Annotated[int, typer.Option(help="passages that each draft is made from")] = 2,
    gamma: Annotated[int, typer.Option(help="draft length where standard RAG is speculated token by token")] = 4,
    passage_tokens: Annotated[
        str, typer.Option(help="tokens of each passage, separated by commas: a row each")
    ] = "100,200,400",
    question_tokens: Annotated[int, typer.Option(help="tokens of the question")] = 20,
    rationale_tokens: Annotated[int, typer.Option(help="tokens of every rationale")] = 40,
    answer_tokens: Annotated[int, typer.Option(help="tokens of every answer, standard RAG's and a draft's")] = 10,
    repeats: Annotated[int, typer.Option(help="questions timed a row, each asked of every system in turn")] = 7,
    out: Out = None,
    json: Json = False,
) -> int:
    """Compare Speculative RAG with standard RAG, plain and speculated token by token: latency at fixed token counts."""
    output = Output(json=json, out=out)
    for name, value, least in (
        ("question-tokens", question_tokens, 1), ("rationale-tokens", rationale_tokens, 1),
        ("answer-tokens", answer_tokens, 1), ("repeats", repeats, _LEAST_REPEATS),
    ):  # fmt: skip
        refuse_below(name, value, least)
    make_config(SpeculativeRagConfig, {"n": n, "m": m, "k": k, "gamma": gamma})
    passages = numbers("passage-tokens", passage_tokens, default=(100, 200, 400))
    pair = rag_pair(PairOptions(target=target, drafter=drafter))
    from engine.bench import rag, rag_figures
    from engine.bench.rag_workload import WorkloadCounts
    from engine.machine.quiet import quiet_libraries
    from engine.machine.threads import use_usable_cores
    from engine.models.devices import parse_device, parse_dtype
    from engine.rag.values import Lengths

    quiet_libraries()
    use_usable_cores()
    on = parse_device(device)
    parse_dtype(dtype, on)
    counts = WorkloadCounts(n, m, k, gamma, question_tokens, Lengths(rationale_tokens, answer_tokens))
    for item in rag.bench(rag.RagBenchTask(target, pair.drafter, on, dtype, counts, passages, repeats)):
        if not isinstance(item, rag.RagBench):
            output.event(item)
        elif item.complete:
            output.summary(msgspec.to_builtins(item))
            output.table(rag_figures.table(item.rows))
        elif out is not None:
            output.save(msgspec.to_builtins(item))
    return OK
