"""A hand-made answer by IterDRAG, a sweep and a fit, as events."""

from math import log

from engine.events import (
    Allocation,
    AllocationFitted,
    DemonstrationsChosen,
    Event,
    FittedTerm,
    IterationFinished,
    MeasuredCell,
    ModelCalled,
    PredictedCell,
    PromptRead,
    QuestionAnswered,
    Retrieved,
    RunFinished,
    RunStarted,
    ScalingAnswered,
    SweepEstimated,
    SweepMeasured,
    SweepStarted,
    TaskTerms,
)
from engine.events.allocation import EscalationLadder, JudgedQuestion
from engine.events.answers import Passage, PromptPart
from engine.events.iterations import CallPurpose, ContextPart, ShownDemonstration, StartScore
from engine.statistics import Interval

BRIDGE = "In which year was the guild of the builder of the east sluice founded?"
GOLD = "1310"
WINDOW = 2048
_STEPS = (
    ("Who built the east sluice?", "Maren Oldcastle", 0.93),
    ("What is the guild of Maren Oldcastle?", "the guild of Laggard", 0.88),
    ("When was the guild of Laggard founded?", "1310", 0.97),
)


def scaling_started(method: str = "iterdrag", question: str = BRIDGE, run_id: str = "scale1") -> RunStarted:
    """The start of a question."""
    settings = (("index", "builtin:pages"), ("k", 4), ("m", 2), ("n", 5), ("seed", 0))
    return RunStarted(
        run_id, method, "2026-01-01T00:00:00Z", question, (1, 2), (question[:3], question[3:]), "builtin", "lookup",
        settings, "cpu", "float32",
    )  # fmt: skip


def passage(number: int) -> Passage:
    """A document."""
    text = f"Page {number} tells of the sluices, guilds and builders of Harlgate, and of the year {1300 + number}."
    return Passage(f"c{number}", f"town/page-{number}.md", f"Page {number}", 0, len(text), text, 0.9 - 0.05 * number)


