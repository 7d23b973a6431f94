"""Measures Speculative RAG's latency against standard RAG's at fixed token counts, with the real answering code.

Passages are made up and drafts and answers have fixed lengths, so that random weights in the shapes of large models
take the time that trained ones would; retrieved passages and answers mean nothing. Every repeat asks every system in
turn."""

import time
from collections.abc import Generator, Iterator
from threading import Event as Flag
from typing import NamedTuple

import msgspec
import torch
from msgspec.structs import replace

from engine.bench import rag_figures
from engine.bench.rag_figures import RagRow, Turn
from engine.bench.rag_workload import RagWorkload, WorkloadCounts, refuse_counts, refuse_workloads, workload
from engine.errors import EngineError
from engine.evaluation.turns import QuestionOutcome, ask_all, phases_ms
from engine.events import Estimated, Event, Progressed
from engine.events.answers import System
from engine.machine import versions as machine
from engine.machine.out_of_memory import memory_errors
from engine.measuring import systems
from engine.methods.speculative_rag import cost
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.drafting import batches_of
from engine.methods.speculative_rag.verifying import verifications_of
from engine.methods.speculative_rag.warming import warm
from engine.methods.standard_rag.asking import AnswerContext
from engine.models import checkpoint_folder, checks, devices, load_plan, loading
from engine.models.load_plan import LoadPlan
from engine.models.loading import Pair
from engine.rag.memo import Memo
from engine.runtime import RunContext
from engine.session.memory import release_memory


class RagBenchTask(NamedTuple):
    """What to measure, on what, and how often."""

    target: str
    drafter: str
    device: torch.device
    dtype: str
    counts: WorkloadCounts
    passages: tuple[int, ...]
    repeats: int


class RagBench(msgspec.Struct, frozen=True):
    """One row per passage length, so far; complete: whether these are all. note: what the models are, where they are
    not trained; graphs: whether the target's rounds were CUDA graphs; estimated_bytes: weights of both."""

    rows: tuple[RagRow, ...]
    complete: bool
    target: str
    drafter: str
    note: str
    n: int
    m: int
    k: int
    gamma: int
    question_tokens: int
    rationale_tokens: int
    answer_tokens: int
    repeats: int
    device: str
    dtype: str
    graphs: bool
    estimated_bytes: int
    n_threads: int
    processor: str
    versions: dict[str, str]
    measured_utc: str
    seconds: float = 0.0
    workload: str = "one question over made-up passages, drafts and answers held to lengths, greedy, batch 1"


def bench(task: RagBenchTask) -> Iterator[Event | RagBench]:
    """Yield progress and, after each row, all rows so far; a row that fails holds the reason.

    Raises InputError, ModelError before a model is made where counts, contexts or memory do not fit."""
    started = time.perf_counter()
    refuse_counts(task.counts)
    plan = _plan(task)
    tokenizer = checks.read_tokenizer(plan.target)
    works = [workload(tokenizer, n_passage, task.counts) for n_passage in task.passages]
    refuse_workloads(works, task.counts, plan, devices.free_bytes(task.device))
    pair = yield from _load(plan)
    result, rt = _empty_result(task, pair), _run_context(pair, task)
    assert pair.drafter is not None
    try:
        for i, work in enumerate(works):
            context = AnswerContext(rt, pair.drafter, work.library, Memo(), task.counts.lengths)
            row = yield from _measure_row(context, work, task)
            complete, seconds = i + 1 == len(works), time.perf_counter() - started
            result = replace(result, rows=(*result.rows, row), complete=complete, seconds=seconds)
            yield result
    finally:
        if rt.drafter is not None:
            rt.drafter.reset()


def _plan(task: RagBenchTask) -> LoadPlan:
    target, drafter = checkpoint_folder.inspect(task.target), checkpoint_folder.inspect(task.drafter, drafter=True)
    return load_plan.plan(target, drafter, task.device, task.device, task.dtype)


def _load(plan: LoadPlan) -> Generator[Event, None, Pair]:
    for item in loading.load_pair(plan):
        if isinstance(item, Pair):
            return item
        if not isinstance(item, Estimated):
            yield item
    raise AssertionError("loading ends with the pair")


