"""Calls the target again and again for one question, over one cache: only what differs is computed again.

A call writes one line. Its effective context is its prompt and, where the beginnings of a line are scored, the ids of
these; source: arXiv:2410.04343, section 3.1 (input tokens over all calls) and 3.3 (constrained beginnings)."""

import math
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import NamedTuple

from engine import prompts
from engine.decoding.cached_model import SequenceModel, windows_of
from engine.decoding.kept_sequence import KeptSequence
from engine.decoding.transfers import uploaded_ids
from engine.events import Event, ModelCalled, PhaseFinished, RoundFinished, TokensEmitted
from engine.events.iterations import CallPurpose, ScalingSystem
from engine.methods.drag.config import DragConfig
from engine.methods.drag.window import FittedPrompt, PromptContent, fitted
from engine.methods.standard_rag.asking import prompt_read
from engine.rag.encoding import encode_piece
from engine.rag.reading import Branch, read_after
from engine.runtime import RunContext

_LEAST = 1e-300


class CallResult(NamedTuple):
    """What a call wrote. start: the place of the beginning that was chosen, scores: of all of them."""

    text: str
    start: int
    scores: tuple[float, ...]
    content: PromptContent
    called: ModelCalled
    ttft_ms: float


class _LineTally:
    """A line as it is decoded, round by round; n_written: its tokens, up to the line's end."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.times: list[float] = []
        self.text, self.log_p = "", 0.0
        self.n_written = self.n_proposed = self.n_accepted = 0

    def ends_with(self, event: RoundFinished) -> bool:
        """Add a round; returns whether the line ended in it."""
        self.ids += event.emitted
        self.times.append(event.draft_ms + event.verify_ms + event.other_ms)
        self.n_proposed += len(event.proposed)
        self.n_accepted += sum(token.fate == "accepted" for token in event.proposed)
        for p, piece in _pieces(event):
            self.log_p += math.log(max(p, _LEAST))
            self.text += piece
            self.n_written += 1
            if "\n" in self.text.lstrip():
                return True
        return False


class _Line(NamedTuple):
    """A decoded line, and what reading the prompt took."""

    tally: _LineTally
    prefill_ms: float


class TargetCalls:
    """The calls for one question. made: those so far; gamma: how many tokens are drafted at once."""

    def __init__(self, config: DragConfig, rt: RunContext, system: ScalingSystem) -> None:
        self.made: list[ModelCalled] = []
        self.system = system
        self._config, self._rt = config, rt
        self.gamma = config.gamma if rt.drafter is not None else 0
        self._kept = self._keeping()

    def _keeping(self) -> KeptSequence | None:
        """A sequence that keeps its cache; None beside a drafter that reads the target's states of the whole prompt."""
        target, drafter = self._rt.target, self._rt.drafter if self.gamma else None
        if drafter is not None:
            needed = drafter.capabilities
            if needed.hidden_layers or needed.last_kv or needed.first_layers:
                return None
        may_cut = target.fused is not None or not any(windows_of(target.model.config.get_text_config()))
        return KeptSequence(target.sequence(), may_cut=may_cut)

    def call(
        self, content: PromptContent, purpose: CallPurpose, iteration: int, *, starts: Sequence[str] = (),
        allowed: Sequence[int] = (),
    ) -> Generator[Event, None, CallResult]:  # fmt: skip
        """Yield what is read and written, and return it; starts: how the line may begin, of which the likeliest is
        taken whose place is allowed. Raises InputError where the question does not fit the window."""
        rt = self._rt
        if rt.target.asked_template is not None and not content.steps:
            starts = [start.lstrip("\n") for start in starts]  # an assistant's turn begins without an empty line
        start_ids = [encode_piece(start, rt.target.tokenizer) for start in starts]
        n_longest = max(map(len, start_ids), default=0)
        prompt = fitted(content, rt.target, self._config.max_new_tokens + n_longest)
        ids = prompt.encoded.ids
        yield prompt_read(prompt.encoded, "target", purpose, None, prompt.note, rt)
        started = time.perf_counter()
        n_cached = 0 if self._kept is None else self._kept.follow(ids)
        scores = self._scored(ids, start_ids)
        scoring_ms = 1e3 * (time.perf_counter() - started)
        chosen = max(allowed, key=lambda place: scores[place]) if scores else 0
        line = yield from self._written((*ids, *(start_ids[chosen] if start_ids else ())))
        called = self._event(prompt, purpose, iteration, n_cached, sum(map(len, start_ids)), line, scoring_ms)
        self.made.append(called)
        yield called
        ttft_ms = scoring_ms + line.prefill_ms + line.tally.times[0]
        return CallResult(called.text, chosen, scores, prompt.content, called, ttft_ms)

    def _scored(self, ids: Sequence[int], starts: Sequence[tuple[int, ...]]) -> tuple[float, ...]:
        """The log-probability of each beginning after the prompt."""
        if not starts:
            return ()
        rt = self._rt
        sequence: SequenceModel = self._kept or rt.target.sequence()
        prompt = uploaded_ids(ids[:-1], sequence.device)
        for at in range(0, len(ids) - 1, rt.prefill_chunk):
            rt.checkpoint()
            sequence.prefill(prompt[at : at + rt.prefill_chunk])
        if self._kept is not None:
            self._kept.remember(ids)
        logps = read_after(sequence, ids[-1], [Branch(start) for start in starts], rt.checkpoint)
        return tuple(math.fsum(branch.trunk) for branch in logps)

    def _written(self, ids: tuple[int, ...]) -> Generator[Event, None, _Line]:
        """Decode one line after these ids."""
        rt, config = self._rt, self._config
        if self._kept is not None:
            self._kept.follow(ids)
        tally, prefill_ms = _LineTally(), 0.0
        with closing(rt.generate(config, ids, gamma=self.gamma, sequence=self._kept)) as events:
            for event in events:
                if isinstance(event, PhaseFinished):
                    prefill_ms = event.ms
                if not isinstance(event, RoundFinished):
                    continue
                yield TokensEmitted(self.system, event.emitted, event.text, at_s=rt.elapsed_s())
                if tally.ends_with(event):
                    break
        if self._kept is not None:
            self._kept.remember((*ids, *tally.ids))
        return _Line(tally, prefill_ms)

    def _event(
        self, prompt: FittedPrompt, purpose: CallPurpose, iteration: int, n_cached: int, n_scored: int, line: _Line,
        scoring_ms: float,
    ) -> ModelCalled:  # fmt: skip
        target, tally = self._rt.target, line.tally
        written = target.texts.text([token for token in tally.ids if token not in target.stop_ids])
        return ModelCalled(
            len(self.made), iteration, purpose, prompt.context, target.context, len(prompt.encoded.ids) + n_scored,
            n_cached, tally.n_written, prompts.read_answer(written), math.exp(tally.log_p),
            scoring_ms + line.prefill_ms, sum(tally.times), len(tally.times), tally.n_proposed, tally.n_accepted,
            prompt.note, at_s=self._rt.elapsed_s(),
        )  # fmt: skip


def _pieces(event: RoundFinished) -> list[tuple[float, str]]:
    """The probability and the text of each token that a round wrote."""
    accepted = [(token.p, token.text) for token in event.proposed if token.fate == "accepted"]
    return accepted if event.last is None else [*accepted, (event.last.p, event.last.text)]
