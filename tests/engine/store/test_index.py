"""The index: what is kept is found, sorted, labelled, deleted and brought back, by several windows at once."""

from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import EngineError, InputError
from engine.store.index import RunIndex
from engine.store.rows import RunFilter
from tests.engine.store.kept import keep, opened, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def ids(folder: Path) -> list[str]:
    """Three runs, the oldest first."""
    prompts = "The harbour master", "In the TOWN of Åre", "<b>bold</b>"
    return [
        keep(folder, run(i, prompt, method="plain" if i == 1 else "speculative")) for i, prompt in enumerate(prompts)
    ]


@pytest.fixture
def index(folder: Path, ids: list[str]) -> Iterator[RunIndex]:
    with closing(opened(folder)) as index:
        yield index


def test_a_row_says_what_the_trace_says(index: RunIndex, ids: list[str], folder: Path) -> None:
    (row,) = index.rows([ids[0]])
    assert (row.kind, row.method, row.target, row.drafter, row.state) == ("run", "speculative", "T", "D", "finished")
    assert (row.prompt, row.n_tokens, row.started_utc) == ("The harbour master", 6, "2026-01-01T00:00:00Z")
    assert (row.alpha, row.tau, row.speedup) == (3 / 5, 2.0, 2.0)
    assert row.path == folder / ids[0] / "trace.jsonl"
    assert row.n_bytes == row.path.stat().st_size
    assert (row.tags, row.note, row.damage, row.deleted_utc) == ((), "", "", "")


def test_newest_runs_come_first_and_unknown_ids_are_left_out(index: RunIndex, ids: list[str]) -> None:
    assert index.ids() == tuple(reversed(ids))
    assert [row.id for row in index.rows([ids[1], "gone", ids[0]])] == [ids[1], ids[0]]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("harbour", [0]), ("town åre", [1]), ("PLAIN", [1]), ("bold", [2]), ("harbour plain", []), ("%", []),
        ("\0", [2, 1, 0]),
    ],
)  # fmt: skip
def test_every_word_of_a_search_must_occur(index: RunIndex, ids: list[str], text: str, places: list[int]) -> None:
    assert index.ids(RunFilter(text)) == tuple(ids[place] for place in places)


def test_filters_and_orders(index: RunIndex, ids: list[str]) -> None:
    index.add_tags([ids[0], ids[2]], ["night", "gpu"])
    assert index.ids(RunFilter(tags=("night", "gpu"), descending=False)) == (ids[0], ids[2])
    assert index.ids(RunFilter(kinds=("training",))) == ()
    assert index.ids(RunFilter(states=("finished",), order="prompt", descending=False))[0] == ids[2]
    assert index.tags() == (("gpu", 2), ("night", 2))


def test_runs_without_a_value_come_last_in_either_direction(index: RunIndex, ids: list[str]) -> None:
    index.rename(ids[1], "Zebra")
    for descending in (True, False):
        assert index.ids(RunFilter(order="title", descending=descending))[0] == ids[1]


def test_labels_are_found_and_survive_the_index(index: RunIndex, ids: list[str], folder: Path) -> None:
    index.rename(ids[0], "  First\x1b[31m\nlight ")
    index.set_note(ids[0], "Two lines\nof a note")
    index.add_tags([ids[0]], ["b", "a", ""])
    index.remove_tags([ids[0]], ["b"])
    index.close()
    for path in folder.glob("index.sqlite*"):
        path.unlink()
    with closing(opened(folder)) as again:
        (row,) = again.rows([ids[0]])
        assert (row.title, row.note, row.tags) == ("First [31m light", "Two lines\nof a note", ("a",))
        assert again.ids(RunFilter("first note")) == (ids[0],)


def test_a_label_for_a_run_that_is_gone_is_refused(index: RunIndex) -> None:
    for bad in ("gone", "../../etc", ".trash", ""):
        with pytest.raises(InputError, match="there is no run"):
            index.rename(bad, "x")


def test_a_deleted_run_comes_back(index: RunIndex, ids: list[str], folder: Path) -> None:
    index.add_tags([ids[1]], ["kept"])
    deleted = index.delete([ids[1], "gone"])
    assert (deleted.ids, deleted.missing) == ((ids[1],), ("gone",))
    assert index.ids() == (ids[2], ids[0])
    assert not (folder / ids[1]).exists()
    (row,) = index.rows(index.ids(RunFilter(deleted=True)))
    assert (row.id, row.path.is_file(), bool(row.deleted_utc)) == (ids[1], True, True)
    assert index.restore(deleted).ids == (ids[1],)
    assert index.rows([ids[1]])[0].tags == ("kept",)


def test_purged_runs_are_gone_for_good(index: RunIndex, ids: list[str], folder: Path) -> None:
    index.delete([ids[0]])
    assert index.purge(older_than_s=3600) == ()
    assert index.purge() == (ids[0],)
    assert index.restore([ids[0]]).missing == (ids[0],)
    assert len(index.ids()) == 2


def test_two_windows_delete_the_same_runs(index: RunIndex, ids: list[str], folder: Path) -> None:
    with closing(opened(folder)) as other:
        seen = other.version()
        assert index.delete(ids[:2]).ids == tuple(ids[:2])
        assert other.changed_since(seen)
        late = other.delete(ids)
        assert (late.ids, late.missing) == ((ids[2],), tuple(ids[:2]))
        assert index.ids() == ()
        assert set(index.ids(RunFilter(deleted=True))) == set(ids)


def test_reading_does_not_change_the_version(index: RunIndex, ids: list[str]) -> None:
    seen = index.version()
    index.rows(index.ids())
    deque(index.take_in(), maxlen=0)
    assert not index.changed_since(seen)


def test_ids_may_be_shortened_to_either_end(index: RunIndex, ids: list[str]) -> None:
    assert index.matching(ids[0]) == (ids[0],)
    assert index.matching("0001") == (ids[1],)
    beginning = ids[1].rpartition("-")[2][:3]
    assert set(index.matching(beginning)) == {each for each in ids if f"-{beginning}" in each}
    assert set(index.matching("20260101")) == set(ids)
    assert index.matching("") == index.matching("%") == ()


def test_names_that_lead_out_of_the_folder_touch_nothing(index: RunIndex, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for bad in ("../other", str(tmp_path / "other"), "..", ".", "a/../../other", "a\0b"):
        with pytest.raises(InputError):
            index.delete([bad])
    assert (tmp_path / "other").is_dir()


def test_links_are_neither_taken_in_nor_followed(folder: Path, ids: list[str], tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    keep(outside, run(9))
    (real,) = outside.iterdir()
    (folder / "linked-folder").symlink_to(real)
    (folder / "linked-trace").mkdir()
    (folder / "linked-trace" / "trace.jsonl").symlink_to(real / "trace.jsonl")
    with closing(opened(folder)) as index:
        assert set(index.ids()) == set(ids)
        assert index.delete(["linked-folder"]).missing == ("linked-folder",)
    assert (real / "trace.jsonl").is_file()


def test_a_trash_that_is_a_link_is_refused(folder: Path, ids: list[str], index: RunIndex, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / ".trash").symlink_to(tmp_path / "elsewhere")
    (refused,) = index.delete([ids[0]]).refused
    assert refused.id == ids[0]
    assert "cannot be moved" in refused.why
    assert (folder / ids[0]).is_dir()


def test_a_label_that_the_disk_refuses_changes_nothing(
    index: RunIndex, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(EngineError, match=r"cannot be written \(No space left"):
        index.rename(ids[0], "new")
    assert index.rows([ids[0]])[0].title == ""
