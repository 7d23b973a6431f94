"""The state of the tab: what the index says arrives in the window, whoever changes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.workspaces.runs.library import RunLibrary
from engine.store import database
from engine.store.database import MIGRATIONS
from engine.store.rows import RunFilter
from tests.app.workspaces.runs.kept_runs import keep_some, settle
from tests.engine.store import kept


@pytest.fixture
def library(tmp_path: Path, qtbot: QtBot) -> Iterator[RunLibrary]:
    made = RunLibrary(tmp_path)
    yield made
    made.close()


def shown(qtbot: QtBot, library: RunLibrary) -> tuple[str, ...]:
    """Show the tab; the ids it lists."""
    library.set_visible(True)
    settle(qtbot, library, lambda: library.ids is not None)
    return library.ids or ()


def test_an_empty_folder_lists_nothing(library: RunLibrary, qtbot: QtBot) -> None:
    assert library.ids is None
    assert shown(qtbot, library) == ()


def test_runs_are_listed_newest_first_and_rows_are_fetched_when_looked_at(library: RunLibrary, qtbot: QtBot) -> None:
    ids = keep_some(library.folder)
    assert list(shown(qtbot, library)) == ids
    assert library.row_at(0) is None
    settle(qtbot, library)
    row = library.row_at(2)
    assert row is not None
    assert (row.prompt, row.drafter) == ("alpha", "D")


def test_only_the_newest_filter_is_listed(library: RunLibrary, qtbot: QtBot) -> None:
    ids = keep_some(library.folder)
    shown(qtbot, library)
    for text in ("a", "al", "alp", "beta"):
        library.set_filter(RunFilter(text))
    settle(qtbot, library)
    assert library.ids == (ids[1],)


def test_what_the_user_writes_is_kept_and_shown(library: RunLibrary, qtbot: QtBot) -> None:
    first, *_ = shown(qtbot, library) or keep_some(library.folder)
    library.refresh()
    settle(qtbot, library)
    library.rename(first, "A title")
    library.set_note(first, "two\nlines")
    library.change_tags([first], add=("x", "y"), remove=("y",))
    library.want([first])
    settle(qtbot, library)
    library.want((first,))
    settle(qtbot, library)
    row = library.row(first)
    assert row is not None
    assert (row.title, row.note, row.tags) == ("A title", "two\nlines", ("x",))
    assert library.tags == (("x", 1),)


def test_deleted_runs_come_back_by_undo_the_latest_first(library: RunLibrary, qtbot: QtBot) -> None:
    ids = keep_some(library.folder)
    shown(qtbot, library)
    library.delete(ids[:1])
    library.delete(ids[1:])
    settle(qtbot, library)
    assert library.ids == ()
    assert len(library.deletions) == 2
    library.undo()
    settle(qtbot, library)
    assert list(library.ids or ()) == ids[1:]
    library.undo()
    library.undo()
    settle(qtbot, library)
    assert list(library.ids or ()) == ids


def test_what_another_window_does_appears(library: RunLibrary, qtbot: QtBot) -> None:
    ids = keep_some(library.folder)
    shown(qtbot, library)
    other = kept.opened(library.folder)
    other.delete(ids[:1])
    new = kept.keep(library.folder, kept.run(9))
    settle(qtbot, library, lambda: library.ids == (new, *ids[1:]))
    other.close()
    assert library.ids == (new, *ids[1:])


def test_a_run_that_is_gone_is_named_and_nothing_else_happens(library: RunLibrary, qtbot: QtBot) -> None:
    keep_some(library.folder)
    shown(qtbot, library)
    library.rename("20260101T000000Z-speculative-none", "x")
    settle(qtbot, library)
    assert library.refused is not None
    assert len(library.ids or ()) == 3
    library.dismiss()
    assert library.refused is None


def test_an_index_of_a_newer_version_is_refused_until_it_can_be_read(
    library: RunLibrary, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = keep_some(library.folder)
    kept.opened(library.folder).close()
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", ())
        library.set_visible(True)
        settle(qtbot, library, lambda: library.trouble is not None)
        assert library.trouble is not None
        assert f"version {len(MIGRATIONS)}" in library.trouble.message
        assert library.refused is None
    library.retry()
    settle(qtbot, library)
    assert list(library.ids or ()) == ids
    assert library.trouble is None


def test_a_damaged_index_is_made_anew_and_said(library: RunLibrary, qtbot: QtBot) -> None:
    ids = keep_some(library.folder)
    (library.folder / database.NAME).write_bytes(b"no database at all" * 500)
    assert list(shown(qtbot, library)) == ids or library.taking_in is None
    settle(qtbot, library, lambda: list(library.ids or ()) == ids)
    assert len(library.notes) == 1
    library.dismiss()
    library.refresh()
    settle(qtbot, library)
    assert library.notes == ()


def test_a_hidden_tab_looks_for_nothing(library: RunLibrary, qtbot: QtBot) -> None:
    shown(qtbot, library)
    library.set_visible(False)
    qtbot.waitUntil(lambda: not library._timer.isActive(), timeout=5000)
    assert not library.busy
