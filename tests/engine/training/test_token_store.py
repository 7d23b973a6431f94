"""Tokens on disk: parts that share no text, rows that repeat by seed and step alone."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from engine.errors import EngineError, InputError
from engine.training import token_store
from engine.training.rows import RowShape
from engine.training.token_store import TokenizedDocument, TokenStore


def stored(folder: Path, documents: Sequence[Sequence[int]], *, seed: int = 0) -> TokenStore:
    list(token_store.write(folder, [TokenizedDocument.of(ids) for ids in documents], source="s"))
    return TokenStore(folder, seed=seed)


def texts_of(store: TokenStore, spans: list[tuple[int, int]]) -> set[tuple[int, ...]]:
    return {tuple(store.ids(span)) for span in spans}


def test_parts_share_no_document_even_where_it_occurs_twice(tmp_path: Path) -> None:
    documents = [[i, i + 1, i + 2] for i in range(30)] * 2
    store = stored(tmp_path, documents)
    learned, held_out = texts_of(store, store.learned), texts_of(store, store.held_out)
    assert not learned & held_out
    assert learned | held_out == {tuple(ids) for ids in documents}
    assert len(store.held_out) == 7, "a quarter, where that is too few for an interval"


def test_documents_of_one_key_lie_in_the_same_part(tmp_path: Path) -> None:
    documents = [TokenizedDocument([i, n], i) for i in range(20) for n in range(3)]
    list(token_store.write(tmp_path, documents, source="s"))
    store = TokenStore(tmp_path, seed=0)
    first = {ids[0] for ids in texts_of(store, store.learned)}
    assert not first & {ids[0] for ids in texts_of(store, store.held_out)}


def test_split_depends_on_the_seed(tmp_path: Path) -> None:
    documents = [[i, i] for i in range(40)]
    parts = {
        frozenset(texts_of(store, store.held_out)) for store in (stored(tmp_path, documents, seed=s) for s in (1, 2))
    }
    assert len(parts) == 2


def test_batch_depends_on_seed_and_step_alone(tmp_path: Path) -> None:
    store = stored(tmp_path, [list(range(10 * i, 10 * i + 10)) for i in range(20)])
    shape = RowShape(3, 8)
    straight = [store.rows(seed=4).batch(step, shape).ids for step in range(12)]
    rows = store.rows(seed=4)
    assert torch.equal(rows.batch(11, shape).ids, straight[11])
    assert torch.equal(rows.batch(3, shape).ids, straight[3])
    assert not torch.equal(store.rows(seed=5).batch(3, shape).ids, straight[3])


def test_an_epoch_shows_every_token_about_once_and_nothing_held_out(tmp_path: Path) -> None:
    store = stored(tmp_path, [[i] * 10 for i in range(20)])
    n = store.n_tokens // 10
    seen = torch.cat([store.rows(seed=1).batch(step, RowShape(1, 10)).ids.flatten() for step in range(n)])
    held_out = {ids[0] for ids in texts_of(store, store.held_out)}
    assert torch.bincount(seen, minlength=20).tolist() == [0 if i in held_out else 10 for i in range(20)]


def test_short_texts_fill_a_row_by_repeating(tmp_path: Path) -> None:
    store = stored(tmp_path, [[1, 2, 3], [4, 5]])
    assert store.rows(seed=0).batch(0, RowShape(2, 16)).ids.shape == (2, 16)


def test_one_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="only one document"):
        stored(tmp_path, [[1, 2], [1, 2]])


def test_no_more_than_the_most_tokens_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_store, "MOST_TOKENS", 25)
    assert list(token_store.write(tmp_path, [TokenizedDocument.of([i] * 10) for i in range(9)], source="s")) == [
        10,
        20,
        30,
    ]


def test_torn_store_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    writing = token_store.write(tmp_path, [TokenizedDocument.of([i]) for i in range(9)], source="s")
    next(writing)
    writing.close()
    assert token_store.written_from(tmp_path) is None


def test_store_torn_while_it_replaces_another_is_not_taken_for_either(tmp_path: Path) -> None:
    stored(tmp_path, [[1, 2], [3]])
    writing = token_store.write(tmp_path, [TokenizedDocument.of([i]) for i in range(9)], source="new")
    next(writing)
    writing.close()
    assert token_store.written_from(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [("tokens.json", b""), ("tokens.json", b'{"ends":['), ("tokens.bin", b""), ("tokens.bin", b"\xff" * 12)],
)
def test_store_with_a_torn_file_is_written_anew_and_said_to_be_damaged(
    tmp_path: Path, name: str, content: bytes
) -> None:
    stored(tmp_path, [[1, 2], [3]])
    (tmp_path / name).write_bytes(content)
    assert token_store.written_from(tmp_path) is None
    with pytest.raises(EngineError, match="are damaged"):
        TokenStore(tmp_path, seed=0)
    assert stored(tmp_path, [[1, 2], [3]]).source == "s"


def test_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(EngineError, match="could not be written"):
        list(token_store.write(tmp_path / "f", [TokenizedDocument.of([1])], source="s"))


def test_long_rows_lie_within_one_document_and_are_all_shown_once_an_epoch(tmp_path: Path) -> None:
    documents = [[100 * i + j for j in range(9 + 4 * (i % 4))] for i in range(40)]
    store = stored(tmp_path, documents)
    rows = store.rows(seed=4, whole_from=10)
    pieces = [rows.batch(step, RowShape(1, 10)).ids[0].tolist() for step in range(60)]
    assert all(row == list(range(row[0], row[0] + 10)) for row in pieces)
    n_pieces = sum((end - start) // 10 for start, end in store.learned)
    assert len({row[0] // 100 for row in pieces[:n_pieces]}) == sum(end - start >= 10 for start, end in store.learned)
    assert torch.equal(store.rows(seed=4, whole_from=10).batch(7, RowShape(1, 10)).ids[0], torch.tensor(pieces[7]))
    short = store.rows(seed=4, whole_from=10).batch(3, RowShape(2, 8))
    assert torch.equal(short.ids, store.rows(seed=4).batch(3, RowShape(2, 8)).ids)


def test_rows_longer_than_any_document_are_cut_from_all_of_them(tmp_path: Path) -> None:
    store = stored(tmp_path, [[i] * 10 for i in range(20)])
    shape = RowShape(1, 30)
    assert torch.equal(store.rows(seed=4, whole_from=20).batch(0, shape).ids, store.rows(seed=4).batch(0, shape).ids)
