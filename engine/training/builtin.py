"""Makes the built-in pair: tokenizer, target, then drafters distilled from the target; each stage resumes."""

import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import msgspec
import torch
from filelock import FileLock, Timeout
from torch import Tensor, nn
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from engine import machine
from engine.errors import InputError
from engine.events import Event, Measured, Progressed
from engine.quiet import quiet_libraries
from engine.training import shapes
from engine.training.checkpoint import Progress
from engine.training.loop import Objective, Plan, train
from engine.training.objectives import forward_kl, next_token_loss
from engine.training.rows import StoryRows
from engine.training.shapes import Shape
from engine.training.tokenizer import train_tokenizer
from engine.world.story import stories

_TOKENIZER_SEED, _N_TOKENIZER_STORIES = 1, 6000


class Stage(msgspec.Struct, frozen=True):
    """One model of the built-in set: its shape, its plan and the seeds of its weights and stories."""

    name: str
    shape: Shape
    plan: Plan
    seed: int


TARGET = Stage("target", shapes.TARGET, Plan(steps=2600, peak_rate=2e-3), seed=11)
DRAFTERS = (
    Stage("general", shapes.GENERAL, Plan(steps=400, peak_rate=4e-3, long_every=16), seed=12),
    Stage("small", shapes.SMALL, Plan(steps=400, peak_rate=4e-3, long_every=16), seed=13),
)


class Provenance(msgspec.Struct, frozen=True):
    """Where a built-in model comes from."""

    name: str
    made_utc: str
    seed: int
    objective: str
    steps: int
    n_tokens: int
    n_parameters: int
    seconds: float
    losses: tuple[tuple[int, float], ...]
    plan: Plan
    shape: Shape
    versions: dict[str, str]
    processor: str


def train_builtin(work: Path, out: Path, *, minutes: float | None = None) -> Iterator[Event]:
    """Train every stage that is not finished, keeping checkpoints in `work` and finished models in `out`.

    minutes: stop, resumable, after so long. Finished stages are taken from `work`, never trained twice.
    Raises EngineError at a loss that is not finite or a full disk."""
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    quiet_libraries()
    with _alone(work):
        _make_folder(out)
        tokenizer = _tokenizer(work)
        target = yield from _stage(TARGET, tokenizer, work, out, teacher=None, deadline=deadline)
        for stage in DRAFTERS:
            if target is not None:
                yield from _stage(stage, tokenizer, work, out, teacher=target, deadline=deadline)


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Hold the training folder. Raises InputError where another training has it."""
    _make_folder(work)
    try:
        with FileLock(work / ".lock", timeout=0):
            yield
    except Timeout as err:
        raise InputError(f"another training is at work in {work}", "wait for it, or choose another folder") from err


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise InputError(f"{folder} cannot hold a training ({err.strerror})", "choose another folder") from err


def _tokenizer(work: Path) -> PreTrainedTokenizerFast:
    folder = work / "tokenizer"
    if not (folder / "tokenizer.json").exists():
        texts = islice(stories(_TOKENIZER_SEED), _N_TOKENIZER_STORIES)
        made = train_tokenizer(texts, n_entries=shapes.N_ENTRIES)
        made.model_max_length = shapes.CONTEXT
        made.save_pretrained(folder)
    loaded: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
    return loaded


def _stage(
    stage: Stage,
    tokenizer: PreTrainedTokenizerFast,
    work: Path,
    out: Path,
    *,
    teacher: LlamaForCausalLM | None,
    deadline: float | None,
) -> Generator[Event, None, LlamaForCausalLM | None]:
    """Train one stage; returns the model when the stage is finished, None when time ran out."""
    torch.manual_seed(stage.seed)
    model = LlamaForCausalLM(shapes.llama_config(stage.shape, end_id=int(tokenizer.eos_token_id)))
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    folder = work / stage.name
    left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
    rows = StoryRows(tokenizer, seed=stage.seed)
    for event in train(model, rows.batch, _objective(model, teacher), stage.plan, folder=folder, deadline_s=left_s):
        yield _named(event, stage.name)
    progress = msgspec.json.decode((folder / "progress.json").read_bytes(), type=Progress)
    if progress.step < stage.plan.steps:
        return None
    _publish(stage, model, tokenizer, progress, out, objective="next token" if teacher is None else "forward KL")
    return model


def _named(event: Event, stage: str) -> Event:
    """The event, saying which stage it belongs to."""
    if isinstance(event, Measured):
        return msgspec.structs.replace(event, name=f"{stage} {event.name}")
    if isinstance(event, Progressed):
        return msgspec.structs.replace(event, unit=f"{event.unit} of {stage}")
    return event


def finished_stages(out: Path) -> list[str]:
    """Names of the stages whose models are complete in `out`."""
    return [stage.name for stage in (TARGET, *DRAFTERS) if (out / stage.name / "provenance.json").exists()]


def _objective(model: LlamaForCausalLM, teacher: LlamaForCausalLM | None) -> Objective:
    if teacher is None:
        return lambda ids: next_token_loss(_logits(model, ids), ids)

    def distil(ids: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = _logits(teacher, ids)
        return forward_kl(_logits(model, ids), wanted)

    return distil


def _logits(model: nn.Module, ids: Tensor) -> Tensor:
    logits: Tensor = model(input_ids=ids, use_cache=False).logits
    return logits


def _publish(
    stage: Stage,
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    progress: Progress,
    out: Path,
    *,
    objective: str,
) -> None:
    """Write the finished model in bfloat16 beside its tokenizer and provenance."""
    folder = out / stage.name
    draft = out / f"{stage.name}.partial"
    shutil.rmtree(draft, ignore_errors=True)
    torch.manual_seed(0)
    copy = LlamaForCausalLM(model.config)
    copy.load_state_dict(model.state_dict())
    copy.to(torch.bfloat16).save_pretrained(draft)
    tokenizer.save_pretrained(draft)
    (draft / "provenance.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(_provenance(stage, model, progress, objective)))
    )
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def _provenance(stage: Stage, model: nn.Module, progress: Progress, objective: str) -> Provenance:
    return Provenance(
        name=stage.name,
        made_utc=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        seed=stage.seed,
        objective=objective,
        steps=progress.step,
        n_tokens=progress.n_tokens,
        n_parameters=sum(p.numel() for p in model.parameters()),
        seconds=round(progress.seconds, 1),
        losses=progress.losses,
        plan=stage.plan,
        shape=stage.shape,
        versions=dict(machine.versions()),
        processor=machine.processor(),
    )
