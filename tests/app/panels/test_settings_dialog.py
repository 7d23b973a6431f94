import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox

from app.choices import engine_threads
from app.panels.settings_dialog import SettingsDialog
from app.state.engine_choice import EngineChoice
from app.state.store import RunStore
from app.theme.appearance import SCHEMES, SIZES, Appearance
from tests.app.theme.test_appearance import appearance  # noqa: F401 (a fixture)


@pytest.fixture
def page(qtbot, appearance: Appearance, tmp_path, monkeypatch):  # noqa: F811 (the fixture)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    dialog = SettingsDialog(appearance, EngineChoice(RunStore()), settings, None)
    qtbot.addWidget(dialog)
    dialog.show_beside()
    return dialog


def test_choices_count_at_once(page):
    page.scheme.activated.emit(SCHEMES.index("dark"))
    page.text_size.activated.emit(SIZES.index(125))
    page.process.setChecked(True)
    page.threads.setValue(2)
    assert (page._appearance.scheme, page._appearance.size, page._engine.kind) == ("dark", 125, "process")
    assert engine_threads.saved(page._settings) == 2


def test_the_page_shows_what_was_chosen_elsewhere(page):
    page._appearance.choose_size(150)
    page._engine.choose("process")
    page.show_choices()
    assert page.text_size.currentText() == "150 %" and page.process.isChecked()


def test_folders_are_named_and_every_control_has_a_name(page):
    assert len(page.folders) == 3
    controls = [*page.findChildren(QComboBox), *page.findChildren(QAbstractSpinBox)]
    assert len(controls) >= 3 and all(control.accessibleName() for control in controls)
