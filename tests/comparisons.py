"""The log of a comparison as the engine would write it, made up from acceptance rates and step times.

It is for what reads such logs; what is measured comes from the engine's own tests."""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.events import (
    CategoryFigures,
    ComparedPrompt,
    ComparisonMeasured,
    ComparisonStarted,
    Event,
    GammaPrediction,
    GenerationMeasured,
    LaneFigures,
    LaneRefused,
    LaneSpec,
    LastToken,
    ProposedToken,
    Recommendation,
    RoundFinished,
)
from engine.statistics import Interval, RatioEstimate

WORDS = ("the", "harbour", "master", "counted", "his", "lanterns", "twice", "again", "before", "any", "boat", "left")
PLAIN = LaneSpec("plain", "none", 0, "plain")
SMALL = LaneSpec("builtin:small γ 2", "builtin:small", 2)
GENERAL = LaneSpec("builtin γ 4", "builtin", 4)
FOREIGN = LaneSpec("other γ 4", "/models/other", 4)
_STEP_MS = 10.0


class Rate(NamedTuple):
    """How a lane behaves: acceptance rate, milliseconds of a drafter step."""

    alpha: float
    draft_ms: float


RATES = {"plain": Rate(0.0, 0.0), SMALL.name: Rate(0.6, 0.5), GENERAL.name: Rate(0.8, 1.5)}


def comparison(
    *,
    n_prompts: int = 4,
    n_tokens: int = 48,
    lanes: Sequence[LaneSpec] = (PLAIN, SMALL, GENERAL),
    refused: Sequence[LaneSpec] = (FOREIGN,),
    complete: bool = True,
    seed: int = 0,
) -> tuple[Event, ...]:
    """The whole log: start, refusals, a generation for each lane and prompt, the figures."""
    return tuple(_events(n_prompts, n_tokens, tuple(lanes), tuple(refused), complete=complete, seed=seed))


def _events(
    n_prompts: int,
    n_tokens: int,
    lanes: tuple[LaneSpec, ...],
    refused: tuple[LaneSpec, ...],
    *,
    complete: bool,
    seed: int,
) -> Iterator[Event]:
    rng = random.Random(seed)
    prompts = tuple(
        ComparedPrompt(str(i), (f"Prompt {i}: the harbour master",), ("story", "question")[i % 2])
        for i in range(n_prompts)
    )
    yield ComparisonStarted(
        comparison_id="c0ffee00",
        started_utc="2026-11-29T10:00:00Z",
        target="builtin",
        lanes=(*lanes, *refused),
        prompt_set="builtin",
        prompts=prompts,
        settings=(("temperature", 0.0), ("max_new_tokens", n_tokens)),
        device="cpu",
        dtype="float32",
        processor="a test's processor, 2 threads",
        skipped=("line 3: not JSON",),
        versions=(("torch", "2.13.0"),),
        runtime="fused",
    )
    for lane in refused:
        yield LaneRefused(lane.name, "token 17 is another word in its vocabulary", "use a drafter of the same family")
    texts = [[rng.choice(WORDS) for _ in range(n_tokens)] for _ in prompts]
    for i in range(n_prompts):
        for lane in lanes:
            yield generation(lane, i, texts[i], rng)
    yield figures(lanes, refused, n_prompts, n_tokens, complete=complete)


