"""Describes events for the log: one line for each event that a reader of the log wants to see."""

from functools import singledispatch
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line, path_line
from app.words import conversions, policies, quantities, ratings, runs
from app.words.counts import count
from app.words.hints import hint_line
from app.words.model_names import full_name
from app.workspaces.compare import words as compared_words
from app.workspaces.rag import answer_words
from app.workspaces.scaling import sweep_words
from app.workspaces.train import words as training_words
from engine import events
from engine.events import Event

_LONGEST_NAME, _MOST_LENGTHS = 80, 8


def tr(text: str) -> str:
    """Translate a line of the log."""
    return QCoreApplication.translate("log", text)


def describe(event: Event) -> str | None:
    """Describe an event in one line of plain text; None for events of every round, which the table shows."""
    return _describe(event)


def _name(text: str) -> str:
    """A name or message from outside, short enough to share a line."""
    return one_line(text, longest=_LONGEST_NAME)


def _models(event: events.RunStarted | events.ModelLoaded) -> tuple[str, str]:
    """The names of target and drafter."""
    target = full_name(event.target, "target", longest=_LONGEST_NAME)
    return target, full_name(event.drafter, "drafter", longest=_LONGEST_NAME)


@singledispatch
def _describe(event: Event) -> str | None:
    """Rounds, series and decisions are too many for a log."""
    return None


@_describe.register
def _(event: events.RunStarted) -> str:
    settings = dict(event.settings)
    parts = [f"{name} {value}" for name, value in settings.items() if name in ("gamma", "temperature", "seed")]
    pair = tr("{0} with {1}").format(*_models(event))
    heading = tr("run {0} started: {1}, {2}").format(_name(event.run_id), _name(event.method), pair)
    through_text = [runs.through_text()] if event.drafts_through == "text" else []
    return ", ".join([heading, *map(_name, parts), *through_text])


@_describe.register
def _(event: events.PhaseFinished) -> str:
    return tr("{0} done: {1} in {2}").format(
        event.phase, count(event.n_tokens, "token"), quantities.milliseconds(event.ms)
    )


@_describe.register
def _(event: events.PolicyDecided) -> str:
    return policies.decision(event)


@_describe.register
def _(event: events.TextsRated) -> str:
    return ratings.verdict(event)


@_describe.register
def _(event: events.BlockFinished) -> str:
    per_token = quantities.milliseconds(event.decode_ms / max(1, len(event.ids)))
    if not event.paired:
        return tr("text finished: {0}, {1} per token").format(count(len(event.ids), "token"), per_token)
    return tr("{0} block of pair {1} finished: {2}, {3} per token").format(
        tr("plain") if event.lane == "plain" else tr("speculative"),
        event.pair + 1,
        count(len(event.ids), "token"),
        per_token,
    )


@_describe.register
def _(event: events.Compared) -> str:
    if event.same:
        return tr("compared with plain decoding: the same tokens")
    if event.margin is None:
        return tr("compared with plain decoding: differs at token {0}").format(event.first_divergence)
    return tr(
        "compared with plain decoding: differs at token {0}, where the target's two best lie {1:.4f} apart"
    ).format(event.first_divergence, event.margin)


@_describe.register
def _(event: events.RunFinished) -> str:
    reasons = {
        "length": tr("length reached"),
        "end_of_text": tr("end of text"),
        "context": tr("the context is full"),
        "cancelled": tr("stopped"),
    }
    return tr("run finished: {0}, {1}").format(count(event.n_tokens, "token"), reasons.get(event.reason, event.reason))


@_describe.register
def _(event: events.RunFailed) -> str:
    return tr("failed: {0}; {1}").format(_name(event.message), hint_line(event.hint, longest=_LONGEST_NAME))


@_describe.register
def _(event: events.LengthsStarted) -> str:
    lengths = ", ".join(f"{length:,}" for length in event.lengths[:_MOST_LENGTHS])
    drafters = count(len(event.drafters) - 1, "drafter")
    return tr("measuring {0} behind {1} of {2}").format(drafters, lengths, _name(event.text))


