import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QPushButton

from app.choices import engine_threads
from app.panels.settings_dialog import SettingsDialog
from app.state.engine_choice import EngineChoice
from app.state.store import RunStore
from app.theme.appearance import SCHEMES, SIZES, Appearance, font_families
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
    family = font_families()[0]
    page.font_family.activated.emit(page.font_family.findData(family))
    looks, font = page._appearance, QApplication.font()
    assert (looks.scheme, looks.size, looks.font, page._engine.kind) == ("dark", 125, family, "process")
    assert font.families()[0] == family and font.pointSizeF() == 1.25 * looks._system_font.pointSizeF()
    assert engine_threads.saved(page._settings) == 2


def test_the_page_shows_what_was_chosen_elsewhere(page):
    page._appearance.choose_size(150)
    page._engine.choose("process")
    page.show_choices()
    assert page.text_size.currentText() == "150 %" and page.process.isChecked()


def test_folders_are_named_and_every_control_has_a_name(page):
    assert len({row.label.accessibleName() for row in page.folders}) == 3
    controls = [*page.findChildren(QComboBox), *page.findChildren(QAbstractSpinBox)]
    buttons = [button for row in page.folders for button in row.findChildren(QPushButton)]
    assert len(controls) >= 4 and all(control.accessibleName() for control in (*controls, *buttons))
