"""Turns a run of the Decode tab into a race between plain decoding and the run's own rounds."""

from statistics import median

from app.state.run_record import RunRecord
from app.words import runs
from app.words.choice_names import choice_name
from app.workspaces.presentation.race import MeanPace, RecordedRounds
from app.workspaces.presentation.script import RaceFacts, RaceLane, RaceScript, TextCheck
from engine.events import PLAIN_LANE, BlockFinished, LaneSpec, RoundFinished, RunStarted

_UNKNOWN = "▯"


def of_run(record: RunRecord | None) -> RaceScript | None:
    """The race of an ended run whose plain blocks were timed; None for any other run."""
    if record is None or record.started is None or not record.ended or not record.summary.n_proposed:
        return None
    blocks = _blocks(record)
    plain = [block for block in blocks if block.lane == "plain"]
    if not plain:
        return None
    started = record.started
    lanes = (_plain_lane(plain, record), _drafted_lane(started, record, blocks))
    facts = RaceFacts(
        origin="run",
        target=started.target,
        prompt=started.question,
        all_lanes=tuple(lane.spec.name for lane in lanes),
        settings=dict(started.settings),
        device=started.device,
        dtype=started.dtype,
        started_utc=started.started_utc,
    )
    return RaceScript(("run", record.number, started.run_id), facts, lanes)


class _RoundsOfRun:
    """The rounds of a run by their place, without a copy: a long run has a hundred thousand."""

    def __init__(self, record: RunRecord) -> None:
        self._record = record

    def __len__(self) -> int:
        return self._record.summary.n_rounds

    def __getitem__(self, index: int) -> RoundFinished:
        return self._record.round_at(index)


def _blocks(record: RunRecord) -> list[BlockFinished]:
    """The timed blocks, which come after the last round."""
    tail = record.events[record.last_round :]
    return [event for event in tail if isinstance(event, BlockFinished) and event.ids]


def _plain_lane(plain: list[BlockFinished], record: RunRecord) -> RaceLane:
    """Plain decoding at the mean pace of its median block: its tokens were not timed one by one."""
    block = sorted(plain, key=lambda block: block.decode_ms)[len(plain) // 2]
    n_prompt = 0 if record.started is None else len(record.started.prompt_ids)
    n_same = len(block.ids) if record.summary.same else record.summary.first_divergence or 0

    def piece(index: int) -> str:
        # The text of a plain block is not in the log; where it is the run's own, it is known from there.
        return record.piece(n_prompt + index) if index < n_same else _UNKNOWN

    recording = MeanPace(len(block.ids), block.prefill_ms / 1e3, block.decode_ms / 1e3, piece)
    return RaceLane(LaneSpec(PLAIN_LANE, "none", 0, "plain"), recording, paced=True)


def _drafted_lane(started: RunStarted, record: RunRecord, blocks: list[BlockFinished]) -> RaceLane:
    summary = record.summary
    how = choice_name("policy", summary.policy) if summary.policy else f"γ {summary.gamma}" if summary.gamma else ""
    name = f"{runs.short(started.drafter)} {how}".rstrip()
    prefill_ms = summary.prefill_ms or 0.0
    recording = RecordedRounds(
        _RoundsOfRun(record),
        prefill_ms / 1e3,
        n_expected=summary.n_emitted,
        stamped_from_s=None,
        expected_s=(prefill_ms + summary.decode_ms) / 1e3,
    )
    plain = [block.decode_ms / len(block.ids) for block in blocks if block.lane == "plain"]
    own_ms = summary.decode_ms / max(1, summary.n_emitted)
    return RaceLane(
        LaneSpec(name, started.drafter, summary.gamma, started.method),
        recording,
        here=median(plain) / own_ms if own_ms > 0 else None,
        measured=summary.measured_speedup,
        check=TextCheck(summary.same, summary.first_divergence, summary.margin),
        watched=True,
    )
