"""Checks a checkpoint for reasons to refuse it, from its small files; loads no weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from transformers import AutoConfig, AutoTokenizer, DynamicCache, PreTrainedConfig, PreTrainedTokenizerBase
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

from engine.errors import EngineError, InputError, MemoryExhausted, ModelError
from engine.models import timing_pairs
from engine.models.checkpoint_folder import WORD_FILES, Checkpoint
from engine.models.gguf import vocabulary
from engine.models.gguf.header import GgufHeader
from engine.models.timing_shapes import Timing

_SIZES = ("num_hidden_layers", "hidden_size", "vocab_size", "num_attention_heads", "max_position_embeddings")


@contextmanager
def foreign(what: str, hint: str) -> Iterator[None]:
    """Turn whatever a library raises about a bad file into ModelError, or MemoryExhausted where memory ran out."""
    try:
        yield
    except EngineError:
        raise
    except (torch.OutOfMemoryError, MemoryError) as err:
        raise MemoryExhausted(f"{what}: memory ran out", "use a smaller model or dtype") from err
    except Exception as err:
        raise ModelError(f"{what} ({_first_line(err)})", hint) from err


def _first_line(err: BaseException) -> str:
    return (str(err).strip() or type(err).__name__).splitlines()[0]


def configuration(checkpoint: Checkpoint) -> PreTrainedConfig:
    """The configuration of a causal language model. Raises ModelError: unknown, not causal, impossible sizes."""
    if checkpoint.timing is not None:
        return timing_pairs.made_configuration(checkpoint.timing)
    model_type = checkpoint.config.get("model_type", "none given")
    what = f"{checkpoint.spec}: the configuration (model type {model_type!r}) is not one transformers can read"
    with foreign(what, "use a supported architecture, for instance Llama or Qwen2"):
        config = _read_configuration(checkpoint)
        text_config = config.get_text_config()
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING or _looks_ahead(text_config):
        reason = f"{checkpoint.spec}: {config.model_type} is not a causal language model"
        raise ModelError(reason, "use a decoder-only model")
    for name in _SIZES:
        size = getattr(text_config, name, None)
        if size is not None and (not isinstance(size, int) or size < 1):
            raise ModelError(f"{checkpoint.spec}: config.json says {name} = {size!r}", "download the checkpoint again")
    return config


def _read_configuration(checkpoint: Checkpoint) -> PreTrainedConfig:
    if checkpoint.gguf is not None:
        return AutoConfig.for_model(**checkpoint.config)
    return AutoConfig.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)


def _looks_ahead(config: PreTrainedConfig) -> bool:
    """Whether a token attends to later tokens, so that no cache can hold what came before."""
    both_ways = getattr(config, "use_bidirectional_attention", None)  # "vision": within pictures only
    return getattr(config, "is_causal", True) is False or both_ways is True or both_ways == "all"


def read_tokenizer(checkpoint: Checkpoint) -> PreTrainedTokenizerBase:
    """The tokenizer in the folder or the GGUF file, or of the timing pair. Raises ModelError."""
    if checkpoint.gguf is not None:
        return vocabulary.build(checkpoint.gguf)
    return _read_tokenizer(checkpoint.folder, checkpoint.spec, checkpoint.timing)


def _read_tokenizer(folder: Path, spec: str, timing: Timing | None) -> PreTrainedTokenizerBase:
    if timing is not None:
        return timing_pairs.made_tokenizer(timing.shape.family)
    hint = "copy tokenizer.json and tokenizer_config.json into the folder"
    with foreign(f"{spec} has no usable tokenizer", hint):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        len(tokenizer)
    return tokenizer


def refuse_recurrent(checkpoint: Checkpoint, config: PreTrainedConfig) -> None:
    """Raises ModelError for a recurrent state: rejected tokens must leave the cache, and it cannot give them back."""
    with foreign(f"{checkpoint.spec}: no cache can be made for it", "use a model with attention in every layer"):
        layers = DynamicCache(config=config).layers
    if not all(getattr(layer, "is_croppable", True) for layer in layers):
        raise recurrent(checkpoint.spec)


def recurrent(spec: str) -> ModelError:
    """The refusal of a model whose state cannot give tokens back."""
    reason = f"{spec} keeps a recurrent state, from which rejected tokens cannot be taken back"
    return ModelError(reason, "use a model with attention in every layer")


class _VocabularyFiles(NamedTuple):
    """The files that a vocabulary is read from, as they are now: `stamp` changes when one of them does."""

    folder: Path
    spec: str
    stamp: tuple[object, ...]
    timing: Timing | None = None
    gguf: GgufHeader | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _VocabularyFiles) and self.stamp == other.stamp

    def __hash__(self) -> int:
        return hash(self.stamp)


class _Difference(NamedTuple):
    """The first id at which two vocabularies differ, and what it is in each."""

    token_id: int
    target_token: str | None
    drafter_token: str | None


def refuse_other_vocabulary(target: Checkpoint, drafter: Checkpoint) -> None:
    """Raises InputError naming the first token that differs; sizes may differ by padding."""
    difference = _difference(_vocabulary_files(target), _vocabulary_files(drafter))
    if difference is not None:
        reason = (
            f"{drafter.spec} does not share the tokenizer of {target.spec}: "
            f"token {difference.token_id} is {difference.target_token!r} there and {difference.drafter_token!r} here"
        )
        raise InputError(reason, "choose a drafter of the same family, or lookup")


def _vocabulary_files(checkpoint: Checkpoint) -> _VocabularyFiles:
    """The files of a checkpoint; those of a family are often shared, in the hub cache as the very same blobs."""
    timing = checkpoint.timing
    if timing is not None:
        return _VocabularyFiles(checkpoint.folder, checkpoint.spec, (timing.shape.family.name,), timing)
    if checkpoint.gguf is not None:
        stat = checkpoint.folder.stat()
        stamp = (str(checkpoint.folder), stat.st_size, stat.st_mtime_ns)
        return _VocabularyFiles(checkpoint.folder, checkpoint.spec, stamp, gguf=checkpoint.gguf)
    stamps: list[object] = [checkpoint.config.get("model_type")]
    for path in (checkpoint.folder / name for name in WORD_FILES):
        if path.exists():
            real = path.resolve()
            stamps.append((path.name, str(real), real.stat().st_size, real.stat().st_mtime_ns))
    return _VocabularyFiles(checkpoint.folder, checkpoint.spec, tuple(stamps))


@lru_cache(maxsize=2)
def _vocabulary(files: _VocabularyFiles) -> dict[int, str]:
    if files.gguf is not None:
        return dict(enumerate(vocabulary.spelled_tokens(files.gguf)))
    return {
        index: token for token, index in _read_tokenizer(files.folder, files.spec, files.timing).get_vocab().items()
    }


@lru_cache(maxsize=1024)
def _difference(target: _VocabularyFiles, drafter: _VocabularyFiles) -> _Difference | None:
    target_tokens, drafter_tokens = _vocabulary(target), _vocabulary(drafter)
    differing = (
        index
        for index in sorted(target_tokens.keys() | drafter_tokens.keys())
        if target_tokens.get(index) != drafter_tokens.get(index)
    )
    index = next(differing, None)
    return None if index is None else _Difference(index, target_tokens.get(index), drafter_tokens.get(index))
