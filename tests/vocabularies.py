"""Tokenizers of several kinds, trained on the spot, and models with known behaviour that write in their tokens."""

from collections.abc import Sequence
from functools import cache
from itertools import islice

import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, trainers
from tokenizers import models as word_models
from torch import Tensor
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from engine.decoding.drafting import LastKv
from engine.vocabularies.spelling import Spelling, spelling_of
from engine.vocabularies.text_encoder import TextEncoder
from engine.world.story import stories
from tests import fakes

CPU = torch.device("cpu")
END, CHAT = "</s>", "<|user|>"
KINDS = ("byte_level", "other_merges", "space_sign", "prefixed")


@cache
def tokenizer(kind: str) -> PreTrainedTokenizerFast:
    """A tokenizer of one of KINDS: byte-level BPE, the same with other merges, unigrams with a sign for the space and
    single bytes, and the same with a space before the first word."""
    if kind == "byte_level":
        return fakes.tokenizer(400)
    if kind == "other_merges":
        return fakes.tokenizer(600, seed=2)
    return _unigrams(prefixed=kind == "prefixed")


def blanks_lost() -> PreTrainedTokenizerFast:
    """A tokenizer of whole words, whose tokens do not say where blanks were."""
    made = Tokenizer(word_models.WordLevel({"boat": 0, "harbour": 1, "a": 2, "[UNK]": 3}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]")


def _unigrams(*, prefixed: bool) -> PreTrainedTokenizerFast:
    trained = Tokenizer(word_models.Unigram())
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trainer = trainers.UnigramTrainer(vocab_size=400, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
    trained.train_from_iterator(islice(stories(3), 40), trainer)
    words = sorted(trained.get_vocab().items(), key=lambda word: word[1])
    bytes_ = [(f"<0x{byte:02X}>", -20.0) for byte in range(256)]
    scored = [(END, 0.0), *((word, -3.0 - i / 50) for i, (word, _) in enumerate(words)), *bytes_]
    made = Tokenizer(word_models.Unigram(scored, unk_id=1, byte_fallback=True))
    spaces = [normalizers.Replace(" ", "▁")]
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), *spaces] if prefixed else spaces)
    made.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=END, unk_token="<unk>", clean_up_tokenization_spaces=False
    )


def encoder(words: PreTrainedTokenizerBase) -> TextEncoder:
    """The encoder of a tokenizer."""
    return TextEncoder(words, spelling_of(words))


class Scripted:
    """A model that continues any text with what stands at its length in a script, in its own tokens.

    One in `noise` of its tokens is another; 0 for none."""

    hidden = None

    def __init__(self, encoding: TextEncoder, script: bytes, *, noise: int = 0, sharpness: float = 12.0) -> None:
        self.device, self.n_vocabulary = CPU, len(encoding.spelling)
        self._encoding, self._script, self._noise, self._sharpness = encoding, script, noise, sharpness
        self._next: dict[int, int] = {}
        self.reset()

    @property
    def length(self) -> int:
        """How many ids are in the cache."""
        return len(self.ids)

    def reset(self) -> None:
        """Forget every id."""
        self.ids: list[int] = []

    def forward(self, ids: Tensor, *, tree: object = None) -> Tensor:
        """Logits after each of the new ids, which follow each other."""
        assert tree is None
        return torch.stack([self._after(token) for token in ids.tolist()])

    def prefill(self, ids: Tensor) -> None:
        """Add ids."""
        self.ids += ids.tolist()

    def rollback(self, n: int) -> None:
        """Remove the last n ids."""
        assert 0 <= n <= len(self.ids)
        del self.ids[len(self.ids) - n :]

    def expect(self, n: int) -> None:
        """Nothing is allocated."""

    def last_kv(self) -> LastKv:
        """Nothing reads them."""
        raise AssertionError

    def bytes(self) -> int:
        """Eight bytes an id."""
        return 8 * len(self.ids)

    def _after(self, token: int) -> Tensor:
        self.ids.append(token)
        n = len(_spelled(self._encoding.spelling, self.ids).lstrip(b" "))  # some tokenizers put a space before a text
        if n not in self._next:
            self._next[n] = self._written(n)
        logits = torch.zeros(self.n_vocabulary)
        logits[self._next[n]] = self._sharpness
        return logits

    def _written(self, n: int) -> int:
        """What the model writes after n bytes."""
        at = n % len(self._script)
        if self._noise and n % self._noise == 0:
            return (7 * n) % self.n_vocabulary
        ids = self._encoding.inside(self._script[at:] + self._script[:at])
        assert ids
        return ids[0]


def _spelled(spelling: Spelling, ids: Sequence[int]) -> bytes:
    return b"".join(spelling.of(token) for token in ids if spelling.is_text(token))
