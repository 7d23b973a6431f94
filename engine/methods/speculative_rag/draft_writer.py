"""Writes one draft token by token: a rationale, then a response, whose beginning is forced where it does not come.

A rationale ends where the drafter ends it, with its line, or at its share of the new tokens; then the words before the
response are written for the drafter, and it continues with the response. What was forced is not scored."""

import math
import re
from typing import NamedTuple

from engine import prompts
from engine.batch.decoder import RewrittenEnd
from engine.decoding.detokenizer import Detokenizer
from engine.decoding.packing import HostRecord
from engine.events.answers import ForcedBy
from engine.models.loading import LoadedModel
from engine.rag.encoding import Fitted, encode_piece
from engine.rag.reading import Ids
from engine.rag.values import Lengths

MOST_PROPOSED = 8
_LEAST = 1e-300
_SENTENCE_END = re.compile(r"(?<=\w)[.!?。！？](?=\s)")
# The share of the new tokens that is kept for the response, and how many of them are enough.
_RESPONSE_SHARE, _MOST_RESPONSE = 0.25, 32


class Growth(NamedTuple):
    """A draft grew by some tokens; text: the characters that they made certain."""

    ids: Ids
    text: str


class DraftWriter:
    """Writes one draft of at most `most` new tokens, or of fixed lengths.

    end: why it ended, empty while it grows. forced_by: what ended the rationale where the response had to be forced."""

    def __init__(self, fitted: Fitted, drafter: LoadedModel, most: int, lengths: Lengths | None) -> None:
        self.fitted = fitted
        self.ids: list[int] = []
        self.text = ""
        self.end = ""
        self.lengths = lengths
        self.forced_by: ForcedBy = ""
        self._log_p: list[float] = []
        self._starts: list[int] = []  # where in the text each id begins
        self._drafter, self._most = drafter, most
        self._bridge = encode_piece(prompts.RESPONSE_FOLLOWS, drafter.tokenizer)
        kept_free = min(_MOST_RESPONSE, math.ceil(_RESPONSE_SHARE * most)) + len(self._bridge)
        self._most_rationale = most - kept_free if most > kept_free else most
        self._n_shown = self._n_shown_text = 0
        self._reader = Detokenizer(drafter.texts, fitted.encoded.ids)

    @property
    def n_forced(self) -> int:
        """How many tokens are written for the drafter where the response is forced."""
        return len(self._bridge)

    def allowed(self) -> int:
        """How many tokens may be proposed in a round."""
        return min(MOST_PROPOSED, self._most - len(self.ids) - 1)

    def take(self, record: HostRecord) -> Growth:
        """Append what a round decided, up to the end of the rationale or the draft; returns what became certain."""
        n = record.n_accepted
        pairs = zip([*record.tokens[:n], record.last_id], [*record.p[:n], record.last_p], strict=True)
        for token, p in pairs:
            self._push(token, p)
            if self.end or self._must_bridge:
                break
        if self.end:
            self.text += self._reader.flush()
        return self._growth()

    @property
    def _must_bridge(self) -> bool:
        """Whether the rationale has ended and the words before the response are still to be written."""
        return bool(self.forced_by) and prompts.RESPONSE_FOLLOWS not in self.text

    def bridged(self) -> tuple[RewrittenEnd, Growth] | None:
        """The new end of the sequence where the response is to be forced, and what the draft grows by; None elsewhere.

        The sequence is the prompt and the draft."""
        if not self._must_bridge or self.end:
            return None
        if len(self.ids) + len(self._bridge) >= self._most:
            self.end, self.forced_by = "length", ""
            return None
        ending = RewrittenEnd(len(self.fitted.encoded.ids) + len(self.ids), self._bridge)
        for token in self._bridge:
            self._append(token, 0.0)
        self.text += self._reader.flush()
        return ending, self._growth()

    def _push(self, token: int, p: float) -> None:
        if self.lengths is None and token in self._drafter.stop_ids:
            if prompts.RESPONSE_FOLLOWS in self.text or not self.text.strip():
                self.end = "stopped"
            else:
                self.text += self._reader.flush()
                self.forced_by = "end"
            return
        self._append(token, math.log(max(p, _LEAST)))
        if self.lengths is None:
            self._part_ends()
        if len(self.ids) >= self._most:
            self.end = "length"

    def _append(self, token: int, log_p: float) -> None:
        self.ids.append(token)
        self._log_p.append(log_p)
        self._starts.append(len(self.text))
        self.text += self._reader.push(token)

    def _part_ends(self) -> None:
        """Notice the end of the rationale or of the response."""
        _, follows, response = self.text.partition(prompts.RESPONSE_FOLLOWS)
        if follows:
            self.end = "stopped" if "\n" in response.lstrip() else ""
        elif (line := self._line_end()) is not None and not prompts.RESPONSE_FOLLOWS.startswith(self.text[line:]):
            self._cut(line)
            self.forced_by = "line"
        elif len(self.ids) >= self._most_rationale:
            self._cut(len(self.text) if line is None else line)
            self.forced_by = "length"

    def _line_end(self) -> int | None:
        """Where the first line of the text ends, after the empty lines before it."""
        n_blank = len(self.text) - len(self.text.lstrip())
        place = self.text.find("\n", n_blank)
        return None if place < 0 else place

    def _cut(self, place: int) -> None:
        """Drop the ids that reach beyond a place of the text."""
        n_kept = self._n_before(place)
        if n_kept < len(self.ids):
            self.text = self.text[: self._starts[n_kept]]
            del self.ids[n_kept:], self._log_p[n_kept:], self._starts[n_kept:]
            self._reader = Detokenizer(self._drafter.texts, (*self.fitted.encoded.ids, *self.ids))

    def _n_before(self, place: int) -> int:
        """How many ids end at a place of the text or before it."""
        return sum(end <= place for end in [*self._starts[1:], len(self.text)])

    def _growth(self) -> Growth:
        """What became certain since the last call: what begins another line of a rationale may still be dropped."""
        n_certain, line = len(self.ids), self._line_end()
        writes_rationale = self.lengths is None and prompts.RESPONSE_FOLLOWS not in self.text
        if line is not None and writes_rationale and not self.end:
            n_certain = self._n_before(line)
        n_text = self._starts[n_certain] if n_certain < len(self.ids) else len(self.text)
        growth = Growth(tuple(self.ids[self._n_shown : n_certain]), self.text[self._n_shown_text : n_text])
        self._n_shown, self._n_shown_text = n_certain, n_text
        return growth

    def log_p(self) -> tuple[float, float]:
        """Natural log-probabilities of the rationale and of the response, as they were written.

        Neither what was forced counts, nor the line break that ends the response."""
        if self.lengths is not None:
            n = self.lengths.rationale
            return math.fsum(self._log_p[:n]), math.fsum(self._log_p[n:])
        middle = self.text.find(prompts.RESPONSE_FOLLOWS)
        if middle < 0:
            return math.fsum(self._log_p), 0.0
        response = middle + len(prompts.RESPONSE_FOLLOWS)
        answer = self.text[response:]
        end = response + len(answer) - len(answer.lstrip()) + len(self._response())
        pairs = list(zip(self._starts, self._log_p, strict=True))
        return (
            math.fsum(log_p for start, log_p in pairs if start < middle),
            math.fsum(log_p for start, log_p in pairs if response <= start < end),
        )

    def parts(self) -> prompts.ParsedDraft:
        """Rationale and response; of a response that was cut at the end of the new tokens, its whole sentences."""
        rationale = prompts.read_draft(self.text).rationale
        return prompts.ParsedDraft(rationale, prompts.one_line(self._response()))

    def _response(self) -> str:
        line = prompts.first_line(self.text.partition(prompts.RESPONSE_FOLLOWS)[2])
        if self.end != "length" or self.lengths is not None:
            return line
        ends = [match.end() for match in _SENTENCE_END.finditer(line)]
        return line[: ends[-1]] if ends else ""

    def why(self) -> str:
        """What is wrong with the finished draft, empty if nothing is."""
        parts = self.parts()
        if prompts.RESPONSE_FOLLOWS not in self.text:
            return f"no response within {self._most} tokens" if self.end == "length" else "the drafter wrote nothing"
        if self.end == "length" and not parts.response:
            return f"the response was cut at {self._most} tokens"
        return "" if parts.rationale and parts.response else "the rationale or the response is empty"
