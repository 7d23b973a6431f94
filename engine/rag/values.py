"""Values that answering methods share: drafts, their batches and scores, and an answer of standard RAG."""

from typing import NamedTuple

from engine.events.answers import ForcedBy
from engine.rag.encoding import Encoded, Fitted
from engine.rag.reading import Ids


class Lengths(NamedTuple):
    """Fixed numbers of ids for a draft's rationale and response, whatever they contain. Only for timing."""

    rationale: int
    response: int


class DraftBatch(NamedTuple):
    """The work of writing several drafts together. n_read, n_written: tokens; n_rounds: forwards."""

    serial: int
    prefill_ms: float
    decode_ms: float
    n_read: int
    n_written: int
    n_rounds: int


class RagDraft(NamedTuple):
    """A draft and the drafter's natural log-probabilities of its two parts.

    text: as it was written; why: what is wrong with an incomplete draft, whose log_p_rationale is that of its full
    text; cited: places in its subset; note: how its passages were cut to fit; held_to: None if it ended by itself.
    forced_by: what ended the rationale where the response was forced."""

    prompt: Encoded
    text: str
    ids: Ids
    rationale: str
    response: str
    log_p_rationale: float
    log_p_response: float
    cited: tuple[int, ...]
    why: str
    note: str
    batch: DraftBatch
    held_to: Lengths | None = None
    forced_by: ForcedBy = ""

    @property
    def complete(self) -> bool:
        """Whether it can be chosen."""
        return not self.why


class Verification(NamedTuple):
    """The work of scoring several drafts together. n_read: tokens the verifier read."""

    serial: int
    ms: float
    n_read: int


class VerifierScore(NamedTuple):
    """The verifier's log-probabilities for one draft: of response and rationale, of Yes and of No.

    n_answer, n_rationale: tokens of response and rationale; with_documents: mean log P(alpha, beta | Q, documents) per
    token, if requested; n_read: tokens read for this draft alone."""

    prompt: Encoded
    log_answer: float
    log_rationale: float
    log_yes: float
    log_no: float
    n_answer: int
    n_rationale: int
    with_documents: float | None
    n_read: int
    verification: Verification


class VerifierTest(NamedTuple):
    """How a verifier judges the built-in cases: how many it has right, and the mean probability of Yes or No."""

    n_right: int
    mass: float


class Standard(NamedTuple):
    """An answer of standard RAG and its cost. ids: as they were written; n_rounds: forwards of the target after the
    prompt; n_proposed: tokens that the drafter proposed."""

    prompt: Fitted
    answer: str
    ids: Ids
    prefill_ms: float
    first_ms: float
    decode_ms: float
    n_rounds: int
    n_proposed: int

    @property
    def target_tokens(self) -> int:
        """Tokens the target processed: the prompt, and in each round what was proposed and one more."""
        return len(self.prompt.encoded.ids) + self.n_rounds + self.n_proposed

    @property
    def drafter_tokens(self) -> int:
        """Tokens the drafter processed; 0 if there was no drafter."""
        return len(self.prompt.encoded.ids) + self.n_proposed if self.n_proposed else 0
