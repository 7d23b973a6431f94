"""How good an answer looks: by its probability, or by answering again."""

from collections.abc import Generator
from typing import cast

import pytest

from engine.events import Event, Progressed, QualityScore, ScalingAnswered
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.config import DragConfig
from engine.methods.escalating import quality
from engine.methods.escalating.quality import Judged, Quality, ended, judge
from tests.allocations import scaling_answer

CONFIG, CONTEXT = DragConfig(k=2, m=0), cast(ScalingContext, None)


def value_of(steps: Generator[Progressed, None, Quality]) -> Quality:
    try:
        while True:
            next(steps)
    except StopIteration as end:
        result: Quality = end.value
        return result


def judged(answer: str | None, score: QualityScore) -> Quality:
    return value_of(judge(Judged("Where?", scaling_answer(answer, CONFIG), ""), CONFIG, CONTEXT, score))


def test_the_probability_costs_nothing_and_no_answer_has_no_quality() -> None:
    assert judged("Nyby", "probability") == Quality(0.9, 0)
    assert judged(None, "probability") == judged("Nyby", "none") == Quality(None, 0)


def test_answers_that_agree_are_counted_and_their_tokens_too(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[DragConfig] = []

    def again(_question: str, config: DragConfig, _context: object) -> Generator[Event, None, ScalingAnswered]:
        drawn.append(config)
        answer = scaling_answer("the nyby." if len(drawn) % 2 else "Sund", config)
        yield answer
        return answer

    monkeypatch.setattr(quality, "answered", again)
    assert judged("Nyby", "self_consistency") == Quality(0.5, 4 * 300)
    assert len({config.seed for config in drawn}) == 4 and all(config.temperature > 0 for config in drawn)


def test_an_answer_is_followed_to_its_end() -> None:
    events = iter([Progressed("measuring", 1, 2, "questions"), scaling_answer("Nyby", CONFIG)])
    steps = ended(events)
    assert isinstance(next(steps), Progressed)
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value[0].answer == "Nyby"
