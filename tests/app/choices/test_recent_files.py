from pathlib import Path

from PySide6.QtCore import QSettings

from app.choices.recent_files import RecentFiles


def test_the_newest_comes_first_and_none_twice():
    recent = RecentFiles()
    for name in ("/a/one.jsonl", "/a/two.txt", "/a/one.jsonl"):
        recent.add(Path(name))
    assert [entry.path.name for entry in recent.entries] == ["one.jsonl", "two.txt"]
    for number in range(20):
        recent.add(Path(f"/b/{number}"))
    assert len(recent.entries) == 10


def test_a_trace_is_named_by_its_folder_and_names_are_safe_to_show():
    recent = RecentFiles()
    recent.add(Path("/runs/monday/trace.jsonl"))
    recent.add(Path("/runs/evil\u202e\x1b[31m.txt"))
    evil, trace = recent.entries
    assert trace.name == "monday/trace.jsonl"
    assert "\u202e" not in evil.name and "\x1b" not in evil.name and "\u202e" in str(evil.path)


def test_they_come_back_at_the_next_start_and_can_be_forgotten(tmp_path):
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    recent, again = RecentFiles(), RecentFiles()
    recent.add(Path("/a/one.jsonl"))
    recent.save(settings)
    again.restore(settings)
    assert again.entries == recent.entries
    settings.setValue("recent-files", [3, "", "x" * 9999, "/c"])
    again.restore(settings)
    assert [entry.path for entry in again.entries] == [Path("/c")]
    again.forget()
    assert again.entries == ()
