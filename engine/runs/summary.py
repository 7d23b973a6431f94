"""Folds a run's events into counters and rates; `fold` is pure, and a summary does not grow with its run."""

from collections.abc import Mapping
from functools import cached_property, singledispatch
from statistics import median
from typing import Literal, TypeAlias

import msgspec

from engine import events, speed_model, statistics
from engine.runs.round_counts import Position, RoundKind, count_kind, count_length, count_positions
from engine.settings import policy_of
from engine.speed_model import CostModel
from engine.statistics import Interval, RatioEstimate, RatioSums, UnitTime

State: TypeAlias = Literal["idle", "running", "finished", "failed"]
_MAX_GAMMA = 1024


class BlockTime(msgspec.Struct, frozen=True):
    """One timed generation. paired: whether it counts towards step times and speedups."""

    lane: events.Lane
    pair: int
    ms_per_token: float
    target_step_ms: float | None
    draft_step_ms: float | None
    paired: bool = True


class Summary(msgspec.Struct, frozen=True, dict=True):
    """Counters and rates of one run so far. Times in milliseconds. n_drafted: rounds with a draft; draft_lengths: how
    many of them drafted one token, two, and so on. n_unverified: drafted tokens that the text keeps without the
    target's consent, of which n_audited were compared with it afterwards; audited_wrong: how many of these it would
    have rejected, expected over the draws. judged_together: whether a rule judged the tokens of a draft together, of
    which none is tested on its own. n_overlaps: at how many positions overlap_sum was taken. policy: what chooses the
    draft length, empty where gamma always holds; n_decisions: how often it changed the length.

    A tree is as long as it is deep: gamma and draft_lengths count depths. Several of its nodes may be tested at one
    place of the text, which counts once, as accepted if one of them was; n_proposed alone counts every node.

    What needs all timed blocks is computed once a summary (`dict`): many panels ask, and a trace may name thousands."""

    state: State = "idle"
    method: str = ""
    target: str = ""
    drafter: str = ""
    gamma: int = 0
    n_prompt: int = 0
    chat: bool = False
    rules: tuple[str, ...] = ()
    n_rounds: int = 0
    n_drafted: int = 0
    n_proposed: int = 0
    n_accepted: int = 0
    n_rejected: int = 0
    n_unverified: int = 0
    n_audited: int = 0
    audited_wrong: float = 0.0
    n_emitted: int = 0
    n_reasoning: int = 0
    overlap_sum: float = 0.0
    n_overlaps: int = 0
    judged_together: bool = False
    draft_ms: float = 0.0
    verify_ms: float = 0.0
    other_ms: float = 0.0
    prefill_ms: float | None = None
    first_ms: float | None = None
    n_first: int = 0
    kinds: tuple[RoundKind, ...] = ()
    positions: tuple[Position, ...] = ()
    draft_lengths: tuple[int, ...] = ()
    policy: str = ""
    n_decisions: int = 0
    blocks: tuple[BlockTime, ...] = ()
    same: bool | None = None
    first_divergence: int | None = None
    margin: float | None = None
    plain_divergence: int | None = None
    reason: str = ""
    failure: str = ""
    hint: str = ""

    @property
    def n_tested(self) -> int:
        """Drafted tokens that were accepted or rejected."""
        return self.n_accepted + self.n_rejected

    @property
    def alpha(self) -> float | None:
        """Acceptance rate over tested positions, or the overlap where tokens are judged together; None before any."""
        if self.judged_together:
            return self.alpha_overlap
        return self.n_accepted / self.n_tested if self.n_tested else None

    @property
    def alpha_overlap(self) -> float | None:
        """Mean of sum(min(p, q)) over tested positions, the lower-variance estimate of alpha; where tokens are judged
        together, over all drafted ones.

        Where children of a tree were drawn it is that of drafting one token there, below alpha."""
        return self.overlap_sum / self.n_overlaps if self.n_overlaps else None

    @property
    def alpha_ci(self) -> Interval | None:
        """Interval over the rounds that tested a token; None below ten, and where alpha is the overlap."""
        if self.judged_together:
            return None
        sums = RatioSums()
        for kind in self.kinds:
            sums = sums.plus(kind.n_accepted, kind.n_tested, kind.n_rounds)
        return statistics.running_interval(sums)

    @property
    def efficiency(self) -> float | None:
        """Draft efficiency: accepted / proposed."""
        return self.n_accepted / self.n_proposed if self.n_proposed else None

    @property
    def tau(self) -> float | None:
        """Tokens emitted per target forward."""
        return self.n_emitted / self.n_rounds if self.n_rounds else None

    @property
    def predicted_tau(self) -> float | None:
        """Tokens per round that alpha predicts for drafts as long as they were; a round without one brings one."""
        if self.alpha is None or self.n_unverified:  # a gate decided which tokens were tested
            return None
        return speed_model.expected_over(self.alpha, self.draft_lengths, self.n_rounds)

    @property
    def decode_ms(self) -> float:
        """Time after prefill."""
        return self.draft_ms + self.verify_ms + self.other_ms

    @cached_property
    def ms_per_token(self) -> float | None:
        """Median over the speculative blocks of repeats, or of the run so far."""
        if times := self._times("speculative"):
            return statistics.ms_per_token(times)
        return self.decode_ms / self.n_emitted if self.n_emitted else None

    @cached_property
    def baseline_ms_per_token(self) -> float | None:
        """Median over the plain blocks of this run."""
        times = self._times("plain")
        return statistics.ms_per_token(times) if times else None

    @property
    def ttft_ms(self) -> float | None:
        """Time to first token: prefill and the first round."""
        return None if self.prefill_ms is None or self.first_ms is None else self.prefill_ms + self.first_ms

    @property
    def tpot_ms(self) -> float | None:
        """Time per output token after those of the first round, which TTFT counts."""
        if self.first_ms is None or self.n_emitted <= self.n_first:
            return None
        return (self.decode_ms - self.first_ms) / (self.n_emitted - self.n_first)

    @property
    def itl_ms(self) -> float | None:
        """Mean gap between emissions: bursty, one per round."""
        return self.decode_ms / self.n_rounds if self.n_rounds else None

    @property
    def c(self) -> float | None:
        """Cost coefficient: mean drafter step over mean one-token target step of the plain blocks."""
        draft = [block.draft_step_ms for block in self.paired("speculative") if block.draft_step_ms is not None]
        target = self._target_steps("plain")
        return (sum(draft) / len(draft)) / (sum(target) / len(target)) if draft and sum(target) > 0 else None

    @property
    def verify_ratio(self) -> float | None:
        """t(gamma + 1) / t(1), both measured in this run."""
        verify_steps, plain_steps = self._target_steps("speculative"), self._target_steps("plain")
        return (
            (sum(verify_steps) / len(verify_steps)) / (sum(plain_steps) / len(plain_steps))
            if verify_steps and sum(plain_steps) > 0
            else None
        )

    @cached_property
    def costs(self) -> CostModel | None:
        """What a round costs, from the steps of the timed blocks, and from the rounds where those tell nothing; None
        until plain decoding was timed, and where nothing was drafted."""
        plain_ms = self.baseline_ms_per_token
        if plain_ms is None or not self.n_proposed:
            return None
        drafts = [block.draft_step_ms for block in self.paired("speculative") if block.draft_step_ms is not None]
        narrow_ms = median(self._target_steps("plain") or [plain_ms])
        # Steps are those of drafts of gamma tokens, of which a policy leaves few.
        steps = [] if self.policy else self._target_steps("speculative")
        longest = max(self.gamma, self.mean_draft) if steps else self.mean_draft
        wide_ms = median(steps) if steps else self._verify_ms_of_drafts(narrow_ms)
        return CostModel(
            plain_ms=plain_ms,
            fixed_ms=max(0.0, self.other_ms / self.n_rounds),
            draft_ms=median(drafts) if drafts else self.draft_ms / (self.mean_draft * self.n_drafted),
            # Noise must not make a wider forward cost less.
            widths=((1, narrow_ms), (longest + 1, max(narrow_ms, wide_ms))),
        )

    def _verify_ms_of_drafts(self, narrow_ms: float) -> float:
        """Mean time of verifying in the recorded rounds; under a policy without those of plain decoding."""
        n_plain = self.n_rounds - self.n_drafted if self.policy else 0
        return max(0.0, self.verify_ms - n_plain * narrow_ms) / (self.n_rounds - n_plain)

    @property
    def drafted_share(self) -> float:
        """Share of the rounds with a draft; a drafter that finds nothing to propose leaves the others."""
        return self.n_drafted / self.n_rounds if self.n_rounds else 0.0

    @property
    def mean_draft(self) -> float:
        """Drafted tokens in a row of a round with a draft."""
        n_in_a_row = sum(length * n for length, n in enumerate(self.draft_lengths, start=1))
        return n_in_a_row / self.n_drafted if self.n_drafted else 0.0

    @property
    def predicted_speedup(self) -> float | None:
        """Speedup that the acceptance rate and the measured costs of a round predict."""
        if self.predicted_tau is None or self.costs is None:
            return None
        return self.costs.speedup(self.predicted_tau, self.mean_draft, self.drafted_share)

    @cached_property
    def measured_speedup(self) -> RatioEstimate | None:
        """The two times per token divided, over the repeats of this prompt; None before one is finished."""
        plain, drafted = self._times("plain"), self._times("speculative")
        return statistics.speedup(plain, drafted) if plain and drafted else None

    @property
    def speedup(self) -> float | None:
        """baseline_ms_per_token over ms_per_token, both of the timed blocks."""
        estimate = self.measured_speedup
        return None if estimate is None else estimate.value

    @property
    def speedup_ci(self) -> Interval | None:
        """Interval of the speedup over repeats; None below ten."""
        estimate = self.measured_speedup
        return None if estimate is None else estimate.ci

    @property
    def speedup_range(self) -> Interval | None:
        """The smallest and the largest speedup of a repeat; None below two."""
        estimate = self.measured_speedup
        return None if estimate is None else estimate.range

    @cached_property
    def disturbances(self) -> tuple[str, ...]:
        """What disturbed the timed blocks, a sentence each."""
        lanes: tuple[events.Lane, ...] = ("plain", "speculative")
        return statistics.disturbances({lane: self._times(lane) for lane in lanes})

    @property
    def n_repeats(self) -> int:
        """Finished repeats."""
        estimate = self.measured_speedup
        return 0 if estimate is None else estimate.n

    def paired(self, lane: events.Lane) -> tuple[BlockTime, ...]:
        """The blocks of a lane from which the speedup is computed."""
        return tuple(block for block in self.blocks if block.paired and block.lane == lane)

    def _target_steps(self, lane: events.Lane) -> list[float]:
        return [block.target_step_ms for block in self.paired(lane) if block.target_step_ms is not None]

    def _times(self, lane: events.Lane) -> tuple[UnitTime, ...]:
        """The blocks of a lane as repeats of one prompt, whose times are per token; empty where there are none."""
        blocks = sorted(self.paired(lane), key=lambda block: block.pair)
        ms = tuple(block.ms_per_token for block in blocks if block.ms_per_token > 0)
        return (UnitTime(ms, 1),) if ms else ()


