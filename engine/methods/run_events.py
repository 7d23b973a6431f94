"""What every run states about itself: its start, the generation everyone watches, its timed blocks, its end."""

import secrets

import msgspec

from engine.decoding.generation import Generation
from engine.events import BlockFinished, Lane, RunFinished, RunStarted
from engine.machine import versions
from engine.runtime import RunContext
from engine.settings import Request, settings_of


def run_started(
    method: str, config: msgspec.Struct, request: Request, prompt_ids: tuple[int, ...], rt: RunContext
) -> RunStarted:
    """State what is about to run."""
    texts = rt.target.texts
    return RunStarted(
        run_id=secrets.token_hex(4),
        method=method,
        started_utc=versions.now_utc(),
        prompt=texts.text(prompt_ids),
        prompt_ids=prompt_ids,
        prompt_pieces=tuple(texts.piece(token) for token in prompt_ids),
        target=rt.target.spec,
        drafter=rt.drafter_spec,
        settings=settings_of(config),
        device=str(rt.target.device),
        dtype=str(rt.target.dtype).removeprefix("torch."),
        versions=versions.versions(),
        forked_from=request.forked_from,
        forked_at=request.forked_at,
        note=rt.target.note,
        runtime=rt.target.runtime,
        graphs=rt.target.graphs,
        quantize=rt.target.quantize,
    )


def block(lane: Lane, repeat: int, made: Generation, rt: RunContext, *, paired: bool = True) -> BlockFinished:
    """State one timed generation."""
    return BlockFinished(
        lane, repeat, made.ids, made.prefill_ms, made.decode_ms, made.first_ms, made.target_step_ms,
        made.draft_step_ms, at_s=rt.elapsed_s(), paired=paired,
    )  # fmt: skip


def finished(made: Generation, rt: RunContext) -> RunFinished:
    """State the end of the run."""
    return RunFinished(made.reason, len(made.ids), at_s=rt.elapsed_s())
