"""A hand-made answer from documents: five drafts, scores, three systems, as events."""

from math import log

from engine.events import Event, PhaseFinished, RunFinished, RunStarted, TokensEmitted
from engine.events.answers import (
    CandidateScored,
    CostPredicted,
    CostTerm,
    DraftFinished,
    Mapped,
    OtherScore,
    Partitioned,
    Passage,
    Point,
    PromptPart,
    PromptRead,
    QuestionAnswered,
    Retrieved,
)

QUESTION = "Who built the east sluice of Harlgate?"
TEXTS = (
    ("East Sluice", "The east sluice of Harlgate was built by Maren Oldcastle in 1742, after the great flood."),
    ("Maren Oldcastle", "Maren Oldcastle was an engineer of Harlgate. She built two sluices and the glass bridge."),
    ("West Sluice", "The west sluice was built by Jorold the glassblower. It was mended in 1760."),
    ("Harlgate", "Harlgate is a harbour town on the river Elm, known for its sluices and its glass house."),
    ("Great Flood", "The great flood of 1741 took the old sluice and eleven houses of the lower town."),
    ("Jorold", "Jorold the glassblower kept the glass house of Harlgate for forty years."),
    ("River Elm", "The Elm rises in the hills of Dunmoor and reaches the sea at Harlgate."),
    ("Guild of Builders", "The Guild of Builders counted Maren Oldcastle among its wardens from 1739 on."),
    ("Sluice Feast", "Each spring the Sluice Feast remembers the day the east sluice was opened."),
    ("Dunmoor", "Dunmoor has no sluice. Its mill was built by the brothers Tarn."),
)
CLUSTERS = (0, 1, 0, 2, 2, 1, 2, 1, 0, 2)
SUBSETS = ((0, 1), (2, 5), (8, 7), (0, 4), (9, 6))
RATIONALES = (
    "The first document says the east sluice of Harlgate was built by Maren Oldcastle in 1742.",
    "The sluice was built by Jorold the glassblower, who kept the glass house.",
    "The feast remembers the east sluice; Maren Oldcastle was a warden of the builders.",
    "The east sluice was built by Maren Oldcastle after the great flood of 1741.",
    "Dunmoor has no sluice, and the documents name the brothers Tarn only as builders of a mill",
)
RESPONSES = ("Maren Oldcastle", "Jorold", "Maren Oldcastle", "Maren Oldcastle", "")
CITED = ((0, 1), (2,), (8, 7), (0, 4), ())
SCORES = ((0.83, 4e-5, 0.97), (0.41, 3e-7, 0.12), (0.55, 8e-6, 0.64), (0.79, 2e-5, 0.95), None)


def answer_started(run_id: str = "answer1", method: str = "speculative_rag", question: str = QUESTION) -> RunStarted:
    """The start of a question."""
    settings = (("index", "builtin"), ("n", 10), ("k", 3), ("m", 5), ("seed", 0))
    return RunStarted(
        run_id, method, "2026-01-01T00:00:00Z", question, (1, 2), (question[:3], question[3:]), "builtin",
        "builtin:rag", settings, "cpu", "float32",
    )  # fmt: skip


def retrieved() -> Retrieved:
    """Ten passages."""
    passages = tuple(
        Passage(f"c{i}", f"town/{title.lower().replace(' ', '-')}.md", title, 0, len(text), text, 0.9 - 0.05 * i)
        for i, (title, text) in enumerate(TEXTS)
    )
    return Retrieved(QUESTION, passages, "hybrid", "builtin", 5812, 14.2, at_s=0.01)


def mapped() -> Mapped:
    """Three groups around the question."""
    around = {0: (0.6, 0.5), 1: (-0.7, 0.4), 2: (0.1, -0.7)}
    points = tuple(
        Point(around[cluster][0] + 0.13 * ((i * 7) % 5 - 2), around[cluster][1] + 0.11 * ((i * 3) % 5 - 2))
        for i, cluster in enumerate(CLUSTERS)
    )
    background = tuple(Point(((i * 37) % 101) / 34 - 1.5, ((i * 53) % 97) / 32 - 1.5) for i in range(200))
    return Mapped(points, Point(0.2, 0.1), background, "pca", 0.47, at_s=0.02)


