"""`draftscope rag eval`: asks Speculative RAG and its baselines questions with known answers."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.table import Table

from engine.cli.exit_status import OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import Json, NoSave, PairOptions, Settings, WorldForm, refuse_above, with_options
from engine.cli.output import Output, Value
from engine.cli.rag_ask import rag_pair, verifier_fields, verifier_line
from engine.cli.running import loaded_session, stoppable, stopped
from engine.documents.sources import BUILTIN
from engine.errors import InputError
from engine.evaluation.config import USUAL_KINDS, listed, world_kinds
from engine.evaluation.datasets import refuse_unreadable
from engine.evaluation.figures import figures
from engine.evaluation.file import Grid, QuestionLine, every_sampling
from engine.events import EvaluationMeasured, Event, Progressed, Warned
from engine.events.answers import System, VerifierTested
from engine.events.evaluation import Figures
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.rag.foreign import foreign_documents
from engine.settings import make_config, settings_of
from engine.statistics import Interval
from engine.world.questions import QUESTION_KINDS

if TYPE_CHECKING:
    from engine.evaluation.run import EvaluationPlan, Opened

_Dataset = Annotated[str, typer.Option(help="builtin, a fresh world of the seed; or a .jsonl file of questions")]
_Questions = Annotated[int, typer.Option(help="questions at most: of a world the kinds in turn, of a file by the seed")]
Kinds = Annotated[
    str,
    typer.Option(
        help=f"separated by commas; all of a file, of a built-in world {','.join(USUAL_KINDS)} unless given of "
        f"{', '.join(QUESTION_KINDS)}",
        show_default=False,
    ),
]
_Index = Annotated[str, typer.Option(help="index of the documents, where they do not come with the questions")]
_Embedder = Annotated[str, typer.Option(help="builtin, a folder, or a hub id in the cache; an index has its own")]
_Ablation = Annotated[bool, typer.Option("--ablation", help="also every sampling with every choice of scores, m and k")]
_AblationM = Annotated[str, typer.Option(help="numbers of drafts to go through, such as 1,5,10; m unless given")]
_AblationK = Annotated[str, typer.Option(help="passages a draft to go through, such as 1,2,4; k unless given")]
_Scaling = Annotated[
    bool,
    typer.Option(
        "--scaling", help="also zero-shot, many-shot, DRAG, IterDRAG and its popular variant, over n documents"
    ),
]
_Shots = Annotated[int, typer.Option(help="demonstrations of those")]
_Iterations = Annotated[int, typer.Option(help="follow-up questions of IterDRAG at most")]
_MOST_SHOTS, _MOST_ITERATIONS = 256, 20
_MOST = 100
_NAMES: dict[System, str] = {
    "speculative_rag": "speculative",
    "speculative_rag_stored": "index vectors",
    "standard_rag": "standard",
    "standard_rag_speculative": "standard, γ",
    "drafter_alone": "drafter",
    "random_choice": "chance",
    "zero_shot": "zero-shot",
    "many_shot": "many-shot",
    "drag": "DRAG",
    "iterdrag": "IterDRAG",
    "iterdrag_popular": "popular",
}


@with_options(SpeculativeRagConfig, hidden=("stop_at_end", "index", "projection", "baselines"))
def rag_eval(
    *,
    pair: PairOptions,
    settings: Settings,
    dataset: _Dataset = "builtin",
    questions: _Questions = 100,
    kinds: Kinds = "",
    index: _Index = "",
    embedder: _Embedder = "builtin",
    form: WorldForm = "pages",
    ablation: _Ablation = False,
    ablation_m: _AblationM = "",
    ablation_k: _AblationK = "",
    scaling: _Scaling = False,
    shots: _Shots = 4,
    iterations: _Iterations = 5,
    no_save: NoSave = False,
    json: Json = False,
) -> int:
    """Measure accuracy and latency of Speculative RAG and its baselines; run it again to continue after a stop."""
    config = make_config(SpeculativeRagConfig, settings)
    if questions < 1:
        raise InputError(f"questions = {questions}: must be >= 1", "100 is a good beginning")
    refuse_above("questions", questions, 1_000_000)
    if not ablation and (ablation_m or ablation_k):
        raise InputError("there is no ablation to go through m or k in", "add --ablation")
    refuse_above("shots", shots, _MOST_SHOTS)
    refuse_above("iterations", iterations, _MOST_ITERATIONS)
    if shots < 0 or iterations < 1:
        raise InputError(f"shots = {shots}, iterations = {iterations}: too few", "use at least 0 and 1")
    grid = Grid()
    if ablation:
        m, k = _numbers("ablation-m", ablation_m, config.m), _numbers("ablation-k", ablation_k, config.k)
        grid = every_sampling(m, k)
    if dataset != "builtin":
        refuse_unreadable(Path(dataset))
    from engine.evaluation.run import EvaluationPlan
    from engine.evaluation.turns import ScalingSystems
    from engine.world.pages import form_of

    systems = ScalingSystems(shots, iterations, index or BUILTIN) if scaling else None
    plan = EvaluationPlan(
        dataset, questions, listed(checked_kinds(kinds, dataset)), index, embedder, config, grid, form_of(form), systems
    )
    output, models = Output(json=json), rag_pair(pair)
    with KeptLog(Saving(no_save), output) as kept:
        return _evaluate(plan, models, output, kept)


def _numbers(name: str, text: str, otherwise: int) -> tuple[int, ...]:
    """Parse the distinct numbers of a list. Raises InputError."""
    parts = [part.strip() for part in text.split(",")] if text else [str(otherwise)]
    if not all(part.isdecimal() and len(part) < 10 and 1 <= int(part) <= _MOST for part in parts):
        raise InputError(f"{name} = {text}: is no list of numbers from 1 to {_MOST}", "write it as 1,5,10")
    return tuple(dict.fromkeys(map(int, parts)))


def checked_kinds(text: str, dataset: str) -> str:
    """The kinds that are wanted; of a file they are known once it is read. Raises InputError: a world has no such."""
    if dataset == BUILTIN:
        world_kinds(listed(text))
    return text


def _evaluate(plan: "EvaluationPlan", pair: PairOptions, output: Output, kept: KeptLog) -> int:
    from engine.runtime import Cancelled
    from engine.session.evaluate import answers
    from engine.session.work_start import started_on_pair

    session = loaded_session(pair, output)
    report = _EvaluationReport(output)
    with stoppable() as flag, closing(answers(session, plan, flag)) as items:
        try:
            for place, item in enumerate(items):
                if not place and (
                    warning := foreign_documents(plan.index_spec or plan.dataset, pair.target, pair.drafter)
                ):
                    output.note(f"warning: {warning}")
                if isinstance(item, QuestionLine) and not kept.started:
                    settings = settings_of(plan.config)
                    kept.take(
                        started_on_pair(session.pair_in_use, "evaluation", "speculative_rag", settings, plan.dataset)
                    )
                report.take(item)
                if flag.is_set():
                    break
        except Cancelled:
            pass
    report.end(kept)
    return OK if report.complete else stopped(output, "run it again to go on")


class _EvaluationReport:
    """Prints the items of an evaluation and remembers what its summary needs."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._opened: Opened | None = None
        self._lines: list[QuestionLine] = []
        self._figures: Figures | None = None
        self._verifier: VerifierTested | None = None

    @property
    def complete(self) -> bool:
        """Whether every question was asked."""
        return self._figures is not None

    def take(self, item: "Event | Opened | QuestionLine | Figures") -> None:
        """Print and remember one item."""
        match item:
            case Figures():
                self._figures = item
            case QuestionLine():
                self._lines.append(item)
                if self._output.json:
                    self._output.line(msgspec.to_builtins(item))
            case Progressed() | Warned():
                self._print_event(item)
            case VerifierTested():
                self._verifier = item
                self._output.event(item)
            case Event():
                pass
            case _:
                self._opened = item

    def _print_event(self, event: Event) -> None:
        if isinstance(event, Warned):
            self._output.note(f"warning: {event.message}; {event.hint}")
        self._output.event(event)

    def end(self, kept: KeptLog) -> None:
        """Save and print the summary of all questions so far."""
        if self._opened is None:
            return  # stopped before the first question
        stopped = not self.complete
        path, head = self._opened
        result = self._figures or figures(head, self._lines)
        kept.take(EvaluationMeasured(str(path), result, complete=not stopped))
        if stopped:
            kept.stopped()
        if self._output.json:
            summary: dict[str, Value] = msgspec.to_builtins(result)
            more: dict[str, Value] = {
                "verifier": verifier_fields(self._verifier),
                "seed": head.settings["seed"],
                "stopped": stopped,
                "file": str(path),
                "run": kept.run_id,
            }
            self._output.summary({**summary, **more})
            return
        _print_account(result, self._output)
        if self._verifier is not None:
            self._output.console.print(verifier_line(self._verifier), markup=False)
        self._output.note(str(path))


