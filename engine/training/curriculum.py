"""The curriculum of the built-in models: formats, question kinds and numbers of documents for each phase of training.

Copying from few documents comes first, since everything later depends on it. Judging gets its own phase: with only a
few judgements per batch, learning it does not start. So do drills, questions about documents that differ only in whom
they are about: among other documents the relation alone gives the answer away, and a model does not learn to look for
the name. What retrieval brings comes last: near neighbours, pages, evidence without the answer."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from engine.world.census import CROWDED, SMALL
from engine.world.open_names import Kind
from engine.world.pages import Form
from engine.world.questions import QuestionKind

Format: TypeAlias = Literal["standard", "draft", "reflection", "drag", "iterdrag"]


class LessonPlan(NamedTuple):
    """What is retrieved once and then taught: how many worlds and questions about each, in turn in these forms.

    share: of rows of at least 2,048 ids that hold lessons; n_documents: k, to retrieve for each query; n_shown: m,
    demonstrations; n_shown_documents: documents of each; same_kind_share: of demonstrations about the same kind of
    question; open_share: of texts with follow-up questions that break off where documents would be retrieved."""

    n_worlds: int
    n_lessons: int
    kinds: dict[QuestionKind, float]
    formats: dict[Format, float]
    share: float = 0.9
    n_documents: tuple[int, ...] = (1, 2, 3, 4, 5, 5, 5, 6, 8, 10)
    n_shown: tuple[int, ...] = (0, 0, 1, 2, 3, 4, 4)
    n_shown_documents: tuple[int, ...] = (1, 2, 2)
    same_kind_share: float = 0.7
    open_share: float = 0.3
    forms: tuple[Form, ...] = ("pages", "pages", "pages", "both")
    sizes: Mapping[Kind, int] = CROWDED

    def described(self) -> str:
        """What is taught, in words."""
        k, m, shown = self.n_documents, self.n_shown, self.n_shown_documents
        return (
            f"DRAG and IterDRAG with {min(k)} to {max(k)} retrieved documents a question and follow-up question, after"
            f" {min(m)} to {max(m)} demonstrations of {min(shown)} to {max(shown)} retrieved documents each; of"
            f" {self.n_worlds} worlds of the training split with {self.n_lessons} questions each"
        )


class FarPlan(NamedTuple):
    """Chronicles and dossiers, whose later sentences repeat what was stated far above.

    share: of rows of at least 2,048 ids that hold one; those as long as the target's context always do. n_jumps: how
    often positions jump ahead in a shorter row, so that it spans up to the whole context; arXiv:2309.10400, section 3.
    repeated_weight: loss weight of the first token of a repeated value; new_weight: of the values stated first, which
    cannot be known."""

    share: float = 0.45
    n_jumps: tuple[int, ...] = (0, 1, 1, 2, 3)
    repeated_weight: float = 4.0
    new_weight: float = 0.1

    def described(self) -> str:
        """What is taught, in words."""
        return "chronicles and dossiers as long as the context, or cut to rows whose positions span as much"


class Phase(NamedTuple):
    """One phase of training, up to the share `until` of all steps: the share of rows that are prose, weights of formats
    and question kinds in the other rows, and numbers of documents.

    several_share: share of standard texts that ask several questions, at most n_questions, about the same documents;
    many: numbers of documents in long rows; n_drafted: numbers of documents in drafts, if they see fewer; near_share:
    share of near neighbours among the documents beside those that answer; missing: by format, the share of questions
    whose evidence lacks the answer; hard_share: share of unsupported judgements that a drafter could make; drill_share:
    share of standard texts and drafts that are drills over n_drilled documents; document_weight, fill_weight: loss
    weight of documents, and of the prose after the last text of a row; copy_weight: loss weight of the first token
    copied from a document, on which all later ones depend, and of what is written where the evidence lacks it; lessons:
    what long rows teach with retrieved documents; far: with texts that repeat what stands far above;
    opening_weight: how many times as much the beginning of a sentence counts in rows of prose; n_beginnings: how
    many stories the model continues at each step, to unlearn repeated sentences (`unlikelihood.py`)."""

    until: float
    prose: float
    formats: dict[Format, float]
    kinds: dict[QuestionKind, float]
    n_documents: tuple[int, ...]
    n_questions: int
    several_share: float = 0.5
    many: tuple[int, ...] = (8, 10, 16, 24)
    n_drafted: tuple[int, ...] = ()
    forms: tuple[Form, ...] = ("notes",)
    sizes: Mapping[Kind, int] = SMALL
    near_share: float = 0.0
    missing: Mapping[Format, float] = {}
    hard_share: float = 0.0
    drill_share: float = 0.0
    n_drilled: tuple[int, ...] = (2, 3, 4, 6, 8)
    document_weight: float = 0.2
    fill_weight: float = 0.4
    copy_weight: float = 1.0
    lessons: LessonPlan | None = None
    far: FarPlan | None = None
    opening_weight: float = 1.0
    n_beginnings: int = 0


FIRST = Phase(
    0.15,
    0.2,
    {"standard": 0.62, "draft": 0.3, "reflection": 0.08},
    {"single": 0.9, "dated": 0.05, "claim": 0.05},
    (1, 1, 1, 2),
    n_questions=6,
    several_share=0.8,
)
SECOND = Phase(
    0.33,
    0.2,
    {"standard": 0.28, "draft": 0.24, "reflection": 0.28, "drag": 0.06, "iterdrag": 0.14},
    {"single": 0.48, "dated": 0.1, "bridge": 0.16, "comparison": 0.08, "claim": 0.18},
    (1, 2, 3, 4, 4),
    n_questions=5,
)
JUDGING = Phase(
    0.6,
    0.1,
    {"standard": 0.35, "draft": 0.1, "reflection": 0.5, "iterdrag": 0.05},
    {"single": 0.3, "dated": 0.1, "bridge": 0.1, "comparison": 0.05, "claim": 0.45},
    (1, 1, 2, 3, 4),
    n_questions=6,
)
THIRD = Phase(
    0.74,
    0.2,
    {"standard": 0.24, "draft": 0.3, "reflection": 0.2, "drag": 0.08, "iterdrag": 0.18},
    {"single": 0.42, "dated": 0.08, "bridge": 0.16, "comparison": 0.06, "claim": 0.28},
    (1, 2, 4, 4, 6, 8, 10),
    n_questions=4,
)
DRILLS = Phase(
    0.4,
    0.1,
    {"standard": 0.45, "draft": 0.45, "reflection": 0.1},
    {"single": 0.8, "claim": 0.2},
    (2, 3, 4),
    n_questions=5,
    sizes=CROWDED,
    near_share=1.0,
    missing={"draft": 0.15},
    hard_share=0.6,
    drill_share=1.0,
    n_drilled=(2, 2, 3, 4, 5),
    document_weight=0.02,
    fill_weight=0.1,
    copy_weight=8.0,
)
RETRIEVAL = Phase(
    1.0,
    0.15,
    {"standard": 0.27, "draft": 0.36, "reflection": 0.15, "drag": 0.03, "iterdrag": 0.19},
    {"single": 0.4, "dated": 0.08, "bridge": 0.2, "comparison": 0.07, "claim": 0.25},
    (4, 6, 8, 10, 10),
    n_questions=6,
    several_share=0.7,
    many=(6, 8, 10, 10),
    n_drafted=(1, 2, 2, 3, 4),
    forms=("notes", "pages", "both"),
    sizes=CROWDED,
    near_share=0.6,
    missing={"standard": 0.08, "draft": 0.4},
    hard_share=0.6,
    drill_share=0.4,
    document_weight=0.05,
    fill_weight=0.1,
    copy_weight=4.0,
)
# How DRAG and IterDRAG ask: demonstrations before the question, and all documents as they are retrieved.
LESSONS = LessonPlan(
    24,
    64,
    {"single": 0.3, "dated": 0.08, "bridge": 0.42, "comparison": 0.08, "claim": 0.12},
    {"drag": 0.25, "iterdrag": 0.75},
)
FAR = FarPlan()
# Drafts whose evidence lacks the answer are fewer than before: learned at that share, drafts withheld what they had.
DEMONSTRATED = RETRIEVAL._replace(missing={"standard": 0.08, "draft": 0.25}, lessons=LESSONS, far=FAR)
# A target that was taught to repeat what stands far above begins its own sentences anew. Stories do not; how a sentence
# of theirs begins is what it has to learn.
OWN_WORDS = DEMONSTRATED._replace(prose=0.5, far=FAR._replace(share=0.3, repeated_weight=1.0), opening_weight=10.0)
# A few stories still loop: only what the target writes itself shows which.
UNLIKELIHOOD = OWN_WORDS._replace(n_beginnings=16)
DRAFTING = Phase(
    1.0,
    0.6,
    {"standard": 0.25, "draft": 0.3, "reflection": 0.1, "drag": 0.1, "iterdrag": 0.25},
    {"single": 0.5, "dated": 0.1, "bridge": 0.18, "comparison": 0.08, "claim": 0.14},
    (1, 2, 4, 6),
    n_questions=4,
    forms=("notes", "pages"),
)
READING = Phase(
    1.0,
    0.05,
    {"standard": 0.15, "draft": 0.7, "drag": 0.05, "iterdrag": 0.1},
    {"single": 0.42, "dated": 0.08, "bridge": 0.14, "comparison": 0.06, "claim": 0.3},
    (1, 2, 2, 3, 4),
    n_questions=3,
    several_share=0.2,
    forms=("notes", "pages", "both"),
    sizes=CROWDED,
    near_share=0.6,
    missing={"standard": 0.05, "draft": 0.5},
    drill_share=0.4,
    n_drilled=(2, 2, 3, 4),
    document_weight=0.05,
    fill_weight=0.1,
    copy_weight=4.0,
)
# A verdict is one token of a draft: among other drafts a small model never learned to compare claim and rationale.
VERDICTS = READING._replace(
    until=0.88,
    prose=0.0,
    formats={"standard": 0.25, "draft": 0.75},
    kinds={"single": 0.12, "dated": 0.02, "bridge": 0.04, "comparison": 0.02, "claim": 0.8},
    n_documents=(1, 1, 2),
    n_questions=4,
    missing={"draft": 0.2},
    drill_share=0.3,
    n_drilled=(2, 2, 3),
)
READING_PHASES = (DRILLS._replace(until=0.3), READING._replace(until=0.7), VERDICTS, READING)
PHASES = (FIRST, SECOND, JUDGING, DRILLS._replace(until=0.67), THIRD, RETRIEVAL)


def phase_at(phases: tuple[Phase, ...], share: float) -> Phase:
    """The phase at a share of all steps, from 0 to 1."""
    return next((phase for phase in phases if share < phase.until), phases[-1])
