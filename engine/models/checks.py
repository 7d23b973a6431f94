"""Checks a checkpoint for reasons to refuse it, from its small files; loads no weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from transformers import AutoConfig, AutoTokenizer, DynamicCache, PreTrainedConfig, PreTrainedTokenizerBase
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

from engine.errors import EngineError, InputError, MemoryExhausted, ModelError
from engine.events import DraftsThrough
from engine.machine.no_memory import LESS, ran_out
from engine.machine.panics import is_panic
from engine.models import timing_pairs
from engine.models.checkpoint_folder import WORD_FILES, Checkpoint, own_code_needed
from engine.models.deepened import deepen_configuration
from engine.models.folder_files import read_json
from engine.models.gguf import vocabulary
from engine.models.gguf.header import GgufHeader
from engine.models.timing_shapes import Timing
from engine.vocabularies.intersection import intersect
from engine.vocabularies.likeness import Difference, Vocabulary, difference, vocabulary_of
from engine.vocabularies.spelling import Spelling, spelling_of
from engine.vocabularies.text_encoder import TextEncoder, misread

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
        if ran_out(err):
            raise MemoryExhausted(f"{what}: memory ran out, or address space ({_first_line(err)})", LESS) from err
        raise ModelError(f"{what} ({_first_line(err)})", hint) from err
    except BaseException as err:
        if not is_panic(err):
            raise
        raise ModelError(f"{what} ({_first_line(err)})", hint) from err


def _first_line(err: BaseException) -> str:
    return (str(err).strip() or type(err).__name__).splitlines()[0]


def configuration(checkpoint: Checkpoint) -> PreTrainedConfig:
    """The configuration of a causal language model. Raises ModelError: unknown, not causal, impossible sizes."""
    if checkpoint.timing is not None:
        return timing_pairs.made_configuration(checkpoint.timing)
    if checkpoint.times_as_deep > 1:
        own = configuration(checkpoint._replace(times_as_deep=1))
        return deepen_configuration(own, checkpoint.times_as_deep)
    model_type = checkpoint.config.get("model_type", "none given")
    if checkpoint.own_code and model_type not in CONFIG_MAPPING:
        raise own_code_needed(f"{checkpoint.spec}/{checkpoint.own_code}")
    what = f"{checkpoint.spec}: the configuration (model type {model_type!r}) is not one transformers can read"
    with foreign(what, "use a supported architecture, for instance Llama or Qwen2"):
        config = _with_our_attention(_read_configuration(checkpoint))
        text_config = config.get_text_config()
        if not isinstance(text_config, PreTrainedConfig):
            raise ModelError(f"{what} (its text_config is none)", "download the checkpoint again")
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING or _looks_ahead(text_config):
        if checkpoint.own_code and not _looks_ahead(text_config):
            raise own_code_needed(f"{checkpoint.spec}/{checkpoint.own_code}")
        raise ModelError(*_not_causal(checkpoint.spec, config))
    for name in _SIZES:
        size = getattr(text_config, name, None)
        if size is not None and (not isinstance(size, int) or size < 1):
            raise ModelError(f"{checkpoint.spec}: config.json says {name} = {size!r}", "download the checkpoint again")
    return _text_part(config)


def _text_part(config: PreTrainedConfig) -> PreTrainedConfig:
    """The configuration of the text model alone, where one for pictures or sound holds one that can be loaded so."""
    text_config = config.get_text_config()
    if not _is_composite(config) or type(text_config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        return config
    # Whether the head is the embedding is said of the whole: its text part alone may hold another default.
    text_config.tie_word_embeddings = config.tie_word_embeddings
    return text_config


def _is_composite(config: PreTrainedConfig) -> bool:
    """Whether a text model is one part among others."""
    return type(config.get_text_config()) is not type(config)


def _not_causal(spec: str, config: PreTrainedConfig) -> tuple[str, str]:
    """Why a model is refused, and the way out."""
    if _is_composite(config) and not _looks_ahead(config.get_text_config()):
        reason = f"{spec}: {config.model_type} is not a causal language model but one for more than text"
        return f"{reason}, and transformers has none for its text part alone", "use a text model of the same family"
    return f"{spec}: {config.model_type} is not a causal language model", "use a decoder-only model"


def _read_configuration(checkpoint: Checkpoint) -> PreTrainedConfig:
    if checkpoint.gguf is not None:
        return AutoConfig.for_model(**checkpoint.config)
    return AutoConfig.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)


def _with_our_attention(config: PreTrainedConfig) -> PreTrainedConfig:
    """The configuration without the implementations that its file chose: those of transformers itself remain.

    A file can name a package of kernels that would be fetched, or a compiler."""
    config._attn_implementation = config._experts_implementation = None  # theirs and of all configurations inside
    return config


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
    if (folder / "tokenizer_config.json").exists() and not (folder / "tokenizer.json").exists():
        settings = read_json(folder / "tokenizer_config.json", spec)
        hint = (
            "Draftscope never runs model code: copy a tokenizer.json into the folder"
            if "auto_map" in settings
            else hint
        )
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


def drafts_through(target: Checkpoint, drafter: Checkpoint) -> DraftsThrough:
    """Whether a drafter works on the target's ids or through text. Sizes may differ by padding and by added tokens."""
    return "ids" if _difference(_vocabulary_files(target), _vocabulary_files(drafter)) is None else "text"


