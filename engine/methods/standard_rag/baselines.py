"""Standard RAG: the target over all passages, the answer only, plain or with token-level speculation; scores nothing.

Source: arXiv:2407.08223, section 4.1, whose baselines answer without a rationale."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import NamedTuple

from engine import prompts
from engine.events import PhaseFinished
from engine.rag.encoding import Fitted, fit
from engine.rag.reading import Ids
from engine.rag.values import Standard
from engine.runtime import RunContext
from engine.settings import GenerationConfig


class Said(NamedTuple):
    """Tokens of an answer as they come."""

    ids: Ids
    text: str


def standard(
    question: str, passages: Sequence[str], config: GenerationConfig, rt: RunContext, *, gamma: int
) -> Iterator[Fitted | Said | Standard]:
    """Yield the prompt, the answer as it comes, and last the whole; gamma 0 is plain decoding.

    It ends with the line, as what follows is no answer, unless nothing but its length is to end it. Raises InputError
    where the question does not fit."""
    build = partial(_build, question)
    fitted = fit(build, passages, rt.target, n_new=config.max_new_tokens, what="the prompt of standard RAG")
    yield fitted
    prefill_ms, text = 0.0, ""
    times: list[float] = []
    written: list[int] = []
    n_proposed = 0
    with closing(rt.generate(config, fitted.encoded.ids, gamma=gamma)) as events:
        for item in events:
            if isinstance(item, PhaseFinished):
                prefill_ms = item.ms
            else:
                times.append(item.draft_ms + item.verify_ms + item.other_ms)
                written += item.emitted
                n_proposed += len(item.proposed)
                text += item.text
                yield Said(item.emitted, item.text)
                if config.stop_at_end and "\n" in text.lstrip():
                    break
    answer = prompts.read_answer(rt.target.texts.text([token for token in written if token not in rt.target.stop_ids]))
    yield Standard(fitted, answer, tuple(written), prefill_ms, times[0], sum(times), len(times), n_proposed)


def _build(question: str, passages: Sequence[str]) -> prompts.Prompt:
    return prompts.standard_rag(passages, question)