def _empty_result(task: RagBenchTask, pair: Pair) -> RagBench:
    assert pair.drafter is not None
    counts = task.counts
    return RagBench(
        rows=(),
        complete=False,
        target=task.target,
        drafter=task.drafter,
        note=pair.target.note,
        n=counts.n,
        m=counts.m,
        k=counts.k,
        gamma=counts.gamma,
        question_tokens=counts.question,
        rationale_tokens=counts.lengths.rationale,
        answer_tokens=counts.answer,
        repeats=task.repeats,
        device=str(task.device),
        dtype=str(pair.target.dtype).removeprefix("torch."),
        graphs=pair.target.graphs,
        estimated_bytes=pair.target.n_bytes + pair.drafter.n_bytes,
        n_threads=torch.get_num_threads(),
        processor=machine.processor(task.device),
        versions=dict(machine.versions()),
        measured_utc=machine.now_utc(),
    )


def _run_context(pair: Pair, task: RagBenchTask) -> RunContext:
    """Context in which the model that drafts answers also drafts the tokens of standard RAG."""
    assert pair.drafter is not None
    drafter = systems.small_model_drafter(pair.target, pair.drafter)
    return RunContext(pair.target, drafter, task.drafter, cancelled=Flag())


def _measure_row(context: AnswerContext, work: RagWorkload, task: RagBenchTask) -> Generator[Event, None, RagRow]:
    """Measure one row; the first turn does not count, since it allocates and, on CUDA, compiles and captures."""
    config, turns = _config(task.counts), list[Turn]()
    try:
        with memory_errors(f"passages of {work.n_passage} tokens", "use smaller models, or fewer or shorter passages"):
            _prepare(context, work, config)
            _turn(context, work, config, 0)
            for i in range(task.repeats):
                turns.append(_turn(context, work, config, i))
                yield Progressed("measuring", i + 1, task.repeats, f"repeats with passages of {work.n_passage} tokens")
    except EngineError as err:
        if context.rt.target.static is not None:
            context.rt.target.static.clear()  # the error may have left it incomplete
        return RagRow(work.n_passage, why_not=str(err))
    finally:
        release_memory()
    on_gpu = task.device.type == "cuda"
    peak = torch.cuda.max_memory_allocated(task.device) if on_gpu else None
    return rag_figures.row(work.n_passage, work.n_standard, turns, peak)


def _config(counts: WorkloadCounts) -> SpeculativeRagConfig:
    """A config that clusters by stored vectors: an encoder is neither of the two models that are measured."""
    return SpeculativeRagConfig(
        n=counts.n, m=counts.m, k=counts.k, gamma=counts.gamma, max_new_tokens=counts.answer,
        conditioning="stored", retrieval="dense", baselines="none",
    )  # fmt: skip


@torch.inference_mode()
def _prepare(context: AnswerContext, work: RagWorkload, config: SpeculativeRagConfig) -> None:
    """Warm up and capture now, so that nothing is left to capture when a text grows into the next span."""
    warm([context.rt.target, context.drafter], context.memo)
    if context.rt.target.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(context.rt.target.device)
    for gamma in (config.gamma, 0):
        context.rt.prepare(config, [0] * work.n_standard, gamma=gamma)


@torch.inference_mode()
def _turn(context: AnswerContext, work: RagWorkload, config: SpeculativeRagConfig, turn: int) -> Turn:
    """Ask every system; reuses nothing of an earlier turn."""
    result = ask_all(work.question, config, context._replace(memo=Memo()), turn)
    batches, verifications = batches_of(result.outcome.drafts), verifications_of(result.outcome.scores)
    (batch,), (verification,) = batches, verifications
    plain, speculated = (result.standards[name] for name in ("standard_rag", "standard_rag_speculative"))
    measured_ms: dict[System, float] = {name: answer.latency_ms for name, answer in result.answers.items()}
    rounds = {
        "drafting": batch.n_rounds, "standard_rag": plain.n_rounds, "standard_rag_speculative": speculated.n_rounds,
    }  # fmt: skip
    predictions = cost.costs(batches, verifications, plain, measured_ms)
    return Turn(result.answers, _phases(result), rounds, batch, verification, predictions)


def _phases(result: QuestionOutcome) -> dict[str, float]:
    """Where the time went: of Speculative RAG, then of both kinds of standard RAG."""
    (batch,) = batches_of(result.outcome.drafts)
    speculative_ms = phases_ms(result)
    phases = {
        "partitioning": speculative_ms["partitioning"],
        "drafting_prefill": batch.prefill_ms,
        "drafting_decode": batch.decode_ms,
        "verifying": speculative_ms["verifying"],
    }
    for name, answer in result.standards.items():
        phases |= {f"{name}_prefill": answer.prefill_ms, f"{name}_decode": answer.decode_ms}
    return phases
