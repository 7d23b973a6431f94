"""The built-in models as stages of training: shapes, plans, texts and seeds."""

from typing import Literal, TypeAlias

import msgspec

from engine.training import shapes
from engine.training.plan import Stretch, TrainingPlan
from engine.training.rows import RowShape
from engine.training.shapes import StudentShape

Mixture: TypeAlias = Literal[
    "everything", "retrieval", "demonstrations", "own-words", "unlikelihood", "drafting", "reading", "ledgers"
]
_SHORT, _MIDDLE, _WIDE = RowShape(8, 256), RowShape(4, 512), RowShape(2, 1024)
_LONG, _LONGEST, _WHOLE = RowShape(1, 2048), RowShape(1, 4096), RowShape(1, shapes.CONTEXT)


class Stage(msgspec.Struct, frozen=True):
    """One built-in model: its shape, its plan, what it reads and the seed of its weights and texts.

    distilled: learns the target's distributions, not the text. grown_from_target: starts from layers of the target."""

    name: str
    shape: StudentShape
    plan: TrainingPlan
    seed: int
    mixture: Mixture
    distilled: bool = True
    grown_from_target: bool = False

    @property
    def has_lessons(self) -> bool:
        """Whether long rows hold what is retrieved once, before the training."""
        return self.mixture in ("demonstrations", "own-words", "unlikelihood")

    def lasting(self, steps: int) -> "Stage":
        """The same stage with so many steps."""
        return msgspec.structs.replace(self, plan=msgspec.structs.replace(self.plan, steps=steps))

    def wider(self, factor: int) -> "Stage":
        """The same stage with `factor` times the rows per step."""
        return msgspec.structs.replace(self, plan=self.plan.wider(factor))


_LATE = (_SHORT, _MIDDLE, _MIDDLE, _SHORT, _MIDDLE, _MIDDLE, _SHORT)
_RETRIEVED = (_MIDDLE, _WIDE, _MIDDLE, _WIDE, _MIDDLE, _LONG)
_BY_PHASE = (
    Stretch(0.15, (_SHORT,)),
    Stretch(0.33, (_SHORT, _SHORT, _MIDDLE)),
    Stretch(0.6, (_SHORT,)),
    Stretch(0.74, (*_LATE, _LONG) * 3 + (*_LATE, _LONGEST)),
    Stretch(1.0, _RETRIEVED),
)
_MIXED = (Stretch(1.0, (RowShape(16, 256),) * 15 + (RowShape(2, 2048),)),)
_READING = (Stretch(1.0, (_MIDDLE, _WIDE)),)
_TAUGHT = (_MIDDLE, _LONG, _WIDE, _LONG, _MIDDLE, _LONGEST)
_LESSONS = (Stretch(0.7, _TAUGHT), Stretch(1.0, (*_TAUGHT, _MIDDLE, _LONG, _WIDE, _LONG, _MIDDLE, _WHOLE)))

TARGET = Stage(
    "target", shapes.TARGET, TrainingPlan(steps=9300, peak_rate=1e-3, stretches=_BY_PHASE, hold=0.45), 11, "everything",
    distilled=False,
)  # fmt: skip
DRAFTERS = (
    Stage("general", shapes.GENERAL, TrainingPlan(steps=600, peak_rate=4e-3, stretches=_MIXED), 12, "drafting"),
    Stage("small", shapes.SMALL, TrainingPlan(steps=500, peak_rate=4e-3, stretches=_MIXED), 13, "drafting"),
    Stage(
        "misaligned", shapes.GENERAL, TrainingPlan(steps=250, peak_rate=4e-3, stretches=_MIXED), 14, "ledgers",
        distilled=False,
    ),
    Stage(
        "rag", shapes.RAG, TrainingPlan(steps=1500, peak_rate=1e-3, stretches=_READING, hold=0.5), 15, "reading",
        grown_from_target=True,
    ),
)  # fmt: skip
# These stages continue existing models, which learn the retrieval phases on top of what they can do, at lower rates.
# The drafter for RAG learns from gold rationales, as in arXiv:2407.08223, section 3.1: a target's errors taught it to
# err.
CONTINUED_TARGET = Stage(
    "target", shapes.TARGET, TrainingPlan(steps=3900, peak_rate=6e-4, stretches=(Stretch(1.0, _RETRIEVED),), hold=0.4),
    16, "retrieval", distilled=False,
)  # fmt: skip
# Goes on with a target that knows retrieval: half of its tokens are demonstrations, questions and follow-up questions
# with the documents that are retrieved for them, and long texts; the others are what it learned last.
DEMONSTRATED_TARGET = Stage(
    "target", shapes.TARGET, TrainingPlan(steps=2400, peak_rate=3e-4, stretches=_LESSONS, hold=0.4), 22,
    "demonstrations", distilled=False,
)  # fmt: skip
# Goes on with that one: having learned to repeat what stands far above, it repeats its own sentences as well.
OWN_WORDS_TARGET = Stage(
    "target", shapes.TARGET, TrainingPlan(steps=300, peak_rate=2e-4, stretches=(Stretch(1.0, _TAUGHT),), hold=0.3), 23,
    "own-words", distilled=False,
)  # fmt: skip
# Goes on with that one, where it still repeats sentences of its own stories.
UNLIKELIHOOD_TARGET = Stage(
    "target", shapes.TARGET, TrainingPlan(steps=100, peak_rate=1e-4, stretches=(Stretch(1.0, _TAUGHT),), hold=0.3), 24,
    "unlikelihood", distilled=False,
)  # fmt: skip
CONTINUED_DRAFTERS = (
    Stage(
        "rag", shapes.RAG, TrainingPlan(steps=5700, peak_rate=8e-4, stretches=_READING, hold=0.4), 17, "reading",
        distilled=False, grown_from_target=True,
    ),
    Stage("general", shapes.GENERAL, TrainingPlan(steps=200, peak_rate=1.5e-3, stretches=_MIXED), 19, "drafting"),
    Stage("small", shapes.SMALL, TrainingPlan(steps=200, peak_rate=1.5e-3, stretches=_MIXED), 20, "drafting"),
)  # fmt: skip
