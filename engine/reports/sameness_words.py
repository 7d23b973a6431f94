"""Says whether a lane wrote the text of plain decoding.

* imports neither Qt nor torch."""

from engine.events import LaneFigures
from engine.reports.words import counted


def sameness_words(lane: LaneFigures, n_plain_differing: int | None) -> str:
    """Whether a lane wrote the plain text, without a full stop; empty where that was not compared.

    n_plain_differing: prompts that two plain runs continue differently, None where there was one run."""
    if not lane.n_differing:
        return "writes the text of plain decoding on every prompt" if lane.same_text else ""
    prompts = counted(lane.n_prompts, "prompt", "prompts")
    differs = f"differs from plain decoding on {lane.n_differing} of {prompts}{_where(lane)}"
    if not n_plain_differing:
        return differs if n_plain_differing is None else f"{differs}; two plain runs never differ"
    verdict = {
        True: "no more than rounding explains",
        False: "more or earlier than rounding explains",
        None: "too few to tell this from rounding",
    }[lane.same_text]
    return f"{differs}; two plain runs differ on {n_plain_differing}: {verdict}"


def _where(lane: LaneFigures) -> str:
    """Where the divergence that rounding explains least begins, and how clearly the target preferred its own token."""
    if lane.first_divergence is None:
        return ""
    at = f", once from token {lane.first_divergence + 1} on"
    return at if lane.margin is None else f"{at} (top-2 margin {lane.margin:.3g})"
