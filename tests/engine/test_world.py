"""The generated world: the same for the same seed, consistent within a story, varied across stories."""

import re
from itertools import islice

from engine.world import beats
from engine.world.story import stories


def some(n: int, seed: int = 5) -> list[str]:
    return list(islice(stories(seed), n))


def test_same_seed_tells_the_same_stories_and_another_seed_others() -> None:
    assert some(20) == some(20)
    assert not set(some(20)) & set(some(20, seed=6))


def test_no_slot_is_left_unfilled_and_no_sentence_stands_twice_in_a_story() -> None:
    for story in some(300):
        assert not re.search(r"[{}]|  ", story)
        sentences = re.split(r"(?<=[.?])\s", story)
        assert len(sentences) == len(set(sentences))


def test_stories_differ() -> None:
    assert len(set(some(2000))) == 2000


def test_every_template_is_told_sooner_or_later() -> None:
    told = " ".join(some(6000))
    for plot in beats.PLOTS:
        for beat in plot:
            for template in beat:
                longest = max(re.split(r"\{\w+\}", template), key=len)
                assert longest in told, template
