from typing import get_args

import pytest

from app.words import policies
from engine.events import PolicyDecided, PolicyReason


def test_a_decision_says_from_when_what_and_why() -> None:
    event = PolicyDecided(40, 4, 7, 1.62, 1.71, "faster")
    assert policies.decision(event) == "round 41: γ 4 → 7, predicted 1.62 → 1.71: predicted to be faster"


def test_without_predictions_the_lengths_stand_alone() -> None:
    assert policies.change(PolicyDecided(3, 4, 6, None, None, "all_accepted")) == "γ 4 → 6"


@pytest.mark.parametrize("why", get_args(PolicyReason))
def test_every_reason_has_a_sentence_without_an_identifier(why: PolicyReason) -> None:
    assert policies.reason(why) and "_" not in policies.reason(why)
