"""The drafter as a model in training: its first weights, its objective, its speed on this machine."""

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, LlamaForCausalLM, PreTrainedModel

from engine.decoding.clock import settle
from engine.decoding.drafting import Drafter
from engine.decoding.layer_subset import copied
from engine.drafters import longspec
from engine.drafters.small_model import drafter_for
from engine.longspec import files
from engine.longspec.block import LongspecBlock
from engine.models import checks, devices
from engine.models.checkpoint_folder import Checkpoint
from engine.models.hashes import model_hash
from engine.models.kv_size import context_of
from engine.models.loading import LoadedModel, on_runtime
from engine.training import drafter_shape, estimate, longspec_objective, longspec_student, objectives
from engine.training.drafter_config import DrafterConfig, ObjectiveName
from engine.training.drafter_shape import DrafterShape, DrafterSize
from engine.training.longspec_objective import LongspecSwitches
from engine.training.longspec_student import LongspecStudent, new_block
from engine.training.loop import Objective, StepPace, accumulate
from engine.training.pausing import Pause, no_pause
from engine.training.rows import TrainingBatch
from engine.training.start import Start, other_model
from engine.training.workplace import TrainingStart, Workplace

_DISTANCES: dict[ObjectiveName, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "forward-kl": objectives.forward_kl,
    "reverse-kl": objectives.reverse_kl,
    "total-variation": objectives.total_variation,
}


def first_model(
    target: LoadedModel, start: Start, settings: DrafterConfig, own_layers: Sequence[int] = ()
) -> nn.Module:
    """The drafter before its training, in float32 on the target's device. own_layers: of the target, where it starts
    from them; embedding and head then stay as the target's."""
    model: nn.Module
    if start.name == "new":
        assert start.shape is not None
        model = new_drafter(target, start.shape, settings)
    elif start.name == "longspec":
        model = LongspecStudent(_first_block(target, settings), target)
    elif start.name == "folder":
        model = _from_folder(other_model(settings)).to(target.device).eval()
    else:
        model = _of_own_layers(target, own_layers)
    return model


def _first_block(target: LoadedModel, settings: DrafterConfig) -> LongspecBlock:
    """A new block, or the one in a folder, to be trained on, perhaps for a target that was trained on as well."""
    if not settings.start_folder.strip():
        return new_block(target, seed=settings.seed, window=settings.window)
    checked = files.check(settings.start_folder.strip())
    files.refuse_other_shape(checked, target.spec, target.model.config)
    return files.load(checked, device=target.device, dtype=torch.float32).requires_grad_(True)


def _of_own_layers(target: LoadedModel, own_layers: Sequence[int]) -> PreTrainedModel:
    model = copied(target.model, own_layers).eval()
    for table in (model.get_input_embeddings(), model.get_output_embeddings()):
        table.weight.requires_grad_(False)
    return model


def _from_folder(other: Checkpoint) -> PreTrainedModel:
    with checks.foreign(f"{other.spec} cannot be loaded", "check the checkpoint's files"):
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            other.folder, dtype=torch.float32, local_files_only=True, trust_remote_code=False
        )
    return model


def new_drafter(target: LoadedModel, shape: DrafterShape, settings: DrafterConfig) -> LlamaForCausalLM:
    """A drafter with random weights, in float32 on the target's device; with the target's embeddings if configured."""
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        model = LlamaForCausalLM(drafter_shape.llama_config(shape, target.model.config))
    if settings.embed:
        table = target.model.get_input_embeddings().weight
        with torch.no_grad():
            model.model.embed_tokens.weight.copy_(table[: shape.n_vocabulary])
    drafter: LlamaForCausalLM = model.to(target.device).eval()
    return drafter


def lay_out(model: nn.Module, target: LoadedModel, place: Workplace) -> None:
    """Write all files of the drafter except its weights."""
    if isinstance(model, PreTrainedModel):
        place.lay_out(model, target.tokenizer)
    elif isinstance(model, LongspecStudent):
        target_hash = model_hash(target.spec)
        place.lay_out_longspec(files.configuration(model.block.shape, target=target.spec, target_hash=target_hash))


