"""Answers one question by DRAG: demonstrations, k documents, the question, and only the answer is written.

Source: arXiv:2410.04343, section 3.2."""

from collections.abc import Generator

from engine.errors import InputError
from engine.events import Event, IterationFinished, ScalingAnswered
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.calls import TargetCalls
from engine.methods.drag.config import DragConfig
from engine.methods.drag.gathering import demonstrations_for, documents_for, system_of
from engine.methods.drag.outcome import AnswerCounts, summed
from engine.methods.drag.window import PromptContent


def drag(question: str, config: DragConfig, context: ScalingContext) -> Generator[Event, None, ScalingAnswered]:
    """Yield the events of an answer, the last of which is returned too. Raises InputError."""
    rt, question = context.rt, asked(question)
    shown = yield from demonstrations_for(question, config, context, steps=False)
    gathered = yield from documents_for(question, config, context)
    calls = TargetCalls(config, rt, system_of(config))
    content = PromptContent(question, tuple(passage.text for passage in gathered.passages), shown, iterates=False)
    result = yield from calls.call(content, "answer", 0)
    called = result.called
    yield IterationFinished(
        0, "final", "", gathered.passages, 0, result.text, called.probability, (), False, called.input_tokens,
        called.cached_tokens, called.output_tokens, gathered.ms, called.prefill_ms + called.decode_ms,
        "; ".join(filter(None, (gathered.note, called.note))), at_s=rt.elapsed_s(),
    )  # fmt: skip
    counts = AnswerCounts(
        len(result.content.documents), len(result.content.demonstrations), 0, gathered.ms, result.ttft_ms
    )
    answer = summed(question, result, calls, counts, config, at_s=rt.elapsed_s())
    yield answer
    return answer


def asked(question: str) -> str:
    """The question without blanks around it. Raises InputError if it is empty."""
    if not question.strip():
        raise InputError("the question is empty", "ask something")
    return question.strip()
