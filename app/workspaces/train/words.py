"""Describes a training in words: its progress, its messages and how it ended."""

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words import pace, quantities
from app.words.counts import count
from app.words.hints import hint_line
from app.workspaces.train.record import TrainingRecord
from engine.events import (
    CheckpointSaved,
    DrafterMeasured,
    Event,
    LayersTried,
    Progressed,
    Refused,
    RunFailed,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
    Warned,
)
from engine.training import prospects
from engine.training.drafter_config import StartName


def tr(text: str) -> str:
    """Translate a text about training."""
    return QCoreApplication.translate("training", text)


def state(record: TrainingRecord, at: Progressed | None) -> str:
    """Describe what the engine does for the training under way."""
    if record.held:
        return tr("training is held")
    if at is None:
        return tr("preparing to train")
    return ", ".join(filter(None, (_stage(at), pace.amount(at), pace.left(at))))


def _stage(at: Progressed) -> str:
    """What a training is at."""
    phases = {
        "loading": tr("loading the target"),
        "tokenizing": tr("reading the text"),
        "sampling": tr("the target writes text to learn from"),
        "measuring": tr("measuring the drafter"),
        "training": tr("training"),
    }
    return phases.get(at.phase, tr("preparing to train"))


def ending(record: TrainingRecord) -> str:
    """Describe how the newest training ended, where none is under way."""
    source = "" if record.source is None else tr("from {0}: ").format(one_line(record.source.name))
    if record.state == "finished" and record.finished is not None:
        return source + _finished(record.finished)
    if record.state == "refused" and record.failure is not None:
        return source + _failed(record.failure, record.last_step)
    if record.state == "torn" and record.started is not None:
        text = tr("no end recorded; step {0:,} of {1:,} so far")
        return source + text.format(record.last_step, record.started.steps)
    return source + (tr("no end recorded, no step made") if record.state == "torn" else tr("no training yet"))


def why_not_usable(record: TrainingRecord) -> str:
    """Why there is no drafter to use; empty where there is one."""
    if record.drafter is not None:
        return ""
    if record.finished is not None and not record.finished.usable:
        return (
            tr("no step was made")
            if not record.finished.step
            else tr("the drafter proposes nothing right yet (α 0.00): resume its training")
        )
    if record.source is not None:
        return tr("there is no drafter beside this log, nor where it was made")
    return tr("no drafter is trained yet")


def message(event: Event) -> str | None:
    """Describe an event of a training in one line; None for any other."""
    match event:
        case TrainingStarted():
            return _started(event)
        case Warned():
            return tr("⚠ {0}; {1}").format(one_line(event.message), hint_line(event.hint))
        case CheckpointSaved():
            return tr("checkpoint at step {0:,}").format(event.step)
        case DrafterMeasured():
            when = tr("before") if event.when == "before" else tr("after")
            line = tr("{0}: α {1}").format(when, quantities.number(event.alpha))
            return line if event.when == "before" or event.speedup is None else f"{line}; {pays(event)}"
        case LayersTried():
            return _tried(event)
        case TrainingFinished():
            return _finished(event)
        case Refused() | RunFailed():
            return tr("✗ {0}; {1}").format(_reason(event), hint_line(event.hint))
    return None


def needs(estimate: TrainingEstimated, minutes: float, steps: int) -> tuple[str, str, str]:
    """Describe the drafter, its memory and its time in a line each. steps: 0 where the minutes decide."""
    shape = (
        tr("{0} layers of {1}, {2:,.1f} M parameters")
        if estimate.layers > 1
        else tr("1 layer of {1}, {2:,.1f} M parameters")
    )
    origins = {"own-layers": tr("of the target's own layers"), "folder": tr("of the model in the folder")}
    origins["longspec"] = tr("as a LongSpec block")
    origin = origins.get(estimate.start, tr("with new weights"))
    n_bytes = estimate.target_bytes + estimate.drafter_bytes + estimate.batch_bytes
    memory = tr("memory {0} of {1} free on {2}").format(
        quantities.memory(n_bytes), quantities.memory(estimate.free_bytes), one_line(estimate.device)
    )
    time = tr("{0}, or as many as {1} allow").format(count(steps, "step"), quantities.duration(60 * minutes))
    if not steps:
        tokens = 60 * minutes * estimate.tokens_per_s
        time = tr("about {0} tokens in {1}").format(_count(tokens), quantities.duration(60 * minutes))
    size = shape.format(estimate.layers, estimate.width, estimate.n_parameters / 1e6)
    return tr("{0}, {1}").format(size, origin), memory, time


