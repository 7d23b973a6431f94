"""The draft-length policy that is compared besides: its form's fields, and what they say as settings of a lane."""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from engine.events import LaneSpec, Setting
from engine.methods.speculative.config import (
    POLICY_HELP,
    DraftUntil,
    LeastConfidence,
    LeastFree,
    LongestDraft,
    SpeculativeConfig,
)
from engine.settings import PolicyName, policy_of

ChosenPolicy: TypeAlias = tuple[tuple[str, Setting], ...]
_HELP = f"one more lane for each drafter, with the first draft length: {POLICY_HELP}. Fixed without a limit adds none"
_USUAL = SpeculativeConfig()
# Which settings a policy asks besides the limits, which stand around each of them.
_ASKED: Mapping[str, str] = {
    "best-s": "most_gamma", "heuristic": "most_gamma", "saturation": "most_gamma", "confidence": "confidence",
}  # fmt: skip
_LIMITS = ("draft_until", "least_free")


class PolicyFields(msgspec.Struct, frozen=True):
    """The fields, by the names and with the bounds that they have in the setup of Decode."""

    policy: Annotated[PolicyName, Meta(title="Policy", description=_HELP)] = "fixed"
    most_gamma: LongestDraft = _USUAL.most_gamma
    confidence: LeastConfidence = _USUAL.confidence
    draft_until: DraftUntil = _USUAL.draft_until
    least_free: LeastFree = _USUAL.least_free


def as_settings(values: Mapping[str, Setting]) -> ChosenPolicy:
    """What is chosen as settings of the lanes that are added: the policy first; empty where none is."""
    policy = values["policy"]
    asked = (*filter(None, (_ASKED.get(str(policy)),)), *_LIMITS)
    changed = tuple((name, values[name]) for name in asked if values[name] != getattr(_USUAL, name))
    is_limited = any(name in _LIMITS for name, _ in changed)
    return (("policy", policy), *changed) if policy != "fixed" or is_limited else ()


def as_values(settings: ChosenPolicy) -> dict[str, Setting]:
    """The values of all fields for such settings."""
    return {name: dict(settings).get(name, getattr(_USUAL, name)) for name in PolicyFields.__struct_fields__}


def has_policy(lane: LaneSpec) -> bool:
    """Whether something chooses the draft length of a lane's rounds, be it only a limit."""
    own = dict(lane.settings)
    return bool(policy_of(own)) or any(name in own for name in _LIMITS)


def of_lanes(lanes: tuple[LaneSpec, ...]) -> ChosenPolicy:
    """The settings of the first lane with a policy; empty where there is none."""
    names = PolicyFields.__struct_fields__
    own = next((dict(lane.settings) for lane in lanes if has_policy(lane)), {})
    return tuple((name, own[name]) for name in names if name in own)
