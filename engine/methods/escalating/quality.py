"""Judges how good an answer looks without knowing the right one: by its probability, by repeating, or by reflection.

Sources: self-consistency arXiv:2203.11171 (answers drawn again agree), self-reflection arXiv:2407.08223, section 3.3
(the probability of Yes after answer and rationale). The probability of the answer itself costs no further token."""

from collections.abc import Generator, Iterator
from statistics import fmean
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from engine import prompts
from engine.events import Event, IterationFinished, Progressed, QualityScore, ScalingAnswered, Warned
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.config import DragConfig
from engine.methods.iterdrag.answering import answered
from engine.methods.speculative_rag.verifying import verdicts
from engine.rag.encoding import encode
from engine.rag.matching import same_words
from engine.rag.reading import Branch, read

_TEMPERATURE, _N_SAMPLES = 0.7, 4


class Judged(NamedTuple):
    """What is judged. rationale: the intermediate answers, or else the document next to the question."""

    question: str
    result: ScalingAnswered
    rationale: str


class Quality(NamedTuple):
    """A score from 0 to 1, None where there is none, and the tokens that it took."""

    value: float | None = None
    tokens: int = 0


def ended(events: Iterator[Event]) -> Generator[Progressed | Warned, None, tuple[ScalingAnswered, str]]:
    """Yield the progress of an answer and its warnings; returns its end, and what it rests on."""
    steps: list[str] = []
    document = ""
    last: Event | None = None
    for event in events:
        if isinstance(event, Progressed | Warned):
            yield event
        elif isinstance(event, IterationFinished):
            document = event.documents[-1].text if event.documents else document
            steps += [f"{event.follow_up} {event.intermediate}."] if event.end == "follow_up" else []
        last = event
    assert isinstance(last, ScalingAnswered)
    return last, " ".join(steps) or document


def judge(
    judged: Judged, config: DragConfig, context: ScalingContext, score: QualityScore
) -> Generator[Progressed | Warned, None, Quality]:
    """Yield progress and warnings, and return the score; an answer that is none has no quality."""
    result = judged.result
    if score == "none" or result.answer is None:
        return Quality()
    if score == "probability":
        return Quality(result.probability)
    if score == "self_reflect":
        return _reflected(judged, result.answer, context)
    samples = []
    for seed in range(1, _N_SAMPLES + 1):
        drawn = replace(config, temperature=_TEMPERATURE, seed=config.seed + seed)
        sample, _ = yield from ended(answered(judged.question, drawn, context))
        samples.append(sample)
    agreeing = fmean(same_words(sample.answer, result.answer) for sample in samples)
    return Quality(agreeing, sum(sample.effective_context for sample in samples))


def _reflected(judged: Judged, answer: str, context: ScalingContext) -> Quality:
    """The probability of Yes against No, where the target is asked whether the rationale supports the answer."""
    rt = context.rt
    forms = verdicts(rt.target.tokenizer)
    prompt = prompts.reflection(judged.question, answer, judged.rationale, True)
    encoded = encode(prompt, rt.target.tokenizer, template=rt.target.asked_template)
    if len(encoded.ids) > rt.target.context:
        return Quality()
    (start, _), (verdict, _) = encoded.span("answer"), encoded.span("verdict")
    branch = Branch(encoded.ids[start:verdict], (*forms.yes, *forms.no))
    endings = read(rt.target, encoded.ids[:start], [branch], rt.checkpoint)[0].endings
    yes, no = (np.logaddexp.reduce(part) for part in (endings[: len(forms.yes)], endings[len(forms.yes) :]))
    return Quality(float(np.exp(-np.logaddexp(0.0, no - yes))), len(encoded.ids))
