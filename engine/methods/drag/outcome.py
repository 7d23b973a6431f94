"""Sums up the calls for one question: the answer, and all that it took."""

from typing import NamedTuple

from engine.events import ScalingAnswered
from engine.methods.drag.calls import CallResult, TargetCalls
from engine.methods.drag.config import DragConfig
from engine.methods.drag.window import context_length


class AnswerCounts(NamedTuple):
    """What an answer rests on in the end, what retrieving it took, and the time to the first token."""

    n_documents: int
    n_demonstrations: int
    n_iterations: int
    retrieving_ms: float
    ttft_ms: float


def summed(
    question: str, last: CallResult, target_calls: TargetCalls, counts: AnswerCounts, config: DragConfig, *, at_s: float
) -> ScalingAnswered:
    """The event of a question's answer, which is what the last call wrote."""
    calls = target_calls.made
    prefill_ms, decode_ms = sum(call.prefill_ms for call in calls), sum(call.decode_ms for call in calls)
    return ScalingAnswered(
        target_calls.system, question, last.text or None, last.called.probability,
        config.k, config.m, config.iterations,
        counts.n_documents, counts.n_demonstrations, counts.n_iterations, len(calls),
        effective_context=sum(call.input_tokens for call in calls),
        cached_tokens=sum(call.cached_tokens for call in calls),
        longest_context=max(context_length(call.context) for call in calls),
        output_tokens=sum(call.output_tokens for call in calls),
        retrieving_ms=counts.retrieving_ms,
        prefill_ms=prefill_ms,
        decode_ms=decode_ms,
        ttft_ms=counts.ttft_ms,
        latency_ms=prefill_ms + decode_ms,
        gamma=target_calls.gamma,
        n_rounds=sum(call.n_rounds for call in calls),
        n_proposed=sum(call.n_proposed for call in calls),
        n_accepted=sum(call.n_accepted for call in calls),
        at_s=at_s,
    )  # fmt: skip