@_describe.register
def _(event: events.LengthsMeasured) -> str:
    ended = tr("lengths measured") if event.complete else tr("stopped measuring lengths")
    combinations = count(event.n_measured, "combination")
    return tr("{0}: {1} with a drafter, {2:,} refused").format(ended, combinations, event.n_refused)


@_describe.register
def _(event: events.SweepMeasured) -> str:
    return sweep_words.outcome(event)


@_describe.register
def _(event: events.AllocationFitted) -> str:
    return sweep_words.fit_quality(event)


@_describe.register
def _(event: events.SettingsMeasured) -> str:
    ended = tr("thresholds measured") if event.complete else tr("stopped measuring thresholds")
    return tr("{0}: {1:,} on {2}").format(ended, event.n_settings, count(event.n_prompts, "prompt"))


@_describe.register
def _(event: events.EngineStarted) -> str:
    if event.host == "process":
        return tr("engine started in a process of its own, number {0}").format(event.pid)
    return tr("engine started on a thread of this program")


@_describe.register
def _(event: events.EngineEnded) -> str:
    return tr("engine ended: {0}; {1}").format(_name(event.why), hint_line(event.hint, longest=_LONGEST_NAME))


@_describe.register
def _(event: events.Refused) -> str:
    return tr("refused ({0}): {1}; {2}").format(
        _name(event.what), _name(event.reason), hint_line(event.hint, longest=_LONGEST_NAME)
    )


@_describe.register
def _(event: events.ModelLoaded) -> str:
    weights = quantities.memory(event.weights_bytes + event.drafter_bytes)
    loaded = tr("loaded {0} and {1} in {2:.1f} s: {3} on {4}, {5}, {6:,} tokens of context").format(
        *_models(event), event.seconds, weights, _name(event.device), event.dtype,
        event.context,
    )  # fmt: skip
    return "; ".join([loaded, *_load_notes(event)])


def _load_notes(event: events.ModelLoaded) -> list[str]:
    """Threads, quantisation, the reason for the dtype and another tokenizer, where the event has them."""
    threads = [tr("threads: {0}").format(event.n_threads)] if event.n_threads else []
    quantized = [tr("target's weights in {0}").format(_name(event.quantize))] if event.quantize != "none" else []
    reason = [one_line(event.why_dtype)] if event.why_dtype else []
    shared = runs.shared_tokens(event)
    through_text = [f"{runs.through_text()}, {shared}"] if event.drafts_through == "text" else []
    return [*threads, *quantized, *reason, *through_text]


@_describe.register
def _(event: events.ModelUnloaded) -> str:
    return tr("models released")


@_describe.register
def _(event: events.Estimated) -> str:
    beside = event.work_bytes + event.packed_bytes
    needed = quantities.memory(event.weights_bytes + event.kv_bytes + event.drafter_bytes + beside)
    return tr("estimated: {0} needed, {1} free on {2}").format(
        needed, quantities.memory(event.free_bytes), _name(event.device)
    )


@_describe.register
def _(event: events.ConversionStarted) -> str:
    return f"{_name(Path(event.file).name)}: {conversions.needs(event)}"


@_describe.register
def _(event: events.Progressed) -> str | None:
    if event.done < event.total:
        return None
    return tr("{0} complete: {1:,.0f} {2}").format(event.phase, event.total, _name(event.unit))


@_describe.register
def _(event: events.Retrieved) -> str:
    return tr("found {0:,} of {1} in {2}").format(
        len(event.passages), count(event.n_chunks, "passage"), quantities.milliseconds(event.ms)
    )


@_describe.register
def _(event: events.Partitioned) -> str:
    note = f"; {_name(event.note)}" if event.note else ""
    return tr("{0} from {1}{2}").format(count(len(event.subsets), "draft"), count(event.k, "cluster"), note)


