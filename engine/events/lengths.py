"""What length does to speculation: memory, time and acceptance by length and drafter; import from `engine.events`.

* imports neither Qt nor torch. A length is the tokens before the first new one."""

from typing import Literal, TypeAlias

from engine.events.base import Event, Struct
from engine.statistics import Interval

# What computes attention: `auto` is what the forward takes by itself; `flash-attn` is the package of that name.
AttentionName: TypeAlias = Literal["auto", "flash", "efficient", "cudnn", "math", "eager", "flash-attn"]
# Which part of a text is read where it is longer than a length: its beginning, or what comes before its end.
TextPart: TypeAlias = Literal["start", "end"]


class AttentionChecked(Struct, frozen=True):
    """An attention kernel on this machine, against the same attention in float64. title: its name for people.

    why_not: why it cannot be used here, empty if it can. largest_error: the largest difference of a value, in units
    of the values' own spread; tolerance: what it may be. ms: of one chunk at the longest length."""

    name: AttentionName
    title: str
    why_not: str = ""
    largest_error: float | None = None
    tolerance: float | None = None
    ms: float | None = None

    @property
    def is_equal(self) -> bool:
        """Whether its values are those of the reference, up to the rounding of its type."""
        return None not in (self.largest_error, self.tolerance) and self.largest_error <= self.tolerance  # type: ignore[operator]


class KvPrediction(Struct, frozen=True):
    """What keys and values of a length will take, before anything is measured. drafter: a SPEC, or `none`.

    why_not: why this length cannot be measured with this drafter, empty if it can; hint: the way out of that."""

    length: int
    drafter: str
    kv_bytes_target: int
    kv_bytes_drafter: int
    why_not: str = ""
    hint: str = ""


class LengthsStarted(Event, frozen=True):
    """Measuring over lengths begins, with what will be read and what it will take.

    lengths: those asked for, ascending; drafters: SPECs as they were built, a window's size included; `none` is plain
    decoding, always the first. text: the name of what is read; text_tokens: all of it, first_token to last_token
    (excluded) is what the longest length reads; part: where it is cut; pages: the page range that was asked for,
    empty for all; cut: what was left out, in a sentence, empty where nothing was. n_texts: texts a length.
    free_bytes: memory that is free now. timing_pair: the note on models that only serve timing. tree: what drafters
    that can branch draft, empty for chains."""

    target: str
    drafters: tuple[str, ...]
    lengths: tuple[int, ...]
    context: int
    text: str
    text_tokens: int
    first_token: int
    last_token: int
    part: TextPart
    pages: str
    cut: str
    n_texts: int
    gamma: int
    max_new_tokens: int
    repeats: int
    prefill_chunk: int
    attention: AttentionName
    device: str
    dtype: str
    kernels: tuple[AttentionChecked, ...] = ()
    predictions: tuple[KvPrediction, ...] = ()
    free_bytes: int = 0
    timing_pair: str = ""
    tree: str = ""


class PrefillMeasured(Event, frozen=True):
    """What reading a text of one length took the target, in pieces of `chunk` tokens.

    bare_ms: the matrix products and the attention of all layers alone, at the same sizes; None where they cannot be
    timed apart (modules). ratio: ms over bare_ms. n: how often it was timed; ms is the median."""

    length: int
    chunk: int
    attention: AttentionName
    ms: float
    bare_ms: float | None = None
    ratio: float | None = None
    n: int = 1


class TextStretch(Struct, frozen=True):
    """A stretch of new text: tokens [first, last) after the beginning of the text, prompt included.

    alpha: None where nothing was tested; tau: tokens per round."""

    first: int
    last: int
    alpha: float | None
    tau: float | None
    accepted: int
    tested: int
    n_rounds: int


class LengthMeasured(Event, frozen=True):
    """One drafter at one length. drafter `none`: plain decoding, whose speedup is 1.

    n_prompt: tokens before the first new one: the length, or what of it leaves room for new tokens in the context.
    prefill_ms: reading the prompt, of both models; drafter_prefill_ms: the drafter's part of it. ms_per_token,
    plain_ms_per_token: of decoding alone. speedup: the second over the first; its interval from ten units on, its range
    below; n: those units, repeats of one text or else texts. alpha: over tested positions, in the first repeat.
    kv_bytes_*: keys and values as allocated at the end of the text; predicted_*: as they were predicted.
    drafter_bytes: all of the drafter's own state, also what is no keys and values. draft_step_ms, verify_ms: mean of
    one drafter step, and of a verification of gamma + 1 tokens; plain_step_ms: of a plain step. same_text: as plain
    decoding, None with sampling. stretches: acceptance by position in the text. note: what has to be said about it.
    why_not: why it was not measured, then every figure is None; hint: the way out of that. tree: the tree that it
    drafted, whose depth gamma is; empty for chains. alpha of a tree is over places of the text, of which several of
    its tokens may stand for one."""

    length: int
    drafter: str
    gamma: int
    n_prompt: int
    prefill_ms: float | None = None
    drafter_prefill_ms: float | None = None
    ms_per_token: float | None = None
    plain_ms_per_token: float | None = None
    speedup: float | None = None
    speedup_ci: Interval | None = None
    speedup_range: Interval | None = None
    n: int = 0
    alpha: float | None = None
    alpha_ci: Interval | None = None
    tau: float | None = None
    kv_bytes_target: int | None = None
    kv_bytes_drafter: int | None = None
    predicted_kv_bytes_target: int | None = None
    predicted_kv_bytes_drafter: int | None = None
    drafter_bytes: int | None = None
    draft_step_ms: float | None = None
    verify_ms: float | None = None
    plain_step_ms: float | None = None
    same_text: bool | None = None
    n_new: int = 0
    stretches: tuple[TextStretch, ...] = ()
    note: str = ""
    why_not: str = ""
    hint: str = ""
    tree: str = ""


class LengthsMeasured(Event, frozen=True):
    """Measuring over lengths ended. complete: every length was measured, or refused with its reason; otherwise it was
    stopped, and the lengths before are kept. n_measured: combinations of length and drafter with figures; n_refused:
    those without. cautions: what may have disturbed the measurement, a sentence each. workload: what the figures hold
    for, in words."""

    n_measured: int
    n_refused: int
    seconds: float
    cautions: tuple[str, ...] = ()
    workload: str = ""
    complete: bool = True


class PageStart(Struct, frozen=True):
    """A page of a document, counted from 1, and the token that it begins with, of all that there is to read."""

    number: int
    token: int


class TextRead(Event, frozen=True):
    """A text, or a part of it, as the loaded target reads it. ids: a prompt, with the signs that begin a text; text:
    the same for people. n_tokens: of all that there is; cut: what was left out, in a sentence, empty where nothing was;
    skipped: what of the file could not be read. serial: that of the question. kernels: what can read it, unchecked.
    pages_from: where its pages begin, empty where it has none or a single one."""

    source: str
    name: str
    pages: str
    ids: tuple[int, ...]
    text: str
    n_tokens: int
    cut: str = ""
    skipped: tuple[str, ...] = ()
    serial: int = 0
    kernels: tuple[AttentionChecked, ...] = ()
    pages_from: tuple[PageStart, ...] = ()