def _print_account(result: Figures, output: Output) -> None:
    """Print tables for people."""
    n_bare = result.n_answered - (result.n_answered if result.n_scored is None else result.n_scored)
    bare = f", {n_bare} of them without a known answer: not scored" if n_bare else ""
    output.console.print(f"{result.dataset}: {result.n_answered} of {result.n_questions} questions{bare}")
    output.console.print(_systems(result))
    if len(result.kinds) > 1:
        output.console.print(_by_kind(result))
    for name, counts in (("Speculative RAG", result.faults), ("standard RAG", result.standard_faults)):
        output.console.print(f"wrong answers of {name}: " + ", ".join(f"{what} {n}" for what, n in counts.items()))
    output.console.print(f"passages and drafts: {_evidence(result)}")
    phases = ", ".join(f"{phase} {ms:.0f} ms" for phase, ms in result.phases_ms.items())
    output.console.print(f"phases of the median question: {phases}")
    if result.ablation:
        output.console.print(_ablation(result))
    for name, why in result.failed.items():
        output.note(f"not answered: {name}: {why}")


def _evidence(result: Figures) -> str:
    """The shares of questions at each point where answers can fail."""
    if result.evidence is None:
        return "-"
    shares = msgspec.structs.asdict(result.evidence).items()
    return ", ".join(f"{what.replace('_', ' ')} {share:.2f}" for what, share in shares if share is not None)


