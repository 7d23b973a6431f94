"""The texts of the built-in world: the same every time, some longer than the built-in target reads, none held out."""

from itertools import islice
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from engine.models.checkpoint_folder import builtin_folder
from engine.training.builtin_texts import BuiltinTexts
from engine.training.texts import is_builtin


def test_rounds_hold_long_texts_and_short_ones_the_same_every_time() -> None:
    texts = BuiltinTexts()
    documents = list(islice(texts.documents(), 6))
    assert documents == list(islice(BuiltinTexts().documents(), 6))
    assert len(set(documents)) == 6
    assert texts.stamp() == BuiltinTexts().stamp()
    assert 0 < texts.n_bytes_read < texts.n_bytes
    tokenizer = PreTrainedTokenizerFast.from_pretrained(builtin_folder("target"))
    lengths = [len(ids) for ids in tokenizer(documents)["input_ids"]]
    assert min(lengths[:4]) > 8192
    assert max(lengths[4:]) < 4000


def test_only_the_bare_word_names_them() -> None:
    assert is_builtin(Path("builtin"))
    assert not is_builtin(Path("./builtin").absolute())