def objective_of(model: nn.Module, target: LoadedModel, settings: DrafterConfig) -> Objective:
    """What the settings say to minimise on a batch."""
    if not isinstance(model, LongspecStudent):
        return objective(model, target, settings.objective)
    distils = settings.objective != "cross-entropy"
    switches = LongspecSwitches(settings.anchor_offset, settings.noisy, settings.add_text or not distils, distils)
    distance = _DISTANCES.get(settings.objective, objectives.forward_kl)
    return longspec_objective.objective(model.block, target, switches, distance=distance, seed=settings.seed)


def objective(model: nn.Module, target: LoadedModel, name: ObjectiveName) -> Objective:
    """What to minimise on a batch: a distance from the target's distributions, or the loss on the text alone."""
    if name == "cross-entropy":
        return lambda batch: objectives.next_token_loss(_logits(model, batch), batch)
    distance = _DISTANCES[name]

    def distil(batch: TrainingBatch) -> Tensor:
        with torch.no_grad():
            target_logits = target.model(input_ids=batch.ids.to(target.device), use_cache=False).logits
        logits = _logits(model, batch)
        n_shared = min(logits.shape[-1], target_logits.shape[-1])  # vocabularies may be padded to different sizes
        shared = target_logits[..., :n_shared].to(batch.ids.device)
        return distance(logits[..., :n_shared], shared, batch.next_weights)

    return distil


def _logits(model: nn.Module, batch: TrainingBatch) -> Tensor:
    logits: Tensor = model(input_ids=batch.ids, use_cache=False).logits
    return logits


def fastest(
    model: nn.Module, batch: TrainingBatch, objective: Objective, *, n_rows_at_once: int, pause: Pause = no_pause
) -> tuple[torch.dtype, float]:
    """The type in which a step is fastest on this machine, and the seconds per step; the weights do not change.

    pause: called before each part of a step."""
    part = batch.rows(0, n_rows_at_once)
    n_parts, device = len(batch.ids) / len(part.ids), next(model.parameters()).device
    dtypes = (torch.bfloat16, torch.float32) if devices.computes_bfloat16(device) else (torch.float32,)
    paces = [StepPace(dtype, pause=pause) for dtype in dtypes]
    times = {pace.dtype: seconds_of(partial(accumulate, model, part, objective, pace), device) for pace in paces}
    model.zero_grad(set_to_none=True)
    best = min(times, key=lambda dtype: times[dtype])
    return best, times[best] * n_parts


def seconds_of(work: Callable[[], object], device: torch.device, *, warm: bool = True) -> float:
    """How long a piece of work on a device takes, once it is warm unless it is so large that it need not be."""
    if warm:
        work()
    settle(device)
    started = time.perf_counter()
    work()
    settle(device)
    return max(1e-6, time.perf_counter() - started)


def in_use(target: LoadedModel, model: nn.Module) -> Drafter:
    """A copy of the drafter as a pair would load it, in the target's type and on its runtime."""
    if isinstance(model, LongspecStudent):
        block = deepcopy(model.block).to(device=target.device, dtype=target.dtype).eval().requires_grad_(False)
        return longspec.drafter_over(block, target)
    assert isinstance(model, PreTrainedModel)
    copy = deepcopy(model).to(device=target.device, dtype=target.dtype).eval().requires_grad_(False)
    n_bytes = sum(p.numel() * p.element_size() for p in copy.parameters())
    context = context_of(model.config.get_text_config())
    bare = target._replace(spec="drafter", model=copy, context=context, n_bytes=n_bytes, fused=None)
    return drafter_for(target, on_runtime(bare, "auto" if target.runtime == "fused" else "modules"))


def restore(model: nn.Module, folder: Path) -> None:
    """Load the weights in a drafter's folder into the model."""
    longspec_student.published(model).load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    model.eval()


def rate_fraction(target: LoadedModel, size: DrafterSize, began: TrainingStart, tokens_per_s: float) -> float:
    """Operations per second of the training over those of a matrix product of its shape and type."""
    n_target = sum(p.numel() for p in target.model.parameters())
    distilled = began.settings.objective != "cross-entropy"
    per_token = estimate.operations_a_token(n_target, size, distilled=distilled)
    dtype = getattr(torch, began.dtype)
    n_rows = estimate.rows_for(target.device).length * estimate.rows_for(target.device).n_rows
    rate = estimate.matrix_rate(
        target.device, dtype, n_rows=n_rows, width=target.model.config.get_text_config().hidden_size
    )
    return tokens_per_s * per_token / rate
