"""What the report of a single run says.

* imports neither Qt nor torch."""

from collections.abc import Sequence

from engine.events import Event, QuestionAnswered, RoundFinished, RunStarted
from engine.reports import charts, words
from engine.reports.charts import ChartSeries
from engine.reports.document import (
    Block,
    BulletList,
    FactList,
    Paragraph,
    ReportDocument,
    ReportedText,
    ReportSection,
    TableBlock,
    TextsBlock,
)
from engine.reports.single_tables import of_run, summary_of
from engine.reports.svg import Plot
from engine.reports.texts import cut, round_tokens
from engine.runs.summary import Summary

_MOST_POINTS = 400
_SPEED = ("speedup", "predicted_speedup", "ms_per_token", "plain_ms_per_token", "prefill_ms", "ttft_ms", "tpot_ms")
_ACCEPTANCE = ("alpha", "tau", "efficiency", "c", "n_rounds", "n_tokens")


def document(events: Sequence[Event], started: RunStarted) -> ReportDocument:
    """The report of a run."""
    summary = summary_of(events)
    rounds = [event for event in events if isinstance(event, RoundFinished)]
    figures = of_run(events)["figures"]
    plots = tuple(plot for plot in (_positions(summary), _times(rounds)) if plot is not None)
    sections = (
        ReportSection("Figures", _figure_blocks(summary, TableBlock(figures.only(*_SPEED)._replace(title="Speed")),
            TableBlock(figures.only(*_ACCEPTANCE)._replace(title="Acceptance")))),
        ReportSection("Rounds", plots),
        ReportSection("Text", _text(events, rounds, started)),
        ReportSection("How it was measured", (BulletList(_method_lines(summary, started)),)),
        ReportSection("Settings and machine", _settings(started)),
    )  # fmt: skip
    return ReportDocument(
        " with ".join(name for _, name in _pair(started)),
        f"{started.method} · {started.device} {started.dtype} · {words.utc(started.started_utc)}",
        _opening(summary),
        tuple(section for section in sections if section.blocks),
    )


def _figure_blocks(summary: Summary, speed: TableBlock, acceptance: TableBlock) -> tuple[Block, ...]:
    return (speed, acceptance) if summary.n_rounds else ()


def _opening(summary: Summary) -> tuple[Block, ...]:
    blocks: list[Block] = [Paragraph(headline(summary), "headline")]
    if summary.same is True:
        blocks.append(Paragraph("Same text ✓ exactly what plain decoding writes.", "good"))
    if summary.same is False:
        at = "" if summary.first_divergence is None else f" from token {summary.first_divergence + 1} on"
        margin = "" if summary.margin is None else f" (top-2 margin there {summary.margin:.3g})"
        blocks.append(Paragraph(f"Other text ✗ it differs from plain decoding{at}{margin}.", "bad"))
    if summary.state == "failed":
        blocks.append(Paragraph(f"The run failed: {summary.failure}; {summary.hint}", "bad"))
    elif summary.state == "running":
        blocks.append(Paragraph("The log ends before the run does.", "bad"))
    elif summary.reason == "cancelled":
        blocks.append(Paragraph("The run was stopped early.", "bad"))
    return tuple(blocks)


def headline(summary: Summary) -> str:
    """The result in one sentence."""
    speedup = summary.measured_speedup
    if speedup is not None:
        ends = words.extent(speedup)
        over = words.counted(speedup.n, "repeat", "repeats")
        around = f"{'95 % interval ' if speedup.ci else ''}{ends.low:.2f} to {ends.high:.2f} over " if ends else ""
        loss = ": slower here" if speedup.value < 1 else ""
        return f"{words.times(speedup.value)} as fast as plain decoding ({around}{over}){loss}"
    if summary.ms_per_token:
        return f"{1000 / summary.ms_per_token:,.0f} tokens per second; plain decoding was not measured"
    return "Nothing was decoded"


def _positions(summary: Summary) -> Plot | None:
    points = tuple((float(i), at.n_accepted / at.n_tested) for i, at in enumerate(summary.positions, 1) if at.n_tested)
    if not points:
        return None
    caption = "How often the token at each position of the draft is accepted, of those tested there. Higher is better."
    axes = "position in the draft", "accepted of tested"
    series = (ChartSeries(summary.drafter, 0, points),)
    return charts.lines("Acceptance by position", caption, axes, series, top_value=1.0)


def _times(rounds: Sequence[RoundFinished]) -> Plot | None:
    if len(rounds) < 2:
        return None
    step = -(-len(rounds) // _MOST_POINTS)
    kept = rounds[::step]
    series = [ChartSeries("verifying", 0, tuple((event.round + 1.0, event.verify_ms) for event in kept))]
    if any(event.draft_ms for event in kept):
        series.append(ChartSeries("drafting", 1, tuple((event.round + 1.0, event.draft_ms) for event in kept)))
    every = "" if step == 1 else f" Every {step}. round is drawn."
    caption = f"Time that drafting and verifying take in each round. Lower is better.{every}"
    return charts.lines("Time of each round", caption, ("round", "ms"), series)


def _text(events: Sequence[Event], rounds: Sequence[RoundFinished], started: RunStarted) -> tuple[Block, ...]:
    answers = [event.answer for event in events if isinstance(event, QuestionAnswered)]
    blocks: list[Block] = [Paragraph(f"Answer: {answer}" if answer else "No answer") for answer in answers]
    if any(event.lane for event in rounds):
        return (Paragraph(f"Question: {started.prompt}", "note"), *blocks)
    tokens, left_out = cut(round_tokens(rounds))
    return (*blocks, TextsBlock(started.prompt, (ReportedText("", 0, tokens, left_out),)))


def _method_lines(summary: Summary, started: RunStarted) -> tuple[str, ...]:
    lines = [
        "Reading the prompt (prefill) is timed apart from decoding.",
        "α is accepted ÷ (accepted + rejected); draft efficiency is accepted ÷ proposed, which other programs call "
        "acceptance. τ is tokens per target call; plain decoding has 1.00.",
    ]
    if summary.measured_speedup is not None:
        lines.append("Plain and speculative blocks took turns; the speedup is of their decoding times.")
    else:
        lines.append("Plain decoding was not measured in this run, so no speedup is stated.")
    return (*lines, started.note) if started.note else tuple(lines)


def _settings(started: RunStarted) -> tuple[Block, ...]:
    forward = (("forward pass", started.runtime),) if started.runtime else ()
    machine = (("device", f"{started.device}, {started.dtype}"), *forward, *started.versions)
    settings = tuple((words.setting(name), str(value)) for name, value in started.settings)
    identity = ("run", started.run_id), *_pair(started)
    return FactList(settings, "Settings"), FactList(machine, "Machine"), FactList(identity, "Identity")


def _pair(started: RunStarted) -> tuple[tuple[str, str], ...]:
    return ("target", words.model(started.target, "target")), ("drafter", words.model(started.drafter, "drafter"))