def start(name: StartName) -> str:
    """Name what a drafter starts from."""
    return {
        "auto": tr("Automatic"),
        "own-layers": tr("The target's own layers"),
        "new": tr("New weights"),
        "longspec": tr("A LongSpec block"),
        "folder": tr("A model in a folder"),
    }[name]


def sizes(estimate: TrainingEstimated) -> tuple[str, ...]:
    """Describe what drafters of the target's own layers would cost, a line each; ▸ marks the one that is chosen."""
    if not estimate.sizes:
        return ()
    origin = tr("timed here") if estimate.timed else tr("by numbers of weights, timed once the target is loaded")
    lines = [tr("Layers kept, cost c ({0}), and α from which it pays at γ {1}:").format(origin, estimate.gamma)]
    for option in estimate.sizes:
        least = (
            tr("never pays") if option.break_even_alpha is None else f"α {quantities.number(option.break_even_alpha)}"
        )
        mark = "▸" if option.layers == estimate.layers else "\u2007"
        lines.append(f"{mark} {option.layers:>2}   c {quantities.number(option.c)}   {least}")
    return tuple(lines)


def prospect(estimate: TrainingEstimated) -> str:
    """Say why no useful drafter is to be expected and what could be done instead; empty where one is."""
    reasons = (
        (estimate.too_short, estimate.instead),
        (estimate.too_costly, prospects.COSTLY_HINT),
    )
    line = tr("⚠ {0}. Instead: {1}.")
    return "\n".join(line.format(one_line(why), one_line(instead)) for why, instead in reasons if why)


def _count(n: float) -> str:
    for size, unit in ((1e9, tr("billion")), (1e6, tr("million")), (1e3, tr("thousand"))):
        if n >= size:
            return f"{n / size:.{1 if n < 100 * size else 0}f} {unit}"
    return f"{n:.0f}"


def pays(after: DrafterMeasured) -> str:
    """Say whether the drafter pays, as far as the interval of its speedup tells."""
    return {
        "yes": tr("the drafter pays"),
        "no": tr("the drafter does not pay here"),
        "unsure": tr("not certain that the drafter pays"),
        "unmeasured": tr("speedup not measured"),
    }[prospects.pays(after)]


def _tried(event: LayersTried) -> str:
    """The table of untrained choices, in one line: the one taken first."""
    choices = sorted(event.choices, key=lambda choice: choice.layers != event.taken)
    alphas = [f"{_choice(choice.name)} {quantities.number(choice.alpha)}" for choice in choices]
    text = tr("own layers: {0}, untrained α over {1}: {2} (taken: {3})")
    return text.format(
        len(event.taken), count(event.n_tokens, "token"), ", ".join(alphas), ", ".join(map(str, event.taken))
    )


def _choice(name: str) -> str:
    known = {
        "those that change most": tr("those that change most"),
        "both ends": tr("both ends"),
        "first": tr("first"),
        "first, and the last": tr("first and the last"),
        "evenly spaced": tr("evenly spaced"),
    }
    return known.get(name, one_line(name))


def _started(event: TrainingStarted) -> str:
    text = tr("{0}, {1}; {2} held out; {3}, {4} on {5} in {6}")
    line = text.format(
        count(event.n_texts, "text"), count(event.n_tokens, "token"), count(event.n_held_out, "text"), event.objective,
        count(event.steps, "step"), one_line(event.device),
        event.dtype,
    )  # fmt: skip
    return line if not event.step else tr("{0}; resumed at step {1:,}").format(line, event.step)


def _failed(event: Refused | RunFailed, step: int) -> str:
    if not step:
        return tr("not trained: {0}").format(_reason(event))
    return tr("ended at step {0:,}: {1}").format(step, _reason(event))


def _reason(event: Refused | RunFailed) -> str:
    return one_line(event.reason if isinstance(event, Refused) else event.message)


def _finished(event: TrainingFinished) -> str:
    reasons = {
        "steps": tr("all steps done"),
        "minutes": tr("time is up"),
        "early": tr("ended early: α no longer rose"),
        "user": tr("stopped by you"),
        "nan": tr("stopped: the loss became no number"),
    }
    text = tr("{0} after {1}: {2}, {3} tokens, {4:,.0f} tokens/s; the best is that of step {5:,}")
    line = text.format(
        reasons[event.stopped], quantities.duration(event.seconds), count(event.step, "step"), _count(event.n_tokens),
        event.tokens_per_s, event.best_step,
    )  # fmt: skip
    return line if event.alpha is None else tr("{0}, held-out α {1}").format(line, quantities.number(event.alpha))
