"""What a loaded target can give a drafter, and the reason if it cannot."""

from transformers.cache_utils import DynamicSlidingWindowLayer

from engine.decoding.cached_model import cache_for
from engine.decoding.drafting import NOTHING, Capabilities, TargetState
from engine.decoding.layer_subset import layers_of, why_no_subset
from engine.errors import InputError
from engine.models.loading import LoadedModel

_HINT = "choose another drafter, or another target"


def hidden_layers(target: LoadedModel, capabilities: Capabilities) -> tuple[int, ...]:
    """The layers whose output a drafter reads, counted from the first, in ascending order."""
    n_layers = _n_layers(target)
    return tuple(sorted(layer % n_layers for layer in capabilities.hidden_layers))


def handles(target: LoadedModel, capabilities: Capabilities) -> TargetState:
    """The target's embedding and head if a drafter uses them: the matrices alone, without a model's own factors."""
    if not capabilities.embedding_and_head:
        return NOTHING
    return TargetState(embed=target.model.get_input_embeddings(), head=target.model.get_output_embeddings())


def refuse_unmet(target: LoadedModel, capabilities: Capabilities, spec: str) -> None:
    """Raises InputError naming the first thing that a drafter needs and cannot have."""
    reason = _why_not(target, capabilities)
    if reason:
        raise InputError(f"the drafter {spec} {reason}", _HINT)


def _why_not(target: LoadedModel, capabilities: Capabilities) -> str:
    reads_target = capabilities.hidden_layers or capabilities.last_kv or capabilities.embedding_and_head
    if reads_target and _n_devices(target) > 1:
        return f"reads the target's states, and {target.spec} is spread over {_n_devices(target)} devices"
    n_layers = _n_layers(target)
    missing_layer = next((layer for layer in capabilities.hidden_layers if not -n_layers <= layer < n_layers), None)
    if missing_layer is not None:
        return f"reads layer {missing_layer}, and {target.spec} has {n_layers} layers, counted from 0"
    if len(set(hidden_layers(target, capabilities))) < len(capabilities.hidden_layers):
        return f"names one of the {n_layers} layers of {target.spec} twice"
    if capabilities.hidden_layers and target.fused is None and layers_of(target.model) is None:
        return f"reads hidden states, and the modules of {target.spec} do not tell which of them are its layers"
    if capabilities.first_layers:
        return _why_no_first_layers(target, capabilities.first_layers)
    if capabilities.last_kv and target.fused is None:
        last = cache_for(target.model).layers[-1]
        if type(last) is DynamicSlidingWindowLayer:
            return f"reads keys and values of the last layer, of which {target.spec} keeps {last.sliding_window} only"
    return ""


def _why_no_first_layers(target: LoadedModel, n: int) -> str:
    n_layers = _n_layers(target)
    if not 0 < n < n_layers:
        return f"drafts with {n} of the layers of {target.spec}, which has {n_layers}: 1 to {n_layers - 1} are possible"
    reason = "" if target.fused is not None else why_no_subset(target.model)
    return f"drafts with the first layers of {target.spec}, and {reason}" if reason else ""


def _n_layers(target: LoadedModel) -> int:
    return int(target.model.config.get_text_config().num_hidden_layers)


def _n_devices(target: LoadedModel) -> int:
    return len({parameter.device for parameter in target.model.parameters()})
