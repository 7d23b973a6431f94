import pytest
from PySide6.QtCore import QSettings

from app.choices.recent_folders import RecentFolders


@pytest.fixture
def settings(tmp_path):
    return QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)


def test_newest_comes_first_once_and_only_a_few_are_kept():
    recent = RecentFolders()
    for number in (*range(12), 9):
        recent.add(f"/models/{number}")
    assert recent.specs[:3] == ("/models/9", "/models/11", "/models/10")
    assert len(recent.specs) == len(set(recent.specs)) == 8


def test_what_names_no_folder_is_not_kept():
    recent = RecentFolders()
    for spec in ("builtin", "lookup:3", "org/model", "none", ""):
        recent.add(spec)
    assert recent.specs == ()


@pytest.mark.parametrize("names", [(), ("/one",), ("/one, two", "/right\u202eleft", "/<b>", "~/three")])
def test_folders_come_back_as_they_were(settings, names):
    recent, again = RecentFolders(), RecentFolders()
    for name in reversed(names):
        recent.add(name)
    recent.save(settings)
    settings.sync()
    again.restore(QSettings(settings.fileName(), QSettings.Format.IniFormat))
    assert again.specs == names


def test_edited_settings_do_no_harm(settings):
    settings.setValue("recent-folders", 7)
    recent = RecentFolders()
    recent.restore(settings)
    assert recent.specs == ()