def generation(lane: LaneSpec, prompt: int, words: Sequence[str], rng: random.Random) -> GenerationMeasured:
    """One lane's continuation by these words."""
    rate, rounds, at_s, done = RATES[lane.name], [], 0.0, 0
    while done < len(words):
        n = min(lane.gamma, len(words) - done - 1)
        n_accepted = next((j for j in range(n) if rng.random() > rate.alpha), n)
        proposed = [
            ProposedToken(
                100 + j,
                " " + words[done + j] if j < n_accepted else " ghost",
                0.6,
                0.5,
                float(j < n_accepted),
                None,
                "accepted" if j < n_accepted else "rejected" if j == n_accepted else "untested",
                float(j < n_accepted),
                0,
            )
            for j in range(n)
        ]
        kind = "bonus" if n_accepted == n else "correction"
        last = LastToken(7, " " + words[done + n_accepted], kind, 0.7, None if kind == "bonus" else 1)
        draft_ms, verify_ms = n * rate.draft_ms, _STEP_MS * (1 + 0.05 * n)
        at_s += (draft_ms + verify_ms) / 1e3
        emitted = tuple(range(done, done + n_accepted + 1))
        text = "".join(" " + word for word in words[done : done + n_accepted + 1])
        rounds.append(
            RoundFinished(len(rounds), tuple(proposed), last, emitted, draft_ms, verify_ms, 0.0, at_s, text, lane.name)
        )
        done += n_accepted + 1
    accepted = [sum(r.proposed[i].fate == "accepted" for r in rounds if i < len(r.proposed)) for i in range(lane.gamma)]
    tested = [sum(r.proposed[i].fate != "untested" for r in rounds if i < len(r.proposed)) for i in range(lane.gamma)]
    return GenerationMeasured(
        lane=lane.name,
        prompt=prompt,
        turn=0,
        repeat=0,
        prompt_ids=(1, 2, 3),
        ids=tuple(range(len(words))),
        reason="length",
        prefill_ms=12.0,
        decode_ms=1e3 * at_s,
        first_ms=1e3 * rounds[0].at_s,
        n_first=len(rounds[0].emitted),
        n_rounds=len(rounds),
        n_proposed=sum(len(r.proposed) for r in rounds),
        draft_ms=sum(r.draft_ms for r in rounds),
        verify_ms=sum(r.verify_ms for r in rounds),
        accepted_by_position=tuple(accepted),
        tested_by_position=tuple(tested),
        rejected_ranks=tuple(1 for r in rounds if r.last is not None and r.last.kind == "correction"),
        target_step_ms=_STEP_MS,
        draft_step_ms=rate.draft_ms or None,
        text="".join(r.text for r in rounds),
        rounds=tuple(rounds),
    )


def figures(
    lanes: Sequence[LaneSpec], refused: Sequence[LaneSpec], n_prompts: int, n_tokens: int, *, complete: bool = True
) -> ComparisonMeasured:
    """Figures that look like those of such lanes."""
    speeds = {"plain": 1.0, SMALL.name: 1.44, GENERAL.name: 1.83}
    rows = [
        LaneFigures(
            lane.name,
            lane.drafter,
            lane.gamma,
            lane.method,
            n_prompts,
            n_prompts * n_tokens,
            alpha=RATES[lane.name].alpha or None,
            alpha_ci=Interval(RATES[lane.name].alpha - 0.02, RATES[lane.name].alpha + 0.02) if lane.gamma else None,
            tau=1.0 if not lane.gamma else 1.2 + lane.gamma / 2,
            efficiency=0.5 if lane.gamma else None,
            c=RATES[lane.name].draft_ms / _STEP_MS if lane.gamma else None,
            verify_per_token=0.05,
            ms_per_token=_STEP_MS / speeds[lane.name],
            tokens_per_s=100 * speeds[lane.name],
            prefill_ms=12.0,
            ttft_ms=22.0,
            tpot_ms=_STEP_MS / speeds[lane.name],
            speedup=RatioEstimate(
                speeds[lane.name], None, Interval(speeds[lane.name] - 0.1, speeds[lane.name] + 0.1), n_prompts
            ),
            predicted_speedup=speeds[lane.name] + 0.03,
            break_even_alpha=0.31 if lane.gamma else None,
            memory_bytes=30_000_000 + 1_000_000 * lane.gamma,
            same_text=True if lane.gamma else None,
            positions=tuple((80 - 10 * i, 100 - 10 * i) for i in range(lane.gamma)),
            shape="flat" if lane.gamma else "unclear",
            ranks=(30, 8, 4, 2, 6) if lane.gamma else (),
            categories=tuple(
                CategoryFigures(
                    name,
                    n_prompts // 2,
                    RATES[lane.name].alpha or None,
                    2.0,
                    100 * speeds[lane.name],
                    RatioEstimate(speeds[lane.name], None, None, n_prompts // 2),
                )
                for name in ("story", "question")
            ),
            why_not="" if lane.gamma == 4 else "slower: it accepts less",
        )
        for lane in lanes
    ]
    rows += [
        LaneFigures(
            lane.name, lane.drafter, lane.gamma, lane.method, 0, 0, why_not="token 17 is another word in its vocabulary"
        )
        for lane in refused
    ]
    because = "builtin at γ 4: 1.83× (1.73 to 1.93 over 4 prompts); builtin:small accepts less"
    workload = f"{n_prompts} prompts of the set builtin, {n_tokens} new tokens, temperature 0, on cpu in float32"
    return ComparisonMeasured(
        lanes=tuple(rows),
        n_prompts=n_prompts,
        n_measured=n_prompts,
        recommendation=Recommendation("builtin", GENERAL.name, 4, because, workload, ("At batch 8 leave it off.",)),
        predictions=(GammaPrediction("builtin", 1, 1.4), GammaPrediction("builtin", 4, 1.86, 1.83)),
        energy="not measurable here: no readable energy counter",
        complete=complete,
    )
