"""Before: whether the time can buy a drafter, and what could. After: whether it pays."""

import pytest
from msgspec.structs import replace

from engine.events import DrafterMeasured, SizeOption, TrainingEstimated
from engine.training import prospects
from engine.training.drafter_config import DrafterConfig

SHORT = TrainingEstimated("T", "cpu", 0, 0, 0, 0, 0, 2, 224, 12_200_000, 30.0, start="new", n_trained=12_200_000)
OWN = (SizeOption(4, 42_000_000, 0.3, 0.4),)


def test_time_that_cannot_buy_a_drafter_is_named_with_what_could() -> None:
    judged = prospects.judged(replace(SHORT, sizes=OWN), DrafterConfig(minutes=10))
    assert judged.too_short == (
        "10 minutes are about 15,000 tokens for 12.2 M weights to train: too few for a useful drafter"
    )
    for way in ("start from the target's own layers", "early-exit", "lookup", "hours or more"):
        assert way in judged.instead


def test_target_without_layers_of_its_own_offers_lookup() -> None:
    instead = prospects.judged(SHORT, DrafterConfig(minutes=10)).instead
    assert "lookup" in instead
    assert "own layers" not in instead and "early-exit" not in instead


def test_own_layers_that_could_hardly_pay_are_not_offered() -> None:
    costly = (SizeOption(4, 42_000_000, 0.3, 0.74), SizeOption(24, 113_000_000, 0.84, None))
    assert "own layers" not in prospects.judged(replace(SHORT, sizes=costly), DrafterConfig()).instead


@pytest.mark.parametrize(
    ("alpha", "words"),
    [(0.74, "pays only from alpha 0.74 on at a draft length of 2"), (None, "cannot pay at a draft length of 2")],
)
def test_drafter_that_could_hardly_pay_is_named_before_it_is_trained(alpha: float | None, words: str) -> None:
    costly = replace(SHORT, c=0.31, break_even_alpha=alpha, gamma=2, timed=True)
    too_costly = prospects.judged(costly, DrafterConfig()).too_costly
    assert words in too_costly
    assert "0.31 of one of the target" in too_costly
    assert prospects.judged(replace(costly, timed=False), DrafterConfig()).too_costly == ""
    assert prospects.judged(replace(costly, break_even_alpha=0.5), DrafterConfig()).too_costly == ""


def test_own_layers_need_fewer_tokens() -> None:
    own = replace(SHORT, start="own-layers", sizes=OWN)
    assert prospects.judged(own, DrafterConfig(minutes=20)).too_short == ""
    assert prospects.judged(own, DrafterConfig(minutes=1)).too_short


def test_enough_time_and_configured_steps_are_not_warned_of() -> None:
    assert prospects.judged(SHORT, DrafterConfig(minutes=10_000)).too_short == ""
    assert prospects.judged(SHORT, DrafterConfig(minutes=1, steps=5)).too_short == ""


@pytest.mark.parametrize(
    ("ends", "pays", "words"),
    [
        ((1.1, 1.3), "yes", "the drafter pays"),
        ((0.8, 0.95), "no", "does not pay here"),
        ((0.95, 1.1), "unsure", "not certain"),
    ],
)
def test_verdict_follows_the_interval(ends: tuple[float, float], pays: str, words: str) -> None:
    measured = DrafterMeasured(
        "after", 0.61, (0.55, 0.66), 0.5, 2, c=0.31, c_ci=(0.3, 0.33), speedup=sum(ends) / 2, speedup_ci=ends, n=12
    )
    assert prospects.pays(measured) == pays
    line = prospects.verdict(measured)
    assert words in line
    assert "alpha 0.61 [0.55, 0.66], c 0.31 [0.30, 0.33]" in line
    assert f"[{ends[0]:.2f}, {ends[1]:.2f}] at a draft length of 2" in line


def test_without_a_measured_speedup_nothing_is_claimed() -> None:
    assert prospects.pays(DrafterMeasured("after", 0.6, None, 0.5, 2)) == "unmeasured"


@pytest.mark.parametrize(
    ("n_in_steps", "n_in_texts", "words"),
    [
        (100, 0, ""),
        (80_000, 16_000, ""),
        (272_000, 16_000, "the 16,000 tokens of text will be read about 17 times over"),
    ],
)
def test_texts_that_are_read_over_and_over_are_named_before(n_in_steps: int, n_in_texts: int, words: str) -> None:
    told = prospects.read_too_often(n_in_steps, n_in_texts)
    assert told.startswith(words) and bool(told) == bool(words)