@singledispatch
def _fold(event: events.Event, summary: Summary) -> Summary:
    """Events that change no counter leave the summary as it is."""
    return summary


@_fold.register
def _(event: events.RunStarted, summary: Summary) -> Summary:
    return Summary(
        state="running",
        method=event.method,
        target=event.target,
        drafter=event.drafter,
        gamma=_draft_length(dict(event.settings)),
        n_prompt=len(event.prompt_ids),
        chat=bool(event.messages),
        rules=event.rules,
        policy=policy_of(dict(event.settings)),
    )


def _draft_length(settings: Mapping[str, events.Setting]) -> int:
    """The most tokens of a draft in a row: a tree is written as one number a depth. 0 where no setting says so."""
    tree, gamma = settings.get("tree", ""), settings.get("gamma", 0)
    length = tree.count(",") + 1 if isinstance(tree, str) and tree else gamma
    return length if isinstance(length, int) and 0 <= length <= _MAX_GAMMA else 0


@_fold.register
def _(event: events.PhaseFinished, summary: Summary) -> Summary:
    return msgspec.structs.replace(summary, prefill_ms=event.ms) if event.phase == "prefill" else summary


@_fold.register
def _(event: events.RoundFinished, summary: Summary) -> Summary:
    accepted, tested, depth = event.n_accepted, event.n_tested, event.depth
    together = any(token.prefix_prob is not None for token in event.proposed)
    overlaps = [token.overlap for token in event.proposed] if together else event.overlaps
    ms = event.draft_ms + event.verify_ms + event.other_ms
    audited = [token for token in event.proposed if token.audited]
    return msgspec.structs.replace(
        summary,
        n_rounds=summary.n_rounds + 1,
        n_drafted=summary.n_drafted + bool(depth),
        n_proposed=summary.n_proposed + len(event.proposed),
        n_accepted=summary.n_accepted + accepted,
        n_rejected=summary.n_rejected + tested - accepted,
        n_unverified=summary.n_unverified + sum(token.fate == "unverified" for token in event.proposed),
        n_audited=summary.n_audited + len(audited),
        audited_wrong=summary.audited_wrong + sum(1 - token.accept_prob for token in audited),
        n_emitted=summary.n_emitted + len(event.emitted),
        n_reasoning=summary.n_reasoning + event.n_reasoning,
        overlap_sum=summary.overlap_sum + sum(overlaps),
        n_overlaps=summary.n_overlaps + len(overlaps),
        judged_together=summary.judged_together or together,
        draft_ms=summary.draft_ms + event.draft_ms,
        verify_ms=summary.verify_ms + event.verify_ms,
        other_ms=summary.other_ms + event.other_ms,
        first_ms=ms if summary.first_ms is None else summary.first_ms,
        n_first=summary.n_first or len(event.emitted),
        kinds=count_kind(summary.kinds, accepted, tested),
        positions=count_positions(summary.positions, accepted, tested, first=_n_untested_first(event)),
        draft_lengths=count_length(summary.draft_lengths, depth),
    )


