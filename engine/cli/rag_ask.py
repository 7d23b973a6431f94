"""`draftscope rag ask`: answers one question by Speculative RAG beside standard RAG."""

from typing import Annotated

import msgspec
import typer

from engine.cli.exit_status import OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import Json, NoSave, PairOptions, Settings, Trace, with_options
from engine.cli.output import Output, Value
from engine.cli.running import loaded_session, run_events, stoppable, stopped
from engine.errors import EngineError, InputError
from engine.events import Event, PhaseFinished, RunFailed, RunFinished, RunStarted, Warned
from engine.events.answers import (
    CandidateScored,
    CostPredicted,
    DraftFinished,
    ForcedBy,
    Partitioned,
    PromptRead,
    QuestionAnswered,
    Reader,
    Retrieved,
    System,
    VerifierTested,
)
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.rag.foreign import foreign_documents
from engine.settings import Request, make_config

_Question = Annotated[str, typer.Option(help="what to answer from the documents")]
_TITLES: dict[System, str] = {
    "speculative_rag": "Speculative RAG",
    "speculative_rag_stored": "Speculative RAG, clustered by the vectors of the index",
    "standard_rag": "standard RAG",
    "standard_rag_speculative": "standard RAG, speculated token by token",
    "drafter_alone": "drafter alone",
    "random_choice": "a draft by chance",
    "zero_shot": "zero-shot",
    "many_shot": "many-shot",
    "drag": "DRAG",
    "iterdrag": "IterDRAG",
    "iterdrag_popular": "IterDRAG, popular variant",
}

_FORCED: dict[ForcedBy, str] = {
    "end": "response begun for the drafter: its rationale ended",
    "line": "response begun for the drafter: its rationale ended with its line",
    "length": "response begun for the drafter: its rationale had its share of tokens",
}


@with_options(SpeculativeRagConfig, hidden=("stop_at_end",))
def rag_ask(
    *, pair: PairOptions, settings: Settings, question: _Question, trace: Trace = None, no_save: NoSave = False,
    json: Json = False,
) -> int:  # fmt: skip
    """Answer a question from an index: drafts from subsets of its passages, the best one chosen by the target."""
    output = Output(json=json)
    make_config(SpeculativeRagConfig, settings)
    if not question.strip():
        raise InputError("the question is empty", "ask something")
    report = _AnswerReport(output, KeptLog(Saving(no_save, trace), output))
    models = rag_pair(pair)
    if (warning := foreign_documents(str(settings["index"]), models.target, models.drafter)) is not None:
        output.note(f"warning: {warning}")
    session = loaded_session(models, output)
    try:
        with stoppable() as flag:
            for event in run_events(session, "speculative_rag", settings, Request(question), flag):
                report.take(event)
        if flag.is_set():
            report.take(RunFinished("cancelled", 0))
    except EngineError as err:
        report.take(RunFailed(err.message, err.hint))
        raise
    finally:
        report.close()
    output.summary(report.summary()) if json else report.account()
    return stopped(output, "what was answered so far is above; the same command asks anew") if flag.is_set() else OK


def rag_pair(pair: PairOptions) -> PairOptions:
    """The pair with a drafter that is a model: for `auto`, the built-in one for RAG beside the built-in target."""
    if pair.drafter != "auto":
        return pair
    if pair.target != "builtin":
        raise InputError("no drafter is named to draft the answers", "name a model with --drafter")
    return msgspec.structs.replace(pair, drafter="builtin:rag")


