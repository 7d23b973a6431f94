"""Follows a run to its end for a command: prints, saves and summarises it."""

from collections.abc import Mapping

import msgspec

from engine import statistics
from engine.cli.exit_status import OK
from engine.cli.kept_log import KeptLog, Saving
from engine.cli.options import PairOptions, Settings
from engine.cli.output import Output, Value
from engine.cli.running import kept_as, loaded_session, run_events, stoppable, stopped
from engine.errors import EngineError
from engine.events import Event, QuestionAnswered, RoundFinished, RunFailed, RunFinished, RunStarted, Warned
from engine.experiments.prediction import best_gamma
from engine.experiments.recorded import recorded_run
from engine.method import MethodSpec
from engine.runs.round_cost import verdict
from engine.runs.summary import Summary, fold
from engine.settings import Request, make_config

_STYLES = {
    "accepted": "green underline",
    "rejected": "red strike",
    "untested": "bright_black",
    "unverified": "yellow underline",
}
_LAST_STYLES = {"correction": "bold blue", "bonus": "magenta"}


def follow(
    method: MethodSpec, pair: PairOptions, settings: Settings, request: Request, *, saving: Saving, json: bool
) -> int:
    """Load the pair, run the method, print the run as it proceeds, and last its summary; returns the exit status.

    Raises InputError before anything is loaded where a setting is out of its bounds or the trace exists."""
    output = Output(json=json)
    make_config(method.config, settings)
    kept = KeptLog(saving, output)
    run = FollowedRun(output, kept)
    session = loaded_session(pair, output)
    try:
        with stoppable() as flag:
            for event in run_events(session, method.name, settings, request, flag):
                run.add(event)
        run.end(RunFinished("cancelled", len(run.ids)))
    except EngineError as err:
        run.end(RunFailed(err.message, err.hint))
        raise
    finally:
        run.close()
    if not json:
        output.console.print()
    assert session.target is not None
    note = {"timing_pair": session.target.note} if session.target.note else {}
    fields = run_summary(run.summary, run.ids, run.text)
    fields["best_gamma"] = best = run.best_gamma()
    if not json and best == 0:
        fields["best_gamma"] = "0: leave it off"
    output.summary({**fields, **unverified_fields(run.summary), **run.answers(), **note, "run": kept.run_id})
    return stopped(output, f"{kept_as(kept.run_id)}; the same command begins anew") if flag.is_set() else OK


class FollowedRun:
    """Folds, saves and prints the events of the run."""

    def __init__(self, output: Output, kept: KeptLog) -> None:
        self.summary = Summary()
        self.ids: list[int] = []
        self.text = ""  # as it continues the prompt: alone, a tokenizer may write the same ids otherwise
        self._answers: dict[str, QuestionAnswered] = {}
        self._events: list[Event] = []
        self._output, self._kept = output, kept

    def add(self, event: Event) -> None:
        """Fold, save and print one event."""
        self.summary = fold(self.summary, event)
        self._events.append(event)
        self._kept.take(event)
        self._output.event(event)
        if isinstance(event, RunStarted) and event.messages:
            n_tokens = len(event.prompt_ids)
            self._output.note(f"asked through the chat template, {n_tokens} tokens; --raw continues the text as it is")
        if isinstance(event, RunStarted) and event.rules:
            self._output.note(
                f"rules for each token: {', '.join(event.rules)}; --no-generation-rules drops the model's"
            )
        match event:
            case RunStarted() if not self._output.json:
                self._output.console.print(event.prompt, end="", markup=False, style="bright_black")
            case RoundFinished():
                self.ids += event.emitted
                self.text += event.text
                if not self._output.json:
                    self._show(event)
            case QuestionAnswered():
                self._answers[event.system] = event
            case Warned():
                self._output.note(f"warning: {event.message}; {event.hint}")

    def end(self, event: RunFinished | RunFailed) -> None:
        """End the run where it began and did not end by itself."""
        if self.summary.state == "running":
            self.add(event)

    def close(self) -> None:
        """Close the log; a run that something else cut short, such as a closed output, ends as stopped."""
        if self.summary.state == "running":
            self._kept.take(RunFinished("cancelled", len(self.ids)))
        self._kept.close()

    def best_gamma(self) -> int | None:
        """The draft length with which the run would have been fastest."""
        recorded = recorded_run(self._events)
        return None if recorded is None else best_gamma(recorded)

    def answers(self) -> Mapping[str, Value]:
        """The answers from documents, by system; no field where there are none."""
        if not self._answers:
            return {}
        return {"systems": {name: msgspec.to_builtins(answer) for name, answer in self._answers.items()}}

    def _show(self, event: RoundFinished) -> None:
        shown = event.in_a_row if self._output.console.is_terminal else event.in_a_row[: len(event.emitted) - 1]
        for token in shown:
            self._output.console.print(token.text, end="", markup=False, style=_STYLES[token.fate])
        if event.last is not None:
            self._output.console.print(event.last.text, end="", markup=False, style=_LAST_STYLES[event.last.kind])


def run_summary(summary: Summary, ids: list[int], text: str) -> dict[str, Value]:
    """The fields of a run's summary object; `best_gamma` is known to a replay of its rounds alone."""
    per_s = 1e3 / summary.ms_per_token if summary.ms_per_token else None
    plain_ms = summary.baseline_ms_per_token
    return {
        "tokens": ids,
        "text": text,
        "alpha": summary.alpha,
        "alpha_ci": _pair(summary.alpha_ci),
        "alpha_overlap": summary.alpha_overlap,
        "efficiency": summary.efficiency,
        "tau": summary.tau,
        "predicted_tau": summary.predicted_tau,
        "gamma": summary.gamma,
        "policy": summary.policy or "fixed",
        "decisions": summary.n_decisions,
        "mean_draft": summary.mean_draft if summary.n_drafted else None,
        "drafted_share": summary.drafted_share if summary.n_drafted else None,
        "c": summary.c,
        "verify_ratio": summary.verify_ratio,
        "predicted_speedup": summary.predicted_speedup,
        "best_gamma": None,
        "ms_per_token": summary.ms_per_token,
        "tokens_per_s": per_s,
        "baseline_ms_per_token": plain_ms,
        "baseline_tokens_per_s": 1e3 / plain_ms if plain_ms else None,
        "speedup": summary.speedup,
        "speedup_ci": _pair(summary.speedup_ci),
        "speedup_range": _pair(summary.speedup_range),
        "verdict": verdict(summary),
        "n_repeats": summary.n_repeats,
        "disturbances": list(summary.disturbances),
        "same_as_baseline": summary.same,
        "first_divergence": summary.first_divergence,
        "margin": summary.margin,
        "plain_divergence": summary.plain_divergence,
        "prefill_ms": summary.prefill_ms,
        "ttft_ms": summary.ttft_ms,
        "tpot_ms": summary.tpot_ms,
        "itl_ms": summary.itl_ms,
        "n_rounds": summary.n_rounds,
        "n_reasoning": summary.n_reasoning,
        "chat": summary.chat,
        "rules": list(summary.rules),
        "reason": summary.reason or "cancelled",
        "workload": "one prompt",
    }


def unverified_fields(summary: Summary) -> dict[str, Value]:
    """What a gate let through, and what its audits say; no field for a run without any."""
    if not summary.n_unverified:
        return {}
    share = summary.audited_wrong / summary.n_audited if summary.n_audited else None
    return {"gated": summary.n_unverified, "audited": summary.n_audited, "audited_wrong": share}


def _pair(interval: statistics.Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)
