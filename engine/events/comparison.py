"""Comparing lanes over the same prompts; others import the events from `engine.events`.

* imports neither Qt nor torch. A lane is a drafter with a method and its settings; `plain` is always one of them."""

from typing import Literal, TypeAlias

from engine.events.base import SCHEMA, Event, Setting, Struct
from engine.events.decoding import RoundFinished, RuntimeName, StopReason
from engine.events.policies import PolicyDecided
from engine.statistics import Interval, RatioEstimate

PLAIN_LANE = "plain"
# What the acceptance by position of a lane looks like; `unclear`: too few tokens were tested.
Shape: TypeAlias = Literal["flat", "falling", "rising", "cliff", "zero", "unclear"]


class LaneSpec(Struct, frozen=True):
    """What one lane decodes with. name: unique in its comparison, shown everywhere. gamma: 0 for plain decoding, and
    where a gate ends each draft.

    settings: those of its method that differ from the comparison's."""

    name: str
    drafter: str
    gamma: int
    method: str = "speculative"
    settings: tuple[tuple[str, Setting], ...] = ()


class ComparedPrompt(Struct, frozen=True):
    """One prompt. turns: the second is asked after the answer to the first. category: empty where there are none."""

    id: str
    turns: tuple[str, ...]
    category: str = ""