def called(number: int, iteration: int, purpose: CallPurpose, text: str, read: int, cached: int) -> list[Event]:
    """A call with its prompt."""
    prompt = f"You answer questions.\n\nContext:\n[1] <b>Page</b>\nQuestion: {BRIDGE}\n"
    parts = (PromptPart("documents", 31, 46, read // 2), PromptPart("question", 56, 56 + len(BRIDGE), 20))
    filled = (
        ContextPart("task", 18), ContextPart("demonstrations", 420), ContextPart("documents", 300 + 90 * iteration),
        ContextPart("question", 20), ContextPart("steps", 24 * iteration),
        ContextPart("free", WINDOW - 758 - 114 * iteration),
    )  # fmt: skip
    at = 0.1 * (number + 1)
    return [
        PromptRead("target", purpose, None, prompt, parts, read, at_s=at - 0.01),
        ModelCalled(
            number, iteration, purpose, filled, WINDOW, read, cached, 12, text, 0.9, 40.0, 20.0, 5, 12, 7, at_s=at
        ),
    ]


def demonstrations(wanted: int = 2) -> DemonstrationsChosen:
    """Two demonstrations."""
    shown = (
        ShownDemonstration("Who mapped the river Gimga?", "Cilvedan", 4, 2, 0.71),
        ShownDemonstration("Which guild has Vilra?", "the guild of Laggard", 4, 1, 0.66),
    )
    note = "" if wanted <= 2 else "one demonstration did not fit into the context"
    return DemonstrationsChosen("similar", wanted, shown, 118, 150, 150, 12.0, note, at_s=0.02)


def retrieved() -> Retrieved:
    """The documents for the question."""
    return Retrieved(BRIDGE, tuple(map(passage, range(4))), "hybrid", "builtin:pages", 300, 9.5, at_s=0.03)


def iterations() -> list[Event]:
    """Three follow-ups with their calls, and the final answer."""
    events: list[Event] = []
    for i, (question, answer, p) in enumerate(_STEPS):
        read = 758 + 114 * i
        events += called(2 * i, i, "step", f"Follow up: {question}", read, 0 if not i else read - 60)
        events += called(2 * i + 1, i, "intermediate", answer, read + 100, read)
        starts = (StartScore("Follow up:", log(0.9)), StartScore("So the final answer is:", log(0.1)))
        documents = (passage(10 + 2 * i), passage(11 + 2 * i))
        events.append(IterationFinished(
            i, "follow_up", question, documents, 1, answer, p, starts, False, 2 * read + 100, read, 24, 8.0, 130.0,
            at_s=0.2 * (i + 1) + 0.05,
        ))  # fmt: skip
    events += called(6, 3, "final", GOLD, 1200, 1100)
    events.append(IterationFinished(3, "final", "", (), 0, GOLD, 0.95, (), False, 1200, 1100, 6, 0.0, 60.0, at_s=0.8))
    return events


def answered(answer: str | None = GOLD) -> ScalingAnswered:
    """The answer, and what it took."""
    return ScalingAnswered(
        "iterdrag", BRIDGE, answer, 0.95, 4, 2, 5, 10, 2, 3, 7, 6774, 4000, 1200, 78, 33.0, 280.0, 140.0, 60.0, 450.0,
        4, 20, 80, 52, 230.0, True, (GOLD,), at_s=0.85,
    )  # fmt: skip


def standard() -> QuestionAnswered:
    """What standard RAG says."""
    return QuestionAnswered("standard_rag", "1742", None, None, None, 40.0, 30.0, 60.0, 95.0, 430, 0, at_s=0.9)


def whole_scaling_answer() -> list[Event]:
    """All of it."""
    return [
        scaling_started(), demonstrations(), retrieved(), *iterations(), answered(), standard(),
        RunFinished("end_of_text", 24, at_s=1.0),
    ]  # fmt: skip


# A sweep

KS, MS, NS = (0, 1, 2, 5, 10), (0, 1, 2, 4), (1, 3)
SWEPT = tuple(Allocation(k, m, n) for n in NS for k in KS for m in MS)
N_QUESTIONS = 40


def context(at: Allocation) -> float:
    """The length of a setting's context."""
    return 40 + (at.k * 150 + 40) * (at.m + 1) * (1 + 0.8 * (at.n - 1))


def score(at: Allocation) -> float:
    """What a setting reaches: more of everything is better, up to a plateau."""
    gain = 0.11 * log(1 + at.k) + 0.04 * log(1 + at.m) + (0.12 * log(at.n) if at.k else 0)
    return round(min(0.82, 0.12 + 1.3 * gain) * N_QUESTIONS) / N_QUESTIONS


def cell(at: Allocation) -> MeasuredCell:
    """A cell of the sweep."""
    reached, length = score(at), context(at)
    ci = Interval(max(0.0, reached - 0.13), min(1.0, reached + 0.13))
    return MeasuredCell(
        at, N_QUESTIONS, reached, reached, reached, length, int(1.2 * length), ci, 12.0, at.k, at.m, at.n, length / 5
    )


def sweep_started() -> SweepStarted:
    """The beginning of a sweep."""
    return SweepStarted("/sweeps/world.jsonl", "built-in world 7, pages", "builtin", SWEPT, N_QUESTIONS, 120, 10.0)


def sweep_estimated(*, fits: bool = True) -> SweepEstimated:
    """What the rest will take."""
    return SweepEstimated(10, 1470, 900_000.0, 40_000.0, 410.0, fits, 900 if not fits else 1600)


def sweep_measured(*, complete: bool = True) -> SweepMeasured:
    """The figures of a sweep."""
    cells = tuple(map(cell, SWEPT))
    base = cells[0]
    efficiency = tuple(
        None if each is base else 1e5 * (each.accuracy - base.accuracy) / each.mean_context / 100 * 100 / 1
        for each in cells
    )
    n = len(cells) * N_QUESTIONS
    return SweepMeasured(
        "/sweeps/world.jsonl", cells, N_QUESTIONS, n if complete else 500, efficiency, "" if complete else "user"
    )


def fitted(*, stale: str = "") -> AllocationFitted:
    """A fit to the sweep, which predicts one step beyond it."""
    beyond = tuple(Allocation(20, m, n) for n in NS for m in MS)
    predictions = tuple(
        PredictedCell(
            at, score(at) + 0.02 * (-1) ** i, context(at), 1.2 * context(at),
            Interval(score(at) - 0.06, score(at) + 0.06), score(at) if at in SWEPT else None,
            score(at) + 0.03 * (-1) ** i if at in SWEPT else None, at in SWEPT,
            "" if at in SWEPT else "more than 10 documents",
        )
        for i, at in enumerate((*SWEPT, *beyond))
    )  # fmt: skip
    names = ("a_doc", "a_shot", "a_iter", "b_doc", "b_shot", "c")
    values = (0.31, 0.09, 0.2, -0.05, None, -0.7)
    terms = tuple(
        FittedTerm(name, value, None if value is None else Interval(value - 0.05, value + 0.05), 0.1,  # type: ignore[arg-type]
                   "" if value is not None else "all cells have demonstrations")
        for name, value in zip(names, values, strict=True)
    )  # fmt: skip
    return AllocationFitted(
        "/sweeps/world.jsonl", "paper", "accuracy", N_QUESTIONS, len(SWEPT), 0.91, 0.08, terms,
        (TaskTerms("bridge", 20, 0.2, 0.1, 0.5, 0.2),), predictions, 0.84, 0.12, 0.86, 0, (), (), "pages", stale,
        escalation=judged_ladder(),
    )  # fmt: skip


def whole_sweep() -> list[Event]:
    """A sweep from its beginning to its fit."""
    return [sweep_started(), sweep_estimated(), sweep_measured()]


def judged_ladder() -> EscalationLadder:
    """Forty questions through three cells: the surer an answer looks, the likelier it is right."""
    steps = (Allocation(1, 0, 1), Allocation(5, 1, 1), Allocation(10, 4, 3))
    questions = tuple(
        JudgedQuestion((i % 40 >= 18, i % 40 >= 10, i % 40 >= 6), (200, 900, 4000), (5, 5, 40), (i / 40, 0.6, 0.9))
        for i in range(N_QUESTIONS)
    )
    return EscalationLadder("self_reflect", steps, questions)
