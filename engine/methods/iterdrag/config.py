"""Settings of IterDRAG; imports neither Qt nor torch."""

from typing import Annotated

from msgspec import Meta

from engine.events.iterations import ScalingVariant
from engine.methods.drag.config import DragConfig


class IterDragConfig(DragConfig, frozen=True):
    """Settings of an answer by follow-up questions; the defaults of n, stopping and variant are the paper's."""

    n: Annotated[
        int, Meta(ge=1, le=20, title="Iterations n", description="follow-up questions at most; then it has to answer")
    ] = 5
    stop_above: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            title="Stop early above",
            description="an intermediate answer more probable than this is the last one; 1: never, as in the paper",
        ),
    ] = 1.0
    variant: Annotated[
        ScalingVariant,
        Meta(
            title="Procedure",
            description="paper: each follow-up question knows the answers before it; popular, not from the paper: all "
            "n sub-questions are written first, answered apart from each other, and their answers put together",
        ),
    ] = "paper"

    @property
    def iterations(self) -> int:
        """How many iterations there may be."""
        return self.n
