"""Which models Draftscope downloaded is remembered, and a damaged note loses nothing but itself."""

from engine.hub.records import DownloadRecord, forget, recorded, remember
from engine.machine import paths


def test_commits_add_up_and_the_newest_licence_holds() -> None:
    remember(DownloadRecord("org/x", ("a",), "mit", "2026-01-01T00:00:00Z"))
    remember(DownloadRecord("org/x", ("b",), "apache-2.0", "2026-01-02T00:00:00Z"))
    assert recorded("org/x") == DownloadRecord("org/x", ("a", "b"), "apache-2.0", "2026-01-02T00:00:00Z")


def test_what_is_forgotten_or_unknown_has_an_empty_record() -> None:
    remember(DownloadRecord("org/x", ("a",)))
    forget("org/x")
    forget("org/x")
    assert recorded("org/x") == DownloadRecord("org/x")


def test_a_damaged_note_counts_as_none() -> None:
    remember(DownloadRecord("org/x", ("a",)))
    (paths.downloads() / "org--x.json").write_text("{")
    assert recorded("org/x") == DownloadRecord("org/x")