def _n_untested_first(event: events.RoundFinished) -> int:
    """How many tokens at the start of a draft a gate kept untested."""
    return 0 if event.parents else sum(token.fate == "unverified" for token in event.proposed)


@_fold.register
def _(event: events.PolicyDecided, summary: Summary) -> Summary:
    return msgspec.structs.replace(summary, n_decisions=summary.n_decisions + 1)


@_fold.register
def _(event: events.BlockFinished, summary: Summary) -> Summary:
    ms_per_token = event.decode_ms / max(1, len(event.ids))
    block = BlockTime(
        event.lane, event.pair, ms_per_token, event.target_step_ms, event.draft_step_ms, paired=event.paired
    )
    return msgspec.structs.replace(summary, blocks=(*summary.blocks, block))


@_fold.register
def _(event: events.Compared, summary: Summary) -> Summary:
    return msgspec.structs.replace(
        summary,
        same=event.same,
        first_divergence=event.first_divergence,
        margin=event.margin,
        plain_divergence=event.plain_divergence,
    )


@_fold.register
def _(event: events.RunFinished, summary: Summary) -> Summary:
    return msgspec.structs.replace(summary, state="finished", reason=event.reason)


@_fold.register
def _(event: events.RunFailed, summary: Summary) -> Summary:
    return msgspec.structs.replace(summary, state="failed", failure=event.message, hint=event.hint)


def fold(summary: Summary, event: events.Event) -> Summary:
    """The summary after one more event."""
    return _fold(event, summary)
