"""Tiny sentence encoders with random weights, saved as sentence-transformers saves them."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

WORDS = ("[PAD]", "[UNK]", "salt", "sea", "ship", "lamp", "query:")
MAX_TOKENS = 12


def save(folder: Path, *, seed: int = 0, prompts: dict[str, str] | None = None) -> Path:
    """An encoder of seven words and 12 tokens, without special tokens; returns its folder."""
    return shutil.copytree(_saved(seed, tuple((prompts or {}).items())), folder, dirs_exist_ok=True)


@cache
def _saved(seed: int, prompts: tuple[tuple[str, str], ...]) -> Path:
    """The folder that the encoders of one kind are copied from, until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="draftscope-encoder-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    torch.manual_seed(seed)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig(vocab_size=len(WORDS), max_position_embeddings=MAX_TOKENS, **shape)
    BertModel(config).save_pretrained(folder / "transformer")
    _tokenizer().save_pretrained(folder / "transformer")
    parts = [Transformer(str(folder / "transformer")), Pooling(16, "mean"), Dense(16, 8), Normalize()]
    SentenceTransformer(modules=parts, prompts=dict(prompts), device="cpu").save_pretrained(str(folder / "encoder"))
    return folder / "encoder"


def _tokenizer() -> PreTrainedTokenizerFast:
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]")