class ComparisonStarted(Event, frozen=True):
    """A comparison began, with everything needed to repeat it. prompt_set: the name of the set; skipped: a line for
    each line of its file that could not be used; n_skipped: how many these are, also where only the first are named.
    prompt_notes: what was changed in the prompts before they were asked, and the way out of that, a line each."""

    comparison_id: str
    started_utc: str
    target: str
    lanes: tuple[LaneSpec, ...]
    prompt_set: str
    prompts: tuple[ComparedPrompt, ...]
    settings: tuple[tuple[str, Setting], ...]
    device: str
    dtype: str
    processor: str
    skipped: tuple[str, ...] = ()
    n_skipped: int = 0
    versions: tuple[tuple[str, str], ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()
    note: str = ""
    runtime: RuntimeName | None = None
    graphs: bool = False
    quantize: str = "none"
    prompt_notes: tuple[str, ...] = ()
    schema: int = SCHEMA


class LaneRefused(Event, frozen=True):
    """A lane cannot take part: why, and the way out. The others continue."""

    lane: str
    why: str
    hint: str
    at_s: float = 0.0


class GenerationMeasured(Event, frozen=True):
    """One lane continued one prompt. turn: which of its turns; repeat: counted from 0. rounds: without the lists of
    most probable tokens, their `at_s` counted from the end of the prefill; only with the first repeat, and empty beyond
    the number of tokens that a comparison keeps; decisions: of its policy, with the rounds. memory_bytes: weights and
    caches of both models at its end.

    rejected_ranks: where the drafter had ranked the token that the target wanted, for each rejection. joules: None
    where they cannot be measured. first_divergence, margin: from the plain text, None where it is the same."""

    lane: str
    prompt: int
    turn: int
    repeat: int
    prompt_ids: tuple[int, ...]
    ids: tuple[int, ...]
    reason: StopReason
    prefill_ms: float
    decode_ms: float
    first_ms: float
    n_first: int
    n_rounds: int
    n_proposed: int
    draft_ms: float
    verify_ms: float
    accepted_by_position: tuple[int, ...] = ()
    tested_by_position: tuple[int, ...] = ()
    rejected_ranks: tuple[int, ...] = ()
    overlap_sum: float = 0.0
    target_step_ms: float | None = None
    draft_step_ms: float | None = None
    joules: float | None = None
    first_divergence: int | None = None
    margin: float | None = None
    text: str = ""
    rounds: tuple[RoundFinished, ...] = ()
    memory_bytes: int = 0
    at_s: float = 0.0
    decisions: tuple[PolicyDecided, ...] = ()


class CategoryFigures(Struct, frozen=True):
    """A lane over the prompts of one category."""

    category: str
    n_prompts: int
    alpha: float | None
    tau: float
    tokens_per_s: float
    speedup: RatioEstimate


class LaneFigures(Struct, frozen=True):
    """A lane over all prompts so far.

    ms_per_token: decoding time of all prompts over their tokens; speedup: that of plain decoding over this one, so that
    what stands side by side divides to it. c, verify_per_token: cost of a drafted token, and of one more token to
    verify, in plain steps. predicted_speedup: by the cost model, from τ and step times. positions: accepted and
    tested by position of the draft; shape: what they look like, shape_at: the first position of a cliff. ranks: how
    often the token that the target wanted after a rejection was second, third, ... of the drafter's list; the last
    entry counts all further ones. same_text: as plain decoding, None where that cannot be compared; n_differing:
    prompts whose text differs. why_not: why it cannot take part, or why it is not recommended."""

    lane: str
    drafter: str
    gamma: int
    method: str
    n_prompts: int
    n_tokens: int
    alpha: float | None = None
    alpha_ci: Interval | None = None
    tau: float | None = None
    efficiency: float | None = None
    c: float | None = None
    verify_per_token: float | None = None
    ms_per_token: float | None = None
    tokens_per_s: float | None = None
    prefill_ms: float | None = None
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    speedup: RatioEstimate | None = None
    predicted_speedup: float | None = None
    break_even_alpha: float | None = None
    memory_bytes: int | None = None
    joules_per_token: float | None = None
    same_text: bool | None = None
    n_differing: int = 0
    first_divergence: int | None = None
    margin: float | None = None
    positions: tuple[tuple[int, int], ...] = ()
    shape: Shape = "unclear"
    shape_at: int = 0
    ranks: tuple[int, ...] = ()
    categories: tuple[CategoryFigures, ...] = ()
    why_not: str = ""
    policy: str = ""


class GammaPrediction(Struct, frozen=True):
    """The speedup of a drafter at one draft length as predicted, and as measured where it was."""

    drafter: str
    gamma: int
    predicted: float
    measured: float | None = None


class Recommendation(Struct, frozen=True):
    """What to ship. drafter: its SPEC, `none` where plain decoding wins; lane: its name. because: in words, with the
    figures. changes: what would change it, a sentence each. workload: what it holds for. disturbed: the figures are
    impossible, so that it is not known what to ship; drafter is then `none`."""

    drafter: str
    lane: str
    gamma: int
    because: str
    workload: str
    changes: tuple[str, ...] = ()
    disturbed: bool = False


class ComparisonMeasured(Event, frozen=True):
    """The figures of all lanes so far; complete: no more follow. n_plain_differing: prompts whose plain text differed
    between two plain runs, where these were made, else None. energy: how it was measured, or why it was not.
    cautions: what may have disturbed the measurement, a sentence each."""

    lanes: tuple[LaneFigures, ...]
    n_prompts: int
    n_measured: int
    recommendation: Recommendation | None = None
    predictions: tuple[GammaPrediction, ...] = ()
    n_plain_differing: int | None = None
    energy: str = ""
    cautions: tuple[str, ...] = ()
    complete: bool = True
    at_s: float = 0.0


class RaceStarted(Event, frozen=True):
    """Lanes begin to continue one prompt, a round of each in turn; their rounds follow as `RoundFinished` with the
    lane's name, whose `at_s` counts the lane's own time alone. race_id, started_utc: empty in files of old."""

    target: str
    lanes: tuple[LaneSpec, ...]
    prompt: str
    prompt_ids: tuple[int, ...]
    prompt_pieces: tuple[str, ...]
    device: str
    dtype: str
    note: str = ""
    race_id: str = ""
    started_utc: str = ""
    settings: tuple[tuple[str, Setting], ...] = ()
    processor: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()


class RaceFinished(Event, frozen=True):
    """Every lane has ended, or the race was stopped. same_text: for each lane, whether its text is the plain one."""

    reason: StopReason
    same_text: tuple[tuple[str, bool], ...] = ()
    at_s: float = 0.0
