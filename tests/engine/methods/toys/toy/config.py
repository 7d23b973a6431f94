"""Settings of the toy."""

from typing import Annotated

from msgspec import Meta

from engine.settings import GenerationConfig


class ToyConfig(GenerationConfig, frozen=True):
    """What a toy run is made with."""

    reach: Annotated[int, Meta(ge=1, le=16, title="Reach", description="tokens proposed in a round")] = 3
    weight: Annotated[float, Meta(ge=0, le=1, title="Weight", description="what the kept share is multiplied by")] = 1.0
