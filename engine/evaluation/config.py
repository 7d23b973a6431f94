"""Settings of an evaluation beside those of the method it is of; imports neither Qt nor torch."""

from typing import Annotated

from msgspec import Meta

from engine.events.base import Struct
from engine.world.pages import Form
from engine.world.questions import QuestionKind

# What a built-in world is asked where nobody chooses.
USUAL_KINDS: tuple[QuestionKind, ...] = ("single", "dated", "bridge", "claim")


class EvaluationConfig(Struct, frozen=True):
    """How many questions are asked, which ones, and what else is made of them."""

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
