"""Sentences on a gate in the making: how far rows and training are, how they ended, and what the gate is worth."""

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line, path_line
from app.words import pace, quantities
from app.words.choice_names import choice_name
from app.words.counts import count
from app.words.hints import hint_line
from app.words.model_names import full_name
from app.workspaces.approximate.gate_record import HELD_OUT_LOSS, LOSS, GateRecord
from engine.events import GateScore, Progressed, RunFailed
from engine.sprinter.theory import confusion_at

_THRESHOLDS = (0.5, 0.7, 0.9)
_STOPPED = "stopped by the user"


def tr(text: str) -> str:
    """Translate a sentence on a gate."""
    return QCoreApplication.translate("gates", text)


def progress(record: GateRecord, at: Progressed | None) -> str:
    """How far the rows or the training are, at what rate, and the time left."""
    if record.state == "asked":
        return tr("preparing to train") if record.collected is not None else tr("loading the pair")
    if record.state == "training":
        return ", ".join(filter(None, (tr("training"), "" if at is None else pace.amount(at), pace.left(at))))
    if record.n_rows is None or at is None:
        return tr("collecting rows") if at is None else tr("collecting rows: {0} read").format(pace.amount(at))
    rate = tr("{0} a second").format(count(record.rows_per_s, "row")) if record.rows_per_s else ""
    rows = tr("collecting: {0} from {1}").format(count(record.n_rows, "row"), pace.amount(at))
    return ", ".join(filter(None, (rows, rate, pace.left(at))))


def endings(record: GateRecord) -> tuple[str, str]:
    """How the newest work on a gate ended, in full and for less room."""
    gate = _score(record, "gate")
    if record.state != "trained" or gate is None:
        return ending(record), ending(record)
    return ending(record), tr("A gate is trained: AUC {0}").format(quantities.with_interval(gate.auc, gate.auc_ci))


def ending(record: GateRecord) -> str:
    """How the newest work on a gate ended, or that there was none."""
    source = "" if record.source is None else tr("from {0}: ").format(one_line(record.source.name))
    match record.state:
        case "trained":
            return source + _worth(record)
        case "collected" | "stopped" if record.collected is not None:
            collected = record.collected
            rows = tr("{0} of {1}").format(count(collected.n_rows, "row"), count(collected.n_documents, "document"))
            if record.state == "stopped":
                return source + tr("Stopped with {0}; Collect continues with the next document.").format(rows)
            return source + tr("{0} collected; Train makes a gate of them.").format(rows)
        case "refused" if record.failure is not None:
            return source + _failed(record)
        case "torn":
            return source + tr("No end is recorded.")
    return tr("No gate was made here yet: Collect and train makes one for the chosen pair.")


def _failed(record: GateRecord) -> str:
    failure = record.failure
    assert failure is not None
    why = one_line(failure.message if isinstance(failure, RunFailed) else failure.reason)
    if why == _STOPPED:
        return tr("Training stopped; no gate was written, and the rows are kept.")
    return tr("Not completed: {0}").format(why)


def _worth(record: GateRecord) -> str:
    assert record.trained is not None
    gate = _score(record, "gate")
    if gate is None:
        return tr("A gate is trained.")
    auc = quantities.with_interval(gate.auc, gate.auc_ci)
    return tr("A gate is trained: it tells accepted from rejected tokens with AUC {0} on held-out documents.").format(
        auc
    )


def _score(record: GateRecord, name: str) -> GateScore | None:
    scores = () if record.trained is None else record.trained.scores
    return next((score for score in scores if score.name == name), None)


def figures(record: GateRecord) -> str:
    """The figures of the gate, of its training and of the rows, a line each; empty while there are none."""
    groups = _warnings(record), _of_gate(record), _of_training(record), _of_rows(record)
    return "\n\n".join("\n".join(group) for group in groups if group)


def _of_rows(record: GateRecord) -> tuple[str, ...]:
    collected = record.collected
    if collected is None:
        if record.n_rows is None:
            return ()
        shares = "" if record.accepted is None else tr(", accepted {0:.0%}").format(record.accepted)
        return (f"{count(record.n_rows, 'row')}{shares}",)
    return (
        tr("{0} of {1}: {2} and {3}").format(
            count(collected.n_rows, "row"), count(collected.n_documents, "document"),
            full_name(collected.target, "target", longest=40), full_name(collected.drafter, "drafter", longest=40),
        ),
        tr("accepted when sampling {0:.0%} · the target's first choice {1:.0%} · total variation {2:.3f}").format(
            collected.accepted, collected.matched, collected.tv
        ),
    )  # fmt: skip


def _of_training(record: GateRecord) -> tuple[str, ...]:
    started = record.started
    if started is None:
        return ()
    lines = [
        tr("learns the label “{0}” from {1} of {2}, measured on {3} of {4}").format(
            choice_name("label", started.label), count(started.n_rows, "row"), count(started.n_documents, "document"),
            count(started.n_held_out, "row"), count(started.n_held_out_documents, "document"),
        ),
        tr("{0} read {1}").format(count(started.n_parameters, "weight"), _inputs(started.inputs)),
    ]  # fmt: skip
    if record.losses[LOSS] and record.losses[HELD_OUT_LOSS]:
        text = tr("loss {0:.3f}, on held-out documents {1:.3f}")
        lines.append(text.format(record.losses[LOSS][-1][1], record.losses[HELD_OUT_LOSS][-1][1]))
    return tuple(lines)


def _inputs(names: tuple[str, ...]) -> str:
    titles = {"hidden": tr("the drafter's last state"), "log_q": tr("log q"), "embedding": tr("the drafted token")}
    return ", ".join(titles.get(name, name) for name in names)


def _of_gate(record: GateRecord) -> tuple[str, ...]:
    trained, gate, q = record.trained, _score(record, "gate"), _score(record, "q")
    if trained is None or gate is None or q is None:
        return ()
    auc = quantities.with_interval
    lines = [
        tr("AUC {0}; q alone {1}").format(auc(gate.auc, gate.auc_ci), auc(q.auc, q.auc_ci)),
        tr("distance from what was observed (ECE) {0:.3f}, of q alone {1:.3f}").format(gate.ece, q.ece),
    ]
    for threshold in _THRESHOLDS:
        at = confusion_at(trained.confusions, threshold)
        lines.append(
            tr("from {0:g}: lets {1:.0%} through, η_FP {2:.2f}, η_FN {3:.2f}").format(
                threshold, at.rho, at.eta_fp, at.eta_fn
            )
        )
    return (*lines, tr("kept in {0}").format(path_line(trained.folder, longest=60)))


def _warnings(record: GateRecord) -> tuple[str, ...]:
    return tuple(tr("⚠ {0}; {1}").format(one_line(each.message), hint_line(each.hint)) for each in record.warnings)


def why_not_usable(record: GateRecord) -> str:
    """Why there is no gate to use; empty where there is one."""
    if record.trained is None:
        return tr("no gate is trained yet")
    return tr("the gate is no longer in its folder") if record.is_gone else ""
