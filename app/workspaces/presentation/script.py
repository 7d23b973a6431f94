"""The race to show: its lanes with their recordings and figures, and the facts that say of what it is.

* imports neither Qt nor torch."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from app.workspaces.presentation.race import LaneRecording, MeanPace, RecordedRounds
from engine.events import (
    PLAIN_LANE,
    ComparisonMeasured,
    ComparisonStarted,
    GenerationMeasured,
    LaneFigures,
    LaneSpec,
    Setting,
)
from engine.statistics import RatioEstimate

# Where a race comes from: the prompts of a comparison, a run of the Decode tab, or the engine as it races.
RaceOrigin: TypeAlias = Literal["comparison", "run", "live"]


class TextCheck(NamedTuple):
    """Whether a lane wrote the plain text; None: not compared. first_divergence: the first token that differs.

    as_plain_runs: over all prompts it differs no more often than two plain runs do, whose numerics differ too."""

    same: bool | None = None
    first_divergence: int | None = None
    margin: float | None = None
    as_plain_runs: bool = False


class RaceLane(NamedTuple):
    """A lane on the start line. here: its speedup in this race; measured: over all that was measured, if that is more.

    paced: its tokens are spread evenly over its measured time. watched: its rounds were timed while they were shown,
    which slows them; the repeats, and plain decoding, were not."""

    spec: LaneSpec
    recording: LaneRecording
    here: float | None = None
    measured: RatioEstimate | None = None
    check: TextCheck = TextCheck()
    paced: bool = False
    watched: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it decodes without drafts."""
        return self.spec.name == PLAIN_LANE


class RaceFacts(NamedTuple):
    """What a race is of. number, n_races: its place among those of its origin. unit: what speedups are measured over.

    n_units: how many of them. all_lanes: those of its comparison, in order, from which marks follow."""

    origin: RaceOrigin
    target: str
    prompt: str
    all_lanes: tuple[str, ...]
    settings: Mapping[str, Setting] = {}
    device: str = ""
    dtype: str = ""
    processor: str = ""
    started_utc: str = ""
    prompt_set: str = ""
    category: str = ""
    number: int = 1
    n_races: int = 1
    unit: Literal["prompts", "repeats"] = "repeats"
    recommended: str = ""


class RaceScript(NamedTuple):
    """A race: facts and lanes, plain decoding first. key: what tells it from every other."""

    key: tuple[object, ...]
    facts: RaceFacts
    lanes: tuple[RaceLane, ...]

    @property
    def greedy(self) -> bool:
        """Whether texts can be compared token by token."""
        return not self.facts.settings.get("temperature", 0)


def of_turn(
    started: ComparisonStarted,
    texts: Mapping[str, GenerationMeasured],
    measured: ComparisonMeasured | None,
    *,
    number: int = 1,
    n_races: int = 1,
) -> RaceScript | None:
    """The race over one turn of a prompt; texts: what each lane wrote. None without plain decoding and another."""
    plain = texts.get(PLAIN_LANE)
    specs = sorted((lane for lane in started.lanes if lane.name in texts), key=lambda lane: lane.name != PLAIN_LANE)
    if plain is None or len(specs) < 2:
        return None
    figures = {} if measured is None else {lane.lane: lane for lane in measured.lanes}
    settings = dict(started.settings)
    lanes = []
    for spec in specs:
        lane = _measured_lane(spec, texts[spec.name], plain, figures.get(spec.name))
        lanes.append(lane if settings.get("temperature", 0) else lane._replace(check=_check(lane, texts, measured)))
    prompt = started.prompts[plain.prompt]
    recommendation = None if measured is None else measured.recommendation
    facts = RaceFacts(
        origin="comparison",
        target=started.target,
        prompt=prompt.turns[plain.turn],
        all_lanes=tuple(lane.name for lane in started.lanes),
        settings=settings,
        device=started.device,
        dtype=started.dtype,
        processor=started.processor,
        started_utc=started.started_utc,
        prompt_set=started.prompt_set,
        category=prompt.category,
        number=number,
        n_races=n_races,
        unit="prompts" if len(started.prompts) > 1 else "repeats",
        recommended="" if recommendation is None else recommendation.lane,
    )
    return RaceScript((started.comparison_id, plain.prompt, plain.turn, len(lanes)), facts, tuple(lanes))


def _measured_lane(
    spec: LaneSpec, text: GenerationMeasured, plain: GenerationMeasured, figures: LaneFigures | None
) -> RaceLane:
    is_plain, recording = text is plain, _recording(text)
    return RaceLane(
        spec,
        recording,
        here=None if is_plain else _ratio(_ms_per_token(plain), _ms_per_token(text)),
        measured=None if figures is None or is_plain else figures.speedup,
        paced=isinstance(recording, MeanPace),
    )


def _recording(text: GenerationMeasured) -> LaneRecording:
    """Its rounds or, where a comparison kept none of this length, its text at its mean pace."""
    prefill_s = text.prefill_ms / 1e3
    if text.rounds:
        return RecordedRounds(
            text.rounds,
            prefill_s,
            n_expected=len(text.ids),
            stamped_from_s=prefill_s,
            expected_s=prefill_s + text.decode_ms / 1e3,
        )
    n, whole = max(1, len(text.ids)), text.text
    return MeanPace(
        len(text.ids),
        prefill_s,
        text.decode_ms / 1e3,
        lambda i: whole[len(whole) * i // n : len(whole) * (i + 1) // n],
    )


def _check(lane: RaceLane, texts: Mapping[str, GenerationMeasured], measured: ComparisonMeasured | None) -> TextCheck:
    if lane.is_plain:
        return TextCheck()
    text = texts[lane.spec.name]
    lanes = () if measured is None else measured.lanes
    within = any(figures.same_text is True for figures in lanes if figures.lane == lane.spec.name)
    return TextCheck(text.ids == texts[PLAIN_LANE].ids, text.first_divergence, text.margin, within)


def _ms_per_token(text: GenerationMeasured) -> float:
    return text.decode_ms / max(1, len(text.ids))


def _ratio(plain_ms: float, other_ms: float) -> float | None:
    return plain_ms / other_ms if plain_ms > 0 and other_ms > 0 else None


def shown_lanes(script: RaceScript, n_most: int, page: int) -> tuple[RaceLane, ...]:
    """At most `n_most` lanes of a page: plain decoding, the recommended one, the others from the fastest on."""
    if len(script.lanes) <= n_most:
        return script.lanes
    plain, *others = script.lanes
    ranked = sorted(others, key=lambda lane: (lane.spec.name != script.facts.recommended, -(lane.here or 0.0)))
    size = n_most - 1
    first = page % n_pages(script, n_most) * size
    return (plain, *ranked[first : first + size])


def n_pages(script: RaceScript, n_most: int) -> int:
    """How many pages its lanes take."""
    return 1 if len(script.lanes) <= n_most else -(-(len(script.lanes) - 1) // (n_most - 1))


def leading(lanes: Sequence[RaceLane], recommended: str = "") -> RaceLane | None:
    """The lane that the headline is about: the recommended one, else the fastest of the drafted ones."""
    drafted = [lane for lane in lanes if not lane.is_plain]
    chosen = next((lane for lane in drafted if lane.spec.name == recommended), None)
    return chosen or max(drafted, key=lambda lane: speedup_of(lane) or 0.0, default=None)


def speedup_of(lane: RaceLane) -> float | None:
    """Its speedup over all that was measured, else that of this race."""
    return lane.measured.value if lane.measured is not None else lane.here