def refuse_unshared_text(target: Checkpoint, drafter: Checkpoint) -> None:
    """Raises InputError for a drafter of another tokenizer whose text cannot be said in the target's tokens."""
    if drafts_through(target, drafter) == "text":
        reason = _why_no_text(_vocabulary_files(target), _vocabulary_files(drafter))
        if reason:
            raise InputError(reason, "choose a drafter of the same family, or lookup")


def refuse_other_vocabulary(target: Checkpoint, drafter: Checkpoint) -> None:
    """Raises InputError naming the first token that differs; for what works on the target's ids alone."""
    if drafts_through(target, drafter) == "text":
        reason = _other_tokenizer(_vocabulary_files(target), _vocabulary_files(drafter))
        raise InputError(reason, "choose a drafter of the same family")


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


class _Words(NamedTuple):
    """What is compared of a tokenizer. lost: a text that its tokens do not spell, in words; empty if there is none."""

    vocabulary: Vocabulary
    spelling: Spelling
    lost: str


@lru_cache(maxsize=2)
def _words(files: _VocabularyFiles) -> _Words:
    if files.gguf is None:
        tokenizer = _read_tokenizer(files.folder, files.spec, files.timing)
    else:
        tokenizer = vocabulary.build(files.gguf)
    spelling = spelling_of(tokenizer)
    wrong = misread(TextEncoder(tokenizer, spelling))
    words = vocabulary_of(tokenizer)
    lost = (
        "" if wrong is None else f"{wrong.text!r} begins with token {wrong.token_id}, {words.shown(wrong.token_id)!r}"
    )
    return _Words(words, spelling, lost)


@lru_cache(maxsize=1024)
def _difference(target: _VocabularyFiles, drafter: _VocabularyFiles) -> Difference | None:
    return difference(_words(target).vocabulary, _words(drafter).vocabulary)


@lru_cache(maxsize=1024)
def _why_no_text(target: _VocabularyFiles, drafter: _VocabularyFiles) -> str:
    """Why text cannot pass between two models, empty if it can; the drafter is named first."""
    reason = _other_tokenizer(target, drafter)
    if target.timing is not None or drafter.timing is not None:
        return f"{reason}, and the words of timing pairs are no text"
    for files in (drafter, target):
        if _words(files).lost:
            return f"{reason}, and {files.spec} loses text: {_words(files).lost}"
    n_shared = len(intersect(_words(target).spelling, _words(drafter).spelling).drafter_ids)
    return "" if n_shared else f"{reason}, and none of its tokens is one there"


def _other_tokenizer(target: _VocabularyFiles, drafter: _VocabularyFiles) -> str:
    """Which token differs between two models."""
    differing = _difference(target, drafter)
    assert differing is not None
    return (
        f"{drafter.spec} does not share the tokenizer of {target.spec}: "
        f"token {differing.token_id} is {differing.target_token!r} there and {differing.drafter_token!r} here"
    )
