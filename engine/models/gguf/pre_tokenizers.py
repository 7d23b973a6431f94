"""Which split of text each name of a pre-tokenizer in a GGUF file stands for; a name that is not here is refused.

The names are llama.cpp's, the splits those of the tokenizers that the models were trained with.

* imports neither Qt nor torch."""

from typing import NamedTuple

from engine.errors import ModelError

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_TAIL = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_START = r"[^\r\n\p{L}\p{N}]?"

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_DIGIT = r"\p{N}"
_LLAMA3 = rf"{_CONTRACTIONS}|{_START}\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_TAIL}"
_QWEN2 = rf"{_CONTRACTIONS}|{_START}\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_TAIL}"
_TEKKEN = (
    rf"{_START}{_UPPER}*{_LOWER}+|{_START}{_UPPER}+{_LOWER}*|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_TAIL}"
)  # fmt: skip


class PreTokenizer(NamedTuple):
    """How text is cut before merging.

    splits: regular expressions, each cuts what the one before left. ignore_merges: a piece that is a token is taken
    whole. adds_bos: whether a begin-of-text token is put first where the file does not say."""

    splits: tuple[str, ...]
    ignore_merges: bool = False
    adds_bos: bool = False


_PLAIN = PreTokenizer((GPT2,))
_DIGITS_APART = PreTokenizer((_DIGIT, GPT2))
_LLAMA = PreTokenizer((_LLAMA3,), ignore_merges=True, adds_bos=True)
_QWEN = PreTokenizer((_QWEN2,))

PRE_TOKENIZERS = {
    **dict.fromkeys(("gpt-2", "phi-2", "olmo", "mpt", "jais", "trillion", "gigachat", "mellum", "a.x-4.0"), _PLAIN),
    **dict.fromkeys(
        ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"), _DIGITS_APART
    ),
    **dict.fromkeys(("llama3", "llama-v3", "llama-bpe", "falcon3", "pixtral", "midm-2.0"), _LLAMA),
    **dict.fromkeys(("dbrx", "smaug-bpe"), PreTokenizer((_LLAMA3,))),
    **dict.fromkeys(("qwen2", "deepseek-r1-qwen", "stablelm2", "megrez", "kormo", "grok-2"), _QWEN),
    "tekken": PreTokenizer((_TEKKEN,), ignore_merges=True, adds_bos=True),
}  # fmt: skip


def find(name: str, file: str) -> PreTokenizer:
    """The split of that name. Raises ModelError for one that is not known: it would cut text silently differently."""
    if name not in PRE_TOKENIZERS:
        what = f"the pre-tokenizer {name!r:.40} is not known here" if name else "it does not name its pre-tokenizer"
        reason = f"{file}: {what}, and another one would cut text differently"
        raise ModelError(reason, "use the model's safetensors folder, or a GGUF file converted by a newer llama.cpp")
    return PRE_TOKENIZERS[name]
