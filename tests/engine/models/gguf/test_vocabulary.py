"""The tokenizer of a file is built from its own metadata, and one that differs from the file is refused."""

from itertools import islice
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from engine.errors import ModelError
from engine.models.gguf import vocabulary
from engine.models.gguf.header import GgufHeader, TensorEntry, Value, read
from engine.models.gguf.tensor_types import TENSOR_TYPES
from engine.world.story import stories
from tests import fakes, gguf_files

_NORMAL, _UNKNOWN, _CONTROL, _USER, _BYTE = 1, 2, 3, 4, 6
_BYTES = [f"<0x{i:02X}>" for i in range(256)]
_PIECES = ["▁", "t", "h", "e", "b", "o", "a", "▁t", "he", "▁the", "▁b", "oa", "oat", "at", "▁boat"]


def sentencepiece(**changes: Value | None) -> GgufHeader:
    """The header of a file with a small SentencePiece vocabulary; later pieces have lower scores."""
    tokens = ("<unk>", "<s>", "</s>", *_BYTES, *_PIECES, "<turn>", "  ")
    n = len(_PIECES)
    metadata: dict[str, Value] = {
        "general.architecture": "llama", "llama.context_length": 64,
        "tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": (
            _UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, *[_NORMAL] * n, _CONTROL, _USER,
        ),
        "tokenizer.ggml.scores": (0.0, 0.0, 0.0, *[0.0] * 256, *(-float(i) for i in range(n)), 0.0, 0.0),
        "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2, "tokenizer.ggml.unknown_token_id": 0,
    }  # fmt: skip
    for key, value in changes.items():
        metadata.pop(f"tokenizer.ggml.{key}", None)
        if value is not None:
            metadata[f"tokenizer.ggml.{key}"] = value
    return GgufHeader(Path("m.gguf"), metadata, (TensorEntry("token_embd.weight", (300, 8), TENSOR_TYPES[0], 0),), 0)


def pieces(tokenizer: PreTrainedTokenizerFast, text: str) -> list[str]:
    return tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"])  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gguf_files.write(tmp_path_factory.mktemp("gguf") / "m.gguf", fakes.model())


def changed(file: Path, **changes: Value | None) -> GgufHeader:
    source = read(str(file))
    named = {f"tokenizer.ggml.{key}": value for key, value in changes.items()}
    kept = {key: value for key, value in {**source.metadata, **named}.items() if value is not None}
    return source._replace(metadata=kept)


def test_real_text_gets_the_ids_of_the_tokenizer_the_file_was_made_of(file: Path) -> None:
    ours, theirs = vocabulary.build(read(str(file))), fakes.tokenizer()
    assert all(ours(text)["input_ids"] == theirs(text)["input_ids"] for text in islice(stories(3), 20))


def test_a_name_decides_how_digits_are_cut(file: Path) -> None:
    source = read(str(file))
    tokens, merges = source.texts("tokenizer.ggml.tokens"), source.texts("tokenizer.ggml.merges")
    pair = {"tokens": (*tokens[:-1], "12"), "merges": (*merges[:-1], "1 2")}
    assert pieces(vocabulary.build(changed(file, **pair)), "a 12") == ["a", "Ġ", "12"]
    assert pieces(vocabulary.build(changed(file, pre="smollm", **pair)), "a 12") == ["a", "Ġ", "1", "2"]


@pytest.mark.parametrize("pre", ["brand-new", None])
def test_an_unknown_pre_tokenizer_is_refused(file: Path, pre: str | None) -> None:
    with pytest.raises(ModelError, match="pre-tokenizer"):
        vocabulary.build(changed(file, pre=pre))


def test_the_begin_of_text_token_follows_the_flag_and_else_the_name(file: Path) -> None:
    for pre, flag, expected in (
        ("gpt-2", None, False), ("gpt-2", True, True), ("llama-bpe", None, True), ("llama-bpe", False, False)
    ):  # fmt: skip
        tokenizer = vocabulary.build(changed(file, pre=pre, add_bos_token=flag, bos_token_id=0))
        assert (tokenizer("a")["input_ids"][0] == 0) is expected, (pre, flag)


def test_an_end_of_text_token_is_put_last_where_the_flag_says_so(file: Path) -> None:
    assert vocabulary.build(changed(file, add_eos_token=True))("a")["input_ids"][-1] == 0


def test_control_tokens_in_a_text_stay_whole(file: Path) -> None:
    assert pieces(vocabulary.build(read(str(file))), "a<|end|>b") == ["a", "<|end|>", "b"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model": "bert"}, "kind of tokenizer, 'bert'"),
        ({"tokens": None}, "0 tokens"),
        ({"token_type": (1, 1)}, "with 2 types"),
        ({"eos_token_id": 5000}, "is no token"),
        ({"merges": None}, "no merges"),
        ({"merges": ("ab",)}, "is no merge"),
        ({"merges": ("zzz qqq",)}, "merges do not fit"),
    ],
)
def test_a_broken_vocabulary_is_refused(file: Path, changes: dict[str, Value | None], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        vocabulary.build(changed(file, **changes))


def test_a_token_that_is_there_twice_is_refused(file: Path) -> None:
    tokens = read(str(file)).texts("tokenizer.ggml.tokens")
    with pytest.raises(ModelError, match="twice"):
        vocabulary.build(changed(file, tokens=(*tokens[:-1], tokens[0])))


def test_a_tokenizer_with_another_token_is_told_from_the_files(file: Path) -> None:
    with pytest.raises(ModelError, match="differs from the file: token 299"):
        vocabulary.refuse_different(fakes.tokenizer(299), read(str(file)))


def test_a_tokenizer_with_another_split_fails_where_it_loses_the_flag(file: Path) -> None:
    with pytest.raises(ModelError, match="flag is not followed"):
        vocabulary.refuse_different(fakes.tokenizer(), changed(file, add_eos_token=True))


def test_sentencepiece_merges_the_best_piece_first(file: Path) -> None:
    assert pieces(vocabulary.build(sentencepiece()), "the boat") == ["<s>", "▁the", "▁boat"]


def test_sentencepiece_puts_a_space_first_unless_the_file_says_not(file: Path) -> None:
    assert pieces(vocabulary.build(sentencepiece(add_space_prefix=False)), "the boat")[1:] == ["t", "he", "▁boat"]


def test_sentencepiece_falls_back_to_bytes_and_comes_back(file: Path) -> None:
    tokenizer = vocabulary.build(sentencepiece())
    assert pieces(tokenizer, "the é") == ["<s>", "▁the", "▁", "<0xC3>", "<0xA9>"]
    assert tokenizer.decode(tokenizer("the é", add_special_tokens=False)["input_ids"]) == "the é"


def test_runs_of_spaces_are_spelled_as_their_tokens_are(file: Path) -> None:
    assert vocabulary.spelled_tokens(sentencepiece())[-1] == "▁▁"
    assert pieces(vocabulary.build(sentencepiece()), "the  boat") == ["<s>", "▁the", "▁▁", "b", "oat"]


def test_sentencepiece_without_scores_or_merges_is_refused(file: Path) -> None:
    with pytest.raises(ModelError, match="neither merges nor scores"):
        vocabulary.build(sentencepiece(scores=None))


def test_stop_ids_are_the_end_of_text_and_the_ends_of_turns() -> None:
    assert vocabulary.stop_ids(sentencepiece(eot_token_id=274, eom_token_id=2)) == [2, 274]
