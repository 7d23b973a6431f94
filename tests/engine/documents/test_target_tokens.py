"""What a passage may have of a target's context, and how its tokens are counted."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.documents.chunking import ChunkSpan, packed
from engine.documents.target_tokens import StricterTokens, TargetTokens, tokens_of
from engine.errors import InputError, ModelError
from tests import fakes, gguf_files


@pytest.fixture(scope="module")
def builtin() -> TargetTokens:
    return tokens_of("builtin")


def test_tokens_of_a_sentence_end_where_its_words_do(builtin: TargetTokens) -> None:
    text = "The harbour, Ω."
    ends = builtin.ends(text)
    assert ends[-1] == len(text) and ends == sorted(ends)
    assert builtin.counts([text, ""]) == [len(ends), 0]


def test_as_many_tokens_fit_as_leave_room_for_the_rest(builtin: TargetTokens) -> None:
    assert builtin.context == 8192
    assert (builtin.fitting(10), builtin.fitting(20), builtin.fitting(100)) == (512, 390, 78)
    for n in (0, 8_000):
        with pytest.raises(InputError):
            builtin.fitting(n)


def test_a_target_is_known_by_its_tokenizer(builtin: TargetTokens, tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "t")
    assert tokens_of(spec).fingerprint == tokens_of(spec).fingerprint != builtin.fingerprint
    with pytest.raises((InputError, ModelError)):
        tokens_of(str(tmp_path / "none"))


class WordByWord:
    """A tokenizer written in Python: it tells no places. Two tokens a word."""

    is_fast = False

    def __call__(self, texts: list[str], **_: object) -> dict[str, list[list[int]]]:
        return {"input_ids": [[0, 1] * len(text.split()) for text in texts]}


def test_a_tokenizer_that_tells_no_places_is_asked_word_by_word() -> None:
    assert TargetTokens(WordByWord()).ends("salt  sea") == [4, 4, 9, 9]


def test_tokens_of_a_gguf_file_are_counted_without_converting_it_and_known_by_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = gguf_files.write(tmp_path / "a.gguf", fakes.model())
    other = gguf_files.write(tmp_path / "b.gguf", fakes.model(vocab_size=290), words=fakes.tokenizer(290))
    assert tokens_of(str(first)).counts(["The harbour"]) == [len(fakes.tokenizer()("The harbour")["input_ids"])]
    assert tokens_of(str(first)).fingerprint != tokens_of(str(other)).fingerprint


class Every:
    """A token every so many characters, and what is left."""

    def __init__(self, size: int) -> None:
        self._size = size

    def counts(self, texts: Sequence[str]) -> list[int]:
        """How many each text has."""
        return [len(self.ends(text)) for text in texts]

    def ends(self, text: str) -> list[int]:
        """Where they end."""
        return [*range(self._size, len(text), self._size), len(text)] if text else []


def test_of_two_readers_the_one_with_more_tokens_counts() -> None:
    shared = StricterTokens(Every(3), Every(2))
    assert shared.counts(["abcdef", "", "a"]) == [3, 0, 1]
    assert shared.ends("abcdef") == [2, 3, 4, 6]


@pytest.mark.parametrize("text", ["x" * 200, "one two three. " * 20, "a bc def. " * 9 + "y" * 90])
@pytest.mark.parametrize("most", [7, 20])
def test_a_passage_of_at_most_n_shared_tokens_fits_both_readers(text: str, most: int, builtin: TargetTokens) -> None:
    readers = builtin, Every(4)
    for span in packed(text, ChunkSpan(0, len(text)), StricterTokens(*readers), most):
        assert all(reader.counts([text[span.start : span.end]])[0] <= max(most, 1) for reader in readers)
