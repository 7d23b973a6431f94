"""Writes a finished model in bfloat16, with its tokenizer and provenance."""

import shutil
from pathlib import Path

import msgspec
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine.machine import versions as machine
from engine.training.checkpoint import TrainingProgress
from engine.training.disk import refused_by_disk
from engine.training.stages import Stage


class BuiltinProvenance(msgspec.Struct, frozen=True):
    """Where a built-in model comes from. started_from: a description of its first weights; taught: what its lessons
    were, empty if it had none."""

    name: str
    made_utc: str
    objective: str
    started_from: str
    steps: int
    n_tokens: int
    n_parameters: int
    seconds: float
    losses: tuple[tuple[int, float], ...]
    stage: Stage
    versions: dict[str, str]
    processor: str
    taught: str = ""


def publish(
    stage: Stage,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    progress: TrainingProgress,
    out: Path,
    *,
    started_from: str,
    taught: str = "",
) -> None:
    """Write the model to a folder of its name in `out`, replacing the previous one only once it is complete.

    Raises EngineError if the disk refuses; nothing unfinished is left."""
    folder = out / stage.name
    partial = out / f"{stage.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    with torch.random.fork_rng(devices=[]):
        copy = LlamaForCausalLM(model.config)
    copy.load_state_dict(model.state_dict())
    provenance = _provenance(stage, model, progress, started_from, taught)
    try:
        with refused_by_disk(f"the model {stage.name}", out):
            copy.to(torch.bfloat16).save_pretrained(partial)
            tokenizer.save_pretrained(partial)
            (partial / "provenance.json").write_bytes(msgspec.json.format(msgspec.json.encode(provenance)))
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _provenance(
    stage: Stage, model: LlamaForCausalLM, progress: TrainingProgress, started_from: str, taught: str
) -> BuiltinProvenance:
    return BuiltinProvenance(
        name=stage.name,
        made_utc=machine.now_utc(),
        objective="forward KL from the target" if stage.distilled else "next token",
        started_from=started_from,
        steps=progress.step,
        n_tokens=progress.n_tokens,
        n_parameters=sum(p.numel() for p in model.parameters()),
        seconds=round(progress.seconds, 1),
        losses=progress.losses,
        stage=stage,
        versions=dict(machine.versions()),
        processor=machine.processor(model.device),
        taught=taught,
    )