def partitioned() -> Partitioned:
    """Five subsets of two."""
    return Partitioned(
        "one_per_cluster", CLUSTERS, SUBSETS, 3, 5, 0, 36, "question before each passage", 9.0, at_s=0.03
    )


def prompt(draft: int | None = 0) -> PromptRead:
    """What the drafter read for a draft, or the target for standard RAG."""
    pieces = (
        ("task", "Answer the instruction and say why.", 9), ("", "\n## Instruction:", 4),
        ("question", f" {QUESTION}", 10),
        ("", "\n## Evidence:", 4), ("documents", f"\n[1] {TEXTS[0][1]}\n[2] {TEXTS[1][1]}", 52),
        ("", "\n## Rationale:", 4),
    )  # fmt: skip
    parts, text = [], ""
    for name, piece, n_tokens in pieces:
        parts.append(PromptPart(name, len(text), len(text) + len(piece), n_tokens))
        text += piece
    reader, purpose = ("target", "standard RAG") if draft is None else ("drafter", "draft")
    return PromptRead(reader, purpose, draft, text, tuple(parts), 83, at_s=0.04)


def live(draft: int, n: int | None = None) -> list[TokensEmitted]:
    """The words of a draft as they come."""
    words = RATIONALES[draft].split(" ")[:n]
    return [
        TokensEmitted(f"draft {draft}", (7,), ("" if i == 0 else " ") + word, at_s=0.05 + 0.01 * i)
        for i, word in enumerate(words)
    ]


def finished(draft: int) -> DraftFinished:
    """The draft as a whole; the last never came to a response."""
    complete = bool(RESPONSES[draft])
    why = "" if complete else "it reached its 96 tokens before a response"
    return DraftFinished(
        draft, RATIONALES[draft], RESPONSES[draft], -6.0, -0.2, 83, 24, CITED[draft], complete, why, at_s=0.4
    )


def scored(draft: int) -> CandidateScored:
    """The three scores."""
    found = SCORES[draft]
    assert found is not None
    logs = [log(score) for score in found]
    return CandidateScored(draft, *logs, sum(logs), 61, (OtherScore("mean log P", -0.31),), at_s=0.5)


def answered() -> list[Event]:
    """What three systems said and took."""
    best, second = (sum(log(score) for score in SCORES[i] or ()) for i in (0, 3))
    terms = (CostTerm("drafts", 510, 0.08), CostTerm("decode", 24, 2.1), CostTerm("verify", 305, 0.21))
    return [
        QuestionAnswered(
            "speculative_rag", "Maren Oldcastle", RATIONALES[0], 0, best - second, 96.0, 41.0, 130.0, 171.0, 305, 628,
            at_s=0.6,
        ),
        CostPredicted("speculative_rag", terms, 155.0, 171.0, at_s=0.61),
        QuestionAnswered(
            "standard_rag", "Maren Oldcastle.", "", None, None, 360.0, 355.0, 57.0, 412.0, 640, 0, at_s=1.0
        ),
        QuestionAnswered("drafter_alone", "Jorold", RATIONALES[1], 1, 0.1, 96.0, 41.0, 70.0, 111.0, 0, 628, at_s=1.1),
    ]  # fmt: skip


def drafting() -> list[Event]:
    """All up to the last word of the drafts, which come in turns."""
    lanes = [live(draft) for draft in range(len(SUBSETS))]
    turns = [lane[i] for i in range(max(map(len, lanes))) for lane in lanes if i < len(lane)]
    return [answer_started(), retrieved(), mapped(), partitioned(), *(prompt(i) for i in range(5)), *turns]


def whole_answer(run_id: str = "answer1") -> list[Event]:
    """A question from its start to its end."""
    _first, *more = drafting()
    return [
        answer_started(run_id), *more,
        *(finished(draft) for draft in range(5)), PhaseFinished("drafting", 88.0, 120, at_s=0.45),
        *(scored(draft) for draft in range(4)), PhaseFinished("verifying", 42.0, 244, at_s=0.55),
        *answered(), prompt(None), RunFinished("end_of_text", 24, at_s=1.2),
    ]  # fmt: skip
