"""Runs gpt-fast's speculative mode, from the user's checkout, on the weights of a loaded pair.

gpt-fast has no biases and its drafter has the target's vocabulary, so our biases are left out and our vocabulary is
cut or padded: on a timing pair neither changes a token. The mode last ran in August 2024: newer checkouts add batches,
which it does not support."""

import importlib
import inspect
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import InputError
from engine.measuring.systems import Call, System
from engine.models.checks import foreign
from engine.models.loading import LoadedModel, Pair

_MODULES = "generate", "model", "tokenizer"
_LAST_WORKING = "bc04265"
_COMPILED = "model_forward", "decode_one_token"
_SPARE = 64


@contextmanager
def checkout(path: Path) -> Iterator[ModuleType]:
    """gpt-fast's module `generate`, importable inside the `with` block. Raises InputError, ModelError."""
    if not (path / "generate.py").is_file():
        raise InputError(f"{path} is no checkout of gpt-fast", "name the folder with its generate.py")
    old_path, old_modules = list(sys.path), {name: sys.modules.pop(name) for name in _MODULES if name in sys.modules}
    sys.path.insert(0, str(path))
    # gpt-fast's tokenizers need further packages and are not used here.
    sys.modules["tokenizer"] = _tokenizer_stub()
    try:
        with foreign(f"gpt-fast in {path} cannot be imported", f"check out {_LAST_WORKING}"):
            module = importlib.import_module("generate")
        if "batch_size" in inspect.signature(module.generate).parameters:
            raise InputError(f"the speculative mode of {path} does not run", f"check out {_LAST_WORKING} there")
        yield module
    finally:
        # Compiled functions keep the weights alive.
        torch.compiler.reset()
        sys.path[:] = old_path
        for name in _MODULES:
            sys.modules.pop(name, None)
        sys.modules.update(old_modules)


def _tokenizer_stub() -> ModuleType:
    stub = ModuleType("tokenizer")
    stub.__dict__["get_tokenizer"] = None
    return stub


def system(module: ModuleType, pair: Pair, *, gamma: int, n_prompt: int, n_new: int) -> System:
    """gpt-fast's greedy speculative decoding of the pair, compiled on a GPU as gpt-fast's own command compiles it."""
    assert pair.drafter is not None
    context = n_prompt + n_new + gamma + _SPARE
    n_vocabulary = pair.target.n_vocabulary
    models = [
        _transformer(loaded, context=context, n_vocabulary=n_vocabulary) for loaded in (pair.target, pair.drafter)
    ]
    if pair.target.device.type == "cuda":
        for name in _COMPILED:
            setattr(module, name, torch.compile(getattr(module, name), mode="reduce-overhead", fullgraph=True))

    def call(prompt: Sequence[int]) -> Call:
        ids = torch.tensor(prompt, device=pair.target.device)
        started = time.perf_counter()
        with foreign("gpt-fast failed", f"check out {_LAST_WORKING}"):
            sequence, _ = module.generate(
                models[0], ids, n_new, interactive=False, draft_model=models[1], speculate_k=gamma, temperature=0.0
            )
            new = tuple(sequence[len(prompt) :].tolist())
        return Call(new, 1e3 * (time.perf_counter() - started))

    return call


def _transformer(loaded: LoadedModel, *, context: int, n_vocabulary: int) -> nn.Module:
    """gpt-fast's model over our weights; copies only qkv and vocabularies of another size."""
    config, source = loaded.model.config, loaded.model
    model_module = importlib.import_module("model")
    rope = config.rope_parameters
    args = model_module.ModelArgs(
        block_size=context,
        vocab_size=n_vocabulary,
        n_layer=config.num_hidden_layers,
        n_head=config.num_attention_heads,
        dim=config.hidden_size,
        intermediate_size=config.intermediate_size,
        n_local_heads=config.num_key_value_heads,
        rope_base=rope["rope_theta"],
        norm_eps=config.rms_norm_eps,
    )
    with torch.device("meta"):
        transformer: nn.Module = model_module.Transformer(args)
    weights = {
        "tok_embeddings": _resized(source.get_input_embeddings().weight, n_vocabulary),
        "output": _resized(source.get_output_embeddings().weight, n_vocabulary),
        "norm": source.model.norm.weight,
    }
    for i, layer in enumerate(source.model.layers):
        weights |= {f"layers.{i}.{name}": weight for name, weight in _layer(layer).items()}
    for name, weight in weights.items():
        transformer.get_submodule(name).weight = nn.Parameter(weight.detach(), requires_grad=False)
    return transformer.eval()


def _layer(layer: nn.Module) -> dict[str, Tensor]:
    """Our weights of a layer under gpt-fast's names."""
    get: Callable[[str], Tensor] = layer.get_parameter
    parts = [get(f"self_attn.{name}_proj.weight") for name in "qkv"]
    return {
        "attention.wqkv": torch.cat(parts),
        "attention.wo": get("self_attn.o_proj.weight"),
        "feed_forward.w1": get("mlp.gate_proj.weight"),
        "feed_forward.w2": get("mlp.down_proj.weight"),
        "feed_forward.w3": get("mlp.up_proj.weight"),
        "attention_norm": get("input_layernorm.weight"),
        "ffn_norm": get("post_attention_layernorm.weight"),
    }


def _resized(rows: Tensor, n: int) -> Tensor:
    """The first n rows, padded with zeros."""
    return rows if rows.shape[0] == n else functional.pad(rows[:n], (0, 0, 0, max(0, n - rows.shape[0])))
