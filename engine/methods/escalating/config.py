"""Settings of escalating from a small preset to larger ones; imports neither Qt nor torch."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from engine.events.allocation import PresetName
from engine.methods.drag.config import ReadingConfig

JudgingScore: TypeAlias = Literal["probability", "self_consistency", "self_reflect"]
DEFAULT_BUDGET = 128_000  # the popular article's


class EscalatingConfig(ReadingConfig, frozen=True):
    """Settings of an answer that is asked again with more while it looks bad; each preset has its own k, m and n."""

    escalate_below: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            title="Escalate below",
            description="an answer whose quality score is below this is asked again with the next larger preset",
        ),
    ] = 0.5
    quality: Annotated[
        JudgingScore,
        Meta(
            title="Quality of answers",
            description="how good an answer looks without the right one: its own probability, how many of 4 sampled "
            "answers agree with it, or whether the target says Yes when asked if the evidence supports it",
        ),
    ] = "probability"
    first: Annotated[PresetName, Meta(title="Begin with", description="the first preset; larger ones follow")] = "small"
    budget: Annotated[
        int,
        Meta(
            ge=1,
            le=10**9,
            title="Budget",
            description="input tokens that the question may take over all presets and judgements; presets are reduced "
            "to what is left of it",
        ),
    ] = DEFAULT_BUDGET