@_describe.register
def _(event: events.VerifierTested) -> str:
    return answer_words.verifier(event)


@_describe.register
def _(event: events.QuestionAnswered) -> str:
    if not event.answer:
        name, time = answer_words.system_name(event.system), quantities.milliseconds(event.latency_ms)
        return tr("{0} has no answer after {1}").format(name, time)
    return tr("{0} answered in {1}: {2}").format(
        answer_words.system_name(event.system), quantities.milliseconds(event.latency_ms), _name(event.answer)
    )


@_describe.register
def _(event: events.FileSkipped) -> str:
    words = tr("read {0} in part: {1}") if event.part else tr("skipped {0}: {1}")
    return words.format(_name(event.source), _name(event.reason))


@_describe.register
def _(event: events.Indexed) -> str:
    return tr("indexed {0}: {1} of {2}, {3:,} not read, {4:,} read in part, in {5:.1f} s").format(
        _name(event.index),
        count(event.n_chunks, "passage"),
        count(event.n_files, "file"),
        event.n_unread,
        event.n_partly,
        event.seconds,
    )


@_describe.register
def _(event: events.ModelDownloaded) -> str:
    size = quantities.size(event.n_bytes)
    return tr("downloaded {0}: {1}, of which {2} now").format(
        _name(event.spec), size, quantities.size(event.fetched_bytes)
    )


@_describe.register
def _(event: events.ModelRemoved) -> str:
    return tr("removed {0} from the cache: {1} freed").format(_name(event.spec), quantities.size(event.freed_bytes))


@_describe.register
def _(event: events.ScalingMeasured) -> str | None:
    if not event.complete:
        return None
    return tr("measured: {0}, {1}, {2}").format(
        count(len(event.contexts), "context"),
        count(len(event.gammas), "draft length"),
        count(len(event.batches), "batch size"),
    )


@_describe.register
def _(event: events.EvaluationMeasured) -> str | None:
    if not event.complete:
        return None
    figures = event.figures
    return tr("evaluated: {0} of {1}, kept in {2}").format(
        count(figures.n_answered, "question"), _name(figures.dataset), path_line(event.file, longest=_LONGEST_NAME)
    )


@_describe.register
def _(event: events.ComparisonStarted) -> str:
    target = full_name(event.target, "target", longest=_LONGEST_NAME)
    return tr("comparison {0} started: {1} on {2} over {3} of {4}").format(
        _name(event.comparison_id),
        count(len(event.lanes), "lane"),
        target,
        count(len(event.prompts), "prompt"),
        _name(event.prompt_set),
    )


@_describe.register
def _(event: events.LaneRefused) -> str:
    return tr("{0} cannot take part: {1}; {2}").format(
        _name(event.lane), _name(event.why), hint_line(event.hint, longest=_LONGEST_NAME)
    )


@_describe.register
def _(event: events.ComparisonMeasured) -> str | None:
    return compared_words.outcome(event) if event.complete else None


@_describe.register
def _(event: events.RaceStarted) -> str:
    names = ", ".join(compared_words.lane_name(lane.name) for lane in event.lanes)
    return tr("race started: {0}").format(one_line(names, longest=3 * _LONGEST_NAME))


@_describe.register
def _(event: events.RaceFinished) -> str:
    if event.reason == "cancelled":
        return tr("race stopped")
    differing = [compared_words.lane_name(lane) for lane, same in event.same_text if not same]
    if differing:
        names = one_line(", ".join(differing), longest=3 * _LONGEST_NAME)
        return tr("race finished: other text than plain decoding in {0}").format(names)
    return tr("race finished: the same text in every lane") if event.same_text else tr("race finished")


@_describe.register(events.TrainingStarted)
@_describe.register(events.TrainingFinished)
@_describe.register(events.DrafterMeasured)
@_describe.register(events.Warned)
def _(event: Event) -> str | None:
    return training_words.message(event)
