"""Builds the events that every run has: its start, its timed blocks, its end."""

import secrets
from collections.abc import Iterator

import msgspec

from engine.decoding.generation import Generation
from engine.events import BlockFinished, Lane, RunFinished, RunStarted, Warned
from engine.machine import versions
from engine.methods.speculative.config import SpeculativeConfig
from engine.runtime import AskedPrompt, RunContext, rules_of
from engine.settings import GenerationConfig, Request, settings_of
from engine.vocabularies.drafter import OtherTokenizerDrafter


def run_started(
    method: str, config: msgspec.Struct, request: Request, prompt: tuple[int, ...] | AskedPrompt, rt: RunContext
) -> RunStarted:
    """Build the event of a run's start."""
    prompt_ids, messages, *_ = prompt if isinstance(prompt, AskedPrompt) else AskedPrompt(prompt)
    texts, rules = rt.target.texts, rules_in_force(config, rt)
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
        graphs=rt.target.graphs and not rules and not drafts_trees(config),
        quantize=rt.target.quantize,
        processor=rt.provenance.processor,
        hashes=rt.provenance.hashes,
        drafts_through="text" if isinstance(rt.drafter, OtherTokenizerDrafter) else "ids",
        messages=messages,
        rules=rules,
        control_ids=texts.control_ids,
    )


def rules_in_force(config: msgspec.Struct, rt: RunContext) -> tuple[str, ...]:
    """What changes the target's logits in a run, in words."""
    return rules_of(rt.target, config).in_words() if isinstance(config, GenerationConfig) else ()


def drafts_trees(config: msgspec.Struct) -> bool:
    """Whether the drafts of a run branch."""
    return isinstance(config, SpeculativeConfig) and bool(config.widths)


def warnings(prompt: AskedPrompt, config: GenerationConfig, rt: RunContext) -> Iterator[Warned]:
    """What the user has to know about how the prompt was asked, and how it is decoded."""
    if prompt.warning:
        yield Warned(prompt.warning, prompt.way_out)
    rules = rules_in_force(config, rt)
    if rt.target.graphs and rules:
        reason = f"{rules[0]}: what depends on the text before a token is decoded without CUDA graphs, which is slower"
        yield Warned(reason, "switch the model's rules and penalties off to decode with them")
    if rt.target.graphs and drafts_trees(config):
        yield Warned("draft trees are decoded without CUDA graphs, which is slower", "draft chains to decode with them")


def block(lane: Lane, repeat: int, generation: Generation, rt: RunContext, *, paired: bool = True) -> BlockFinished:
    """Build the event of one timed generation."""
    return BlockFinished(
        lane, repeat, generation.ids, generation.prefill_ms, generation.decode_ms, generation.first_ms,
        generation.target_step_ms, generation.draft_step_ms, at_s=rt.elapsed_s(), paired=paired,
    )  # fmt: skip


def finished(generation: Generation, rt: RunContext) -> RunFinished:
    """Build the event of a run's end."""
    return RunFinished(generation.reason, len(generation.ids), at_s=rt.elapsed_s())
