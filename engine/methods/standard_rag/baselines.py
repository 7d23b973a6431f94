"""Standard RAG: the target reads all passages and writes only the answer, plain or with token-level speculation.

Source: arXiv:2407.08223, section 4.1, whose baselines answer without a rationale."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import NamedTuple

from engine import prompts
from engine.events import PhaseFinished, RoundFinished
from engine.methods.standard_rag.config import StandardRagConfig
from engine.rag.demonstrations import demonstrations
from engine.rag.encoding import Fitted, fit
from engine.rag.reading import Ids
from engine.rag.values import Standard
from engine.runtime import RunContext


class Said(NamedTuple):
    """Tokens of an answer as they are written."""

    ids: Ids
    text: str


def standard(
    question: str, passages: Sequence[str], config: StandardRagConfig, rt: RunContext, *, gamma: int
) -> Iterator[Fitted | Said | Standard]:
    """Yield the prompt, the answer as it is written, and last all of it; gamma 0 is plain decoding.

    The answer ends with its line, because what follows is not part of it, unless only its length may end it. Raises
    InputError if the question does not fit."""
    build = partial(_build, question, demonstrations(config.demonstrations, rt.target))
    fitted = fit(build, passages, rt.target, n_new=config.max_new_tokens, what="the prompt of standard RAG")
    yield fitted
    prefill_ms, text = 0.0, ""
    times: list[float] = []
    ids: list[int] = []
    n_proposed = 0
    with closing(rt.generate(config, fitted.encoded.ids, gamma=gamma)) as events:
        for event in events:
            if isinstance(event, PhaseFinished):
                prefill_ms = event.ms
            elif isinstance(event, RoundFinished):
                times.append(event.draft_ms + event.verify_ms + event.other_ms)
                ids += event.emitted
                n_proposed += len(event.proposed)
                text += event.text
                yield Said(event.emitted, event.text)
                if config.stop_at_end and "\n" in text.lstrip():
                    break
    answer = prompts.read_answer(rt.target.texts.text([token for token in ids if token not in rt.target.stop_ids]))
    yield Standard(fitted, answer, tuple(ids), prefill_ms, times[0], sum(times), len(times), n_proposed)


def _build(question: str, worked: Sequence[prompts.WorkedDraft], passages: Sequence[str]) -> prompts.Prompt:
    return prompts.standard_rag(passages, question, demonstrations=worked)
