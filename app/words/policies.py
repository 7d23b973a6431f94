"""Words for what a policy decided about the draft length."""

from PySide6.QtCore import QCoreApplication

from app.words import quantities
from engine.events import PolicyDecided, PolicyReason


def tr(text: str) -> str:
    """Translate a reason."""
    return QCoreApplication.translate("policies", text)


def change(event: PolicyDecided) -> str:
    """The change alone, with the predicted speedups where there are two: "γ 4 → 7, predicted 1.62 → 1.71"."""
    lengths = f"γ {event.gamma_before:,} → {event.gamma_after:,}"
    if event.predicted_before is None or event.predicted_after is None:
        return lengths
    before, after = (quantities.number(value) for value in (event.predicted_before, event.predicted_after))
    return tr("{0}, predicted {1} → {2}").format(lengths, before, after)


def decision(event: PolicyDecided) -> str:
    """A decision in one line: from which round on, what changes, and why."""
    return tr("round {0:,}: {1}: {2}").format(event.round + 1, change(event), reason(event.reason))


def reason(why: PolicyReason) -> str:
    """Why a draft length changed."""
    reasons: dict[PolicyReason, str] = {
        "timing": tr("plain decoding is timed once, to compare with"),
        "faster": tr("predicted to be faster"),
        "too_slow": tr("drafting is slower than plain decoding here, even if acceptance were as high as it may be"),
        "pays": tr("drafting pays again"),
        "did_not_pay": tr("drafting did not pay for the text before"),
        "probe": tr("the drafter is tried again"),
        "probe_failed": tr("drafting still does not pay"),
        "all_accepted": tr("the whole draft was accepted"),
        "not_all_accepted": tr("not all of the draft was accepted"),
        "unsure": tr("the drafter was unsure of its last token"),
        "sure": tr("the drafter was sure up to the limit"),
        "usual_run": tr("nine in ten of the last drafts had no more accepted"),
        "low_acceptance": tr("fewer than 6 in 10 tested tokens are accepted"),
        "acceptance_recovered": tr("6 in 10 tested tokens are accepted again"),
        "long_text": tr("the text is as long as drafting was allowed for"),
        "little_memory": tr("too little memory is free"),
        "memory_free": tr("enough memory is free again"),
    }
    return reasons[why]
