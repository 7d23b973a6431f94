"""`draftscope scaling ask` and `scaling demos`: an answer by DRAG or IterDRAG, and what it can be shown before."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import msgspec
import typer

from engine.cli.exit_status import OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import Json, NoSave, PairOptions, Settings, Trace, with_options
from engine.cli.output import Output
from engine.cli.running import loaded_session, run_events, stoppable, stopped
from engine.cli.scaling_account import ScalingReport
from engine.cli.scaling_route import (
    Budget,
    Escalate,
    InputPrice,
    OutputPrice,
    Preset,
    Quality,
    RoutedAsking,
    RoutedQuestion,
    Routing,
    escalating_settings,
    in_words,
    requested,
    routed,
    routing_of,
)
from engine.documents.sources import BUILTIN
from engine.errors import EngineError, InputError
from engine.evaluation.datasets import refuse_unreadable
from engine.events import AllocationRouted, Event, Progressed, QualityJudged, RunFailed, RunFinished, Warned
from engine.methods.drag.config import DragConfig
from engine.methods.iterdrag.config import IterDragConfig
from engine.rag.foreign import foreign_documents
from engine.settings import Request, make_config

if TYPE_CHECKING:
    from engine.rag.demonstration_pool import DemonstrationPool, PoolRequest
    from engine.session.session import Session

_Method = Literal["iterdrag", "drag"]
_ASK_ANEW = "what was answered so far is above; the same command asks anew"
_Question = Annotated[str, typer.Option(help="what to answer from the documents")]
_MethodOption = Annotated[str, typer.Option(help="iterdrag: by follow-up questions; drag: all at once")]


@with_options(IterDragConfig, hidden=("stop_at_end",))
def scaling_ask(
    *, pair: PairOptions, settings: Settings, question: _Question, method: _MethodOption = "iterdrag",
    preset: Preset = "", budget: Budget = None, escalate: Escalate = None, quality: Quality = "",
    input_price: InputPrice = None, output_price: OutputPrice = None, trace: Trace = None,
    no_save: NoSave = False, json: Json = False,
) -> int:  # fmt: skip
    """Answer a question by DRAG or IterDRAG, with every follow-up question, its documents and its answer."""
    output = Output(json=json)
    routing = routing_of(preset, budget, escalate, input_price, output_price, quality)
    if routing.is_wanted:
        return _ask_routed(pair, settings, question, routing, Saving(no_save, trace), output)
    name = _method(method)
    kind = DragConfig if name == "drag" else IterDragConfig
    settings = {key: value for key, value in settings.items() if key in kind.__struct_fields__}
    _refuse_unfit(make_config(kind, settings), question)
    report = ScalingReport(output, KeptLog(Saving(no_save, trace), output), routing.prices)
    if (warning := foreign_documents(str(settings["index"]), pair.target, "")) is not None:
        output.note(f"warning: {warning}")
    session = loaded_session(copying(pair), output)
    try:
        with stoppable() as flag:
            for event in run_events(session, name, settings, Request(question), flag):
                report.take(event)
        if flag.is_set():
            report.take(RunFinished("cancelled", 0))
    except EngineError as err:
        report.take(RunFailed(err.message, err.hint))
        raise
    finally:
        report.close()
    output.summary(report.summary()) if json else report.account()
    return stopped(output, _ASK_ANEW) if flag.is_set() else OK


def _ask_routed(
    pair: PairOptions, settings: Settings, text: str, routing: Routing, saving: Saving, output: Output
) -> int:
    """Ask with whatever a preset, a rule or a fit allots, and again with more where the answer looks bad."""
    _refuse_unfit(make_config(IterDragConfig, settings), text)
    question = RoutedQuestion(routing)
    name, own = "escalating", settings
    if routing.escalate is not None:
        own = escalating_settings(routing, settings)
    else:
        requested(routing, text, settings, pair.target)  # refuses what it can before anything is loaded
    session = loaded_session(copying(pair), output)
    with stoppable() as flag, closing(ScalingReport(output, KeptLog(saving, output))) as report:
        if routing.escalate is None:
            allotted = routed(RoutedAsking(session, pair, settings, routing, output), text)
            name, own = _allotted(allotted, settings)
            question.take(allotted)
            output.event(allotted)
            output.note(in_words(allotted))
        try:
            for event in run_events(session, name, own, Request(text), flag):
                report.take(event)
                question.take(event)
                if isinstance(event, AllocationRouted | QualityJudged):
                    output.note(in_words(event))
        except EngineError as err:
            report.take(RunFailed(err.message, err.hint))
            raise
    fields = question.summary()
    if output.json:
        output.summary({**report.summary(), **fields})
        return stopped(output, _ASK_ANEW) if flag.is_set() else OK
    report.account()
    if isinstance(price := fields["priced"], dict):
        shown = {name: value for name, value in price.items() if value is not None and name != "event"}
        output.summary(shown)
    return stopped(output, _ASK_ANEW) if flag.is_set() else OK


def _allotted(allotted: AllocationRouted, settings: Settings) -> tuple[str, Settings]:
    """The method of an allocation, and the settings with its k, m and n."""
    cell = allotted.allocated
    kind = IterDragConfig if cell.n > 1 else DragConfig
    theta: Settings = {**settings, "k": cell.k, "m": cell.m, "n": cell.n}
    own = {key: value for key, value in theta.items() if key in kind.__struct_fields__}
    return "iterdrag" if cell.n > 1 else "drag", own


@with_options(IterDragConfig, hidden=("stop_at_end", "baselines", "variant", "stop_above", "gamma", "pick"))
def scaling_demos(
    *, pair: PairOptions, settings: Settings, method: _MethodOption = "iterdrag", json: Json = False
) -> int:
    """Make the demonstrations that answers can be shown before, or list those that an earlier run has made."""
    output = Output(json=json)
    config = make_config(IterDragConfig, settings)
    refuse_pool(config.pool, config.m)
    steps = _method(method) == "iterdrag"
    from engine.rag.demonstration_pool import PoolRequest

    iterations = config.n if steps else 1
    request = PoolRequest(
        config.pool, config.index, config.k, config.retrieval, steps, iterations, config.m, config.seed
    )
    session = loaded_session(copying(pair), output)
    with stoppable() as flag:
        pool = None
        for item in _pool(session, request, config, flag):
            if isinstance(item, Progressed | Warned):
                output.event(item)
            elif not isinstance(item, Event):
                pool = item
    if pool is None:
        return stopped(output, "run it again to go on with those that were made")
    _print_pool(pool, output)
    return OK


def copying(pair: PairOptions) -> PairOptions:
    """The pair with prompt lookup for `auto`: answers copy from documents, and a model would read all of them too."""
    return msgspec.structs.replace(pair, drafter="lookup") if pair.drafter == "auto" else pair


def _method(name: str) -> _Method:
    if name not in get_args(_Method):
        raise InputError(f"method = {name[:40]}: is not known", f"use {' or '.join(get_args(_Method))}")
    return "drag" if name == "drag" else "iterdrag"


def _refuse_unfit(config: DragConfig, question: str) -> None:
    if not question.strip():
        raise InputError("the question is empty", "ask something")
    refuse_pool(config.pool, config.m)


def refuse_pool(pool: str, m: int) -> None:
    """Raises InputError, before anything is loaded, where there is no file of questions to make demonstrations from."""
    if m and pool != BUILTIN:
        refuse_unreadable(Path(pool))


def _pool(
    session: "Session", request: "PoolRequest", config: IterDragConfig, flag: Flag
) -> "Iterator[Event | DemonstrationPool]":
    from engine.runtime import Cancelled, RunContext

    def work(rt: RunContext) -> "Iterator[Event | DemonstrationPool]":
        pool = yield from session.pools.pool(request, rt.asking(config.chat))
        yield pool

    try:
        yield from session.on_pair(session.context(flag), work)
    except Cancelled:
        return


def _print_pool(pool: "DemonstrationPool", output: Output) -> None:
    for member in pool.members:
        if output.json:
            output.line({"event": "demonstration", **msgspec.to_builtins(member)})
            continue
        output.console.print(f"{member.question}  {member.answer}", markup=False)
        for question, answer in member.steps:
            output.console.print(f"    {question}  {answer}", markup=False, style="bright_black")
    output.summary({
        "demonstrations": len(pool.members), "tried": pool.n_tried, "reused": pool.n_reused, "ms": pool.ms,
        "note": pool.note, "file": pool.key,
    })  # fmt: skip