class _AnswerReport:
    """Prints and saves the events of an answer and remembers what its summary needs."""

    def __init__(self, output: Output, kept: KeptLog) -> None:
        self._output, self._kept = output, kept
        self._is_running = False
        self._retrieved: Retrieved | None = None
        self._partitioned: Partitioned | None = None
        self._drafts: dict[int, DraftFinished] = {}
        self._scores: dict[int, CandidateScored] = {}
        self._answers: dict[System, QuestionAnswered] = {}
        self._costs: dict[System, CostPredicted] = {}
        self._phases: dict[str, float] = {}
        self._verifier: VerifierTested | None = None
        self._chat: set[Reader] = set()

    def take(self, event: Event) -> None:
        """Save, print and remember one event."""
        self._kept.take(event)
        self._is_running = not isinstance(event, RunFinished | RunFailed) and (
            self._is_running or isinstance(event, RunStarted)
        )
        self._output.event(event)
        match event:
            case Retrieved():
                self._retrieved = event
            case PromptRead(chat=True):
                self._chat.add(event.reader)
            case Partitioned():
                self._partitioned = event
            case DraftFinished():
                self._drafts[event.draft] = event
            case CandidateScored():
                self._scores[event.draft] = event
            case QuestionAnswered():
                self._answers[event.system] = event
            case VerifierTested():
                self._verifier = event
            case CostPredicted():
                self._costs[event.system] = event
            case PhaseFinished():
                self._phases[event.phase] = event.ms
            case Warned():
                self._output.note(f"warning: {event.message}; {event.hint}")

    def close(self) -> None:
        """Close the log; what something else cut short, such as a closed output, ends as stopped."""
        if self._is_running:
            self._kept.take(RunFinished("cancelled", 0))
        self._kept.close()

    def summary(self) -> dict[str, Value]:
        """The fields of the summary; null for what was not reached."""
        speculative, standard = self._answers.get("speculative_rag"), self._answers.get("standard_rag")
        scores = [msgspec.structs.asdict(score) for _, score in sorted(self._scores.items())]
        return {
            "answer": None if speculative is None else speculative.answer,
            "rationale": None if speculative is None else speculative.rationale,
            "scores": msgspec.to_builtins(scores),
            "winner": None if speculative is None else speculative.winner,
            "margin": None if speculative is None else speculative.margin,
            "latency_ms": None if speculative is None else speculative.latency_ms,
            "baseline_answer": None if standard is None else standard.answer,
            "baseline_latency_ms": None if standard is None else standard.latency_ms,
            "latency_cut": _cut(speculative, standard),
            "systems": {name: msgspec.to_builtins(answer) for name, answer in self._answers.items()},
            "predicted_ms": {name: cost.predicted_ms for name, cost in self._costs.items()},
            "phases_ms": self._phases,
            "verifier": verifier_fields(self._verifier),
            "asked_as_chat": sorted(self._chat),
            "notes": self._notes(),
            "run": self._kept.run_id,
        }

    def _notes(self) -> list[str]:
        notes = [event.note for event in (self._retrieved, self._partitioned) if event is not None]
        return [*filter(None, notes), *(f"draft {i}: {d.why}" for i, d in self._drafts.items() if d.why)]

    def account(self) -> None:
        """Print a short account for people."""
        write = self._output.console.print
        for i, draft in sorted(self._drafts.items()):
            score, sources = self._scores.get(i), self._sources(draft)
            marks = "*" if self._is_winner(i) else " "
            ends = draft.why if score is None else f"log score {score.log_score:.2f}"
            forced = f"; {_FORCED[draft.forced_by]}" if draft.forced_by else ""
            write(
                f"{marks} draft {i + 1} from {sources}: {draft.response or 'no response'} ({ends}{forced})",
                markup=False,
            )
            write(f"    {draft.rationale}", markup=False, style="bright_black")
        write()
        for name, answer in self._answers.items():
            write(f"{_TITLES[name]}: {answer.answer or 'no answer'} ({answer.latency_ms:.0f} ms)", markup=False)
        if self._verifier is not None:
            write(verifier_line(self._verifier), markup=False)
        if self._chat:
            readers = " and ".join(sorted(self._chat))
            self._output.note(f"asked through the chat template: {readers}; --raw continues the text as it is")
        for note in self._notes():
            self._output.note(note)

    def _is_winner(self, draft: int) -> bool:
        speculative = self._answers.get("speculative_rag")
        return speculative is not None and speculative.winner == draft

    def _sources(self, draft: DraftFinished) -> str:
        """The passages a draft was made from; those it cites are marked."""
        if self._partitioned is None or self._retrieved is None:
            return "-"
        places = self._partitioned.subsets[draft.draft]
        return ", ".join(f"[{place + 1}]{'!' if place in draft.cited else ''}" for place in places)


def verifier_line(tested: VerifierTested) -> str:
    """How the target judges cases with known responses, and whether it can verify at all."""
    able = "can judge" if tested.can_judge else "CANNOT JUDGE: its choice is chance"
    return (
        f"verifier {tested.target}: {able} ({tested.n_right} of {tested.n_cases} test cases right, Yes and No have "
        f"{tested.mass:.0%} of its probability)"
    )


def verifier_fields(tested: VerifierTested | None) -> Value:
    """The same for the summary; null where it was not tested."""
    if tested is None:
        return None
    return {
        "target": tested.target, "can_judge": tested.can_judge, "n_right": tested.n_right, "n_cases": tested.n_cases,
        "mass": tested.mass,
    }  # fmt: skip


def _cut(answer: QuestionAnswered | None, plain: QuestionAnswered | None) -> float | None:
    """The share of standard RAG's time that is saved; None where one of them has no answer."""
    if answer is None or plain is None or not (answer.answered and plain.answered and plain.latency_ms):
        return None
    return 1 - answer.latency_ms / plain.latency_ms
