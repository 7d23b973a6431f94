"""Settings of an evaluation in addition to those of its method; imports neither Qt nor torch."""

from typing import Annotated, get_args

from msgspec import Meta

from engine.errors import InputError
from engine.events.base import Struct
from engine.world.pages import Form
from engine.world.questions import QuestionKind

# The default kinds of questions about a built-in world.
USUAL_KINDS: tuple[QuestionKind, ...] = ("single", "dated", "bridge", "claim")


class EvaluationConfig(Struct, frozen=True):
    """How many questions are asked, which ones and by what, and whether there is an ablation."""

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
    kinds: Annotated[
        str,
        Meta(
            title="Kinds of questions",
            description="separated by commas; empty: the usual ones of a built-in world, all of a file",
        ),
    ] = ""
    scaling: Annotated[
        bool,
        Meta(
            title="Scaling systems too",
            description="zero-shot, many-shot, DRAG, IterDRAG and its popular variant, over as many passages",
        ),
    ] = False
    shots: Annotated[
        int, Meta(ge=0, le=256, title="Demonstrations", description="of the scaling systems, each with passages")
    ] = 4
    iterations: Annotated[
        int, Meta(ge=1, le=20, title="Iterations", description="of IterDRAG at most; then it has to answer")
    ] = 5


def listed(text: str) -> tuple[str, ...]:
    """The kinds of a list separated by commas, each once; none of an empty one."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def world_kinds(names: tuple[str, ...]) -> tuple[QuestionKind, ...]:
    """These kinds of a built-in world, in its order, the usual ones where none is named. Raises InputError."""
    every: tuple[QuestionKind, ...] = get_args(QuestionKind)
    unknown = next((name for name in names if name not in every), None)
    if unknown is not None:
        raise InputError(f"kinds = {','.join(names)[:80]}: {unknown!r} is not known", f"use {', '.join(every)}")
    return tuple(kind for kind in every if kind in names) or USUAL_KINDS