def _table(*heads: str) -> Table:
    table = Table(*heads, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _systems(result: Figures) -> Table:
    table = _table("", "accuracy", "to standard", "exact", "F1", "read", "latency", "cut")
    for name, row in result.systems.items():
        accuracy = f"{_score(row.accuracy)}{_interval(row.accuracy_ci)}"
        accuracy += f", {row.n_no_answer} without an answer" if row.n_no_answer else ""
        difference = _signed(row.accuracy_difference, row.accuracy_difference_ci)
        cut = (
            ""
            if row.latency_cut is None
            else f"{row.latency_cut:.0%}{_interval(row.latency_cut_ci, times=100) or _range(row.latency_cut_range)}"
        )
        exact = f"{_score(row.exact)}{_interval(row.exact_ci)}"
        read = f"{row.effective_context:,.0f}"
        table.add_row(_NAMES[name], accuracy, difference, exact, _score(row.f1), read, f"{row.latency_ms:.0f} ms", cut)
    return table


def _by_kind(result: Figures) -> Table:
    table = _table("accuracy", "n", *(_NAMES[name] for name in result.systems))
    for kind, row in result.kinds.items():
        shares = (_score(row.systems[name].accuracy) for name in result.systems)
        table.add_row(kind or "-", str(row.n), *shares)
    return table


def _ablation(result: Figures) -> Table:
    table = _table("ablation", "accuracy", "difference")
    for cell in result.ablation:
        table.add_row(cell.setting, f"{cell.accuracy:.2f}", _signed(cell.difference, cell.difference_ci))
    return table


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _signed(difference: float | None, ci: Interval | None) -> str:
    return "" if difference is None else f"{difference:+.2f}{_interval(ci)}"


def _range(extremes: Interval | None) -> str:
    """The smallest and the largest question, where these are too few for an interval."""
    return "" if extremes is None else f" ({100 * extremes.low:.0f} to {100 * extremes.high:.0f})"


def _interval(interval: Interval | None, *, times: int = 1) -> str:
    digits = 2 if times == 1 else 0
    return "" if interval is None else f" [{times * interval.low:.{digits}f}, {times * interval.high:.{digits}f}]"
