"""`draftscope decode`: one prompt, one pair, with the measured baseline."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from engine import speed_model
from engine.cli.exit_status import OK, STOPPED
from engine.cli.options import Json, PairOptions, Settings, with_options
from engine.cli.output import Output, Value
from engine.cli.running import loaded_session, run_events, stoppable
from engine.errors import EngineError, InputError
from engine.events import Event, RoundFinished, RunFailed, RunFinished, RunStarted
from engine.methods.plain.config import PlainConfig
from engine.methods.speculative.config import SpeculativeConfig
from engine.runs.summary import Summary, fold
from engine.runs.trace import TraceWriter
from engine.settings import Request, make_config

_STYLES = {"accepted": "green underline", "rejected": "red strike", "untested": "bright_black"}
_LAST_STYLES = {"correction": "bold blue", "bonus": "magenta"}


@with_options(SpeculativeConfig)
def decode(
    *,
    pair: PairOptions,
    settings: Settings,
    prompt: Annotated[str | None, typer.Option(help="the text to continue")] = None,
    prompt_file: Annotated[Path | None, typer.Option(help="a UTF-8 text file to continue")] = None,
    trace: Annotated[Path | None, typer.Option(help="save the run to this new file")] = None,
    json: Json = False,
) -> int:
    """Continue one prompt, drafting and verifying, and compare with plain decoding."""
    output = Output(json=json)
    request = Request(read_prompt(prompt, prompt_file))
    method, chosen = _method(pair, settings)
    make_config(SpeculativeConfig, settings)
    if trace is not None and trace.exists():
        raise InputError(f"{trace} exists already", "name a new file for the run")
    session = loaded_session(pair, output)
    log = _Log(output, trace)
    try:
        with stoppable() as flag:
            for event in run_events(session, method, chosen, request, flag):
                log.add(event)
    except EngineError as err:
        log.end(RunFailed(err.message, err.hint))
        raise
    log.end(RunFinished("cancelled", len(log.ids)))
    if not json:
        output.console.print()
    assert session.target is not None
    said = {"timing_pair": session.target.note} if session.target.note else {}
    output.summary({**run_summary(log.summary, log.ids, session.target.texts.text(log.ids)), **said})
    return STOPPED if flag.is_set() else OK


def read_prompt(prompt: str | None, file: Path | None) -> str:
    """The prompt from one of two places. Raises InputError: none, both, missing or not text, empty."""
    if (prompt is None) == (file is None):
        raise InputError("give exactly one of --prompt and --prompt-file", 'for instance --prompt "The harbour"')
    if file is not None:
        try:
            prompt = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as err:
            raise InputError(f"the prompt file {file} cannot be read ({err})", "name a UTF-8 text file") from err
    assert prompt is not None
    if not prompt.strip():
        raise InputError("the prompt is empty", "write at least one word")
    return prompt


def _method(pair: PairOptions, settings: Settings) -> tuple[str, Settings]:
    """Without a drafter it is plain decoding, which knows fewer settings."""
    if pair.chosen_drafter() != "none":
        return "speculative", settings
    return "plain", {name: settings[name] for name in PlainConfig.__struct_fields__}


class _Log:
    """Folds, saves and prints the events of the run."""

    def __init__(self, output: Output, trace: Path | None) -> None:
        self.summary = Summary()
        self.ids: list[int] = []
        self._output = output
        self._trace = trace
        self._writer: TraceWriter | None = None

    def add(self, event: Event) -> None:
        """Take in one event."""
        self.summary = fold(self.summary, event)
        self._save(event)
        self._output.event(event)
        if isinstance(event, RunStarted) and not self._output.json:
            self._output.console.print(event.prompt, end="", markup=False, style="bright_black")
        if isinstance(event, RoundFinished):
            self.ids += event.emitted
            if not self._output.json:
                self._show(event)

    def end(self, event: RunFinished | RunFailed) -> None:
        """Close a run that began and did not end by itself."""
        if self.summary.state == "running":
            self.add(event)

    def _save(self, event: Event) -> None:
        """Append to the trace; where the disk refuses, the run goes on without one."""
        try:
            if self._trace is not None and isinstance(event, RunStarted):
                self._writer = TraceWriter(self._trace)
            if self._writer is not None:
                self._writer.write(event)
        except EngineError as err:
            self._writer = None
            self._output.note(str(err))

    def _show(self, event: RoundFinished) -> None:
        shown = event.proposed if self._output.console.is_terminal else event.proposed[: len(event.emitted) - 1]
        for token in shown:
            self._output.console.print(token.text, end="", markup=False, style=_STYLES[token.fate])
        if event.last is not None:
            self._output.console.print(event.last.text, end="", markup=False, style=_LAST_STYLES[event.last.kind])


def run_summary(summary: Summary, ids: list[int], text: str) -> Mapping[str, Value]:
    """The fields of a run's summary object."""
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
        "c": summary.c,
        "verify_ratio": summary.verify_ratio,
        "predicted_speedup": summary.predicted_speedup,
        "best_gamma": _best_gamma(summary),
        "ms_per_token": summary.ms_per_token,
        "tokens_per_s": per_s,
        "baseline_tokens_per_s": 1e3 / plain_ms if plain_ms else None,
        "speedup": summary.speedup,
        "speedup_ci": _pair(summary.speedup_ci),
        "same_as_baseline": summary.same,
        "first_divergence": summary.first_divergence,
        "margin": summary.margin,
        "prefill_ms": summary.prefill_ms,
        "ttft_ms": summary.ttft_ms,
        "tpot_ms": summary.tpot_ms,
        "itl_ms": summary.itl_ms,
        "n_rounds": summary.n_rounds,
        "reason": summary.reason or "cancelled",
        "workload": "one prompt",
    }


def _best_gamma(summary: Summary) -> int | None:
    if summary.alpha is None or summary.c is None:
        return None
    return speed_model.best_gamma(summary.alpha, summary.c)


def _pair(interval: speed_model.Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)
