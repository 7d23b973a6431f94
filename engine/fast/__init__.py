"""Forwards leaner than transformers' modules, behind the same interface; the choice is by architecture alone."""

from transformers import PreTrainedModel

from engine.cached_model import CachedModel, SequenceModel
from engine.fast.llama import LeanLlama, is_plain_llama


def sequence_model(model: PreTrainedModel) -> SequenceModel:
    """The leanest runtime that computes what `model` computes: our own for a plain Llama, its modules otherwise."""
    return LeanLlama(model) if is_plain_llama(model) else CachedModel(model)
