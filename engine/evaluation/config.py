"""Settings of an evaluation in addition to those of its method; imports neither Qt nor torch."""

from typing import Annotated

from msgspec import Meta

from engine.events.base import Struct
from engine.world.pages import Form
from engine.world.questions import QuestionKind

# The default kinds of questions about a built-in world.
USUAL_KINDS: tuple[QuestionKind, ...] = ("single", "dated", "bridge", "claim")


class EvaluationConfig(Struct, frozen=True):
    """How many questions are asked, which ones, and whether there is an ablation."""

    questions: Annotated[
        int, Meta(ge=1, le=10**6, title="Questions", description="at most; of a built-in world the kinds in turn")
    ] = 100
    seed: Annotated[int, Meta(ge=0, le=2**53, title="Seed", description="of the world, or of which questions")] = 0
    form: Annotated[
        Form,
        Meta(
            title="Documents",
            description="of a built-in world. notes: a few facts each; pages: 120 to 180 tokens; both: of either sort",
        ),
    ] = "pages"
    ablation: Annotated[
        bool, Meta(title="Ablation", description="also every way to choose subsets with every choice of scores")
    ] = False
