"""Says why a target or a drafter cannot decode trees, before a run begins: what branches, what reads trees, memory."""

import torch
from transformers import PreTrainedModel

from engine.decoding import tree_masks
from engine.decoding.cached_model import CachedModel
from engine.decoding.drafting import Drafter
from engine.decoding.token_tree import below_last_id
from engine.decoding.transfers import uploaded_ids
from engine.errors import InputError
from engine.models import devices
from engine.models.loading import LoadedModel

# Logits, and distributions of both models with what a rule makes of them, in float32 for each node.
_ROWS_A_NODE, _FLOAT_BYTES = 8, 4
_TOLERANCES = {torch.float32: 1e-3, torch.float16: 2e-2, torch.bfloat16: 1e-1}
_WAY_OUT = "leave the tree out to draft chains, or choose {}"


def refuse(target: LoadedModel, drafter: Drafter | None, spec: str, widths: tuple[int, ...]) -> None:
    """Raises InputError where this drafter cannot draft a tree for this target, or there is no memory for it."""
    if drafter is None or not drafter.capabilities.trees:
        reason = f"the drafter {spec} drafts chains only, no trees"
        raise InputError(reason, _WAY_OUT.format("a small model of the target's tokenizer or a LongSpec drafter"))
    reason = why_not(target)
    if reason:
        raise InputError(f"{target.spec} reads no trees: {reason}", _WAY_OUT.format("another target"))
    n_bytes = _ROWS_A_NODE * _FLOAT_BYTES * (sum(widths) + 1) * target.n_vocabulary
    free_bytes = devices.free_bytes(target.device)
    if n_bytes > free_bytes:
        needed, free = (f"{n / 2**30:.1f} GiB" for n in (n_bytes, free_bytes))
        reason = f"a tree of {sum(widths)} nodes needs {needed} beside the models, and {free} are free"
        raise InputError(reason, _WAY_OUT.format("a smaller one"))


def why_not_pair(target: LoadedModel, drafter: Drafter | None, spec: str) -> str:
    """Why a pair decodes no trees at all; empty where it does."""
    try:
        refuse(target, drafter, spec, (1,))
    except InputError as err:
        return err.message
    return ""


def why_not(target: LoadedModel) -> str:
    """Why a target cannot read trees; empty where it can, which modules are tried for."""
    if target.fused is not None:
        return ""
    reason = tree_masks.why_no_tree(target.model)
    return reason or ("" if _reads_trees(target.model) else "its modules read a tree otherwise than its paths")


@torch.no_grad()
def _reads_trees(model: PreTrainedModel) -> bool:
    """Whether modules compute for the node of a small tree what they compute for the path to it."""
    device = model.get_input_embeddings().weight.device
    prefix, nodes = uploaded_ids([1, 2, 3], device), uploaded_ids([4, 5, 6, 7], device)
    in_tree, in_row = CachedModel(model), CachedModel(model)
    for sequence in (in_tree, in_row):
        sequence.prefill(prefix)
    # 5 and 6 both follow 4, and 7 follows 6.
    tree = below_last_id(uploaded_ids([-1, -1, 1], device))
    from_tree = in_tree.forward(nodes, tree=tree)[-1].float()
    expected = in_row.forward(torch.cat([nodes[:1], nodes[2:]]))[-1].float()
    most = _TOLERANCES.get(model.dtype, 1e-1) * expected.abs().max().clamp_min(1e-6)
    return bool((from_tree - expected).abs().max() <= most)  # sync: tried once a run, before its prompt is read
