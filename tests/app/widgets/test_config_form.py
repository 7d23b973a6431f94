from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QLineEdit

from app.widgets.config_form import ConfigForm
from engine.settings import ChatConfig


def test_a_setting_of_text_is_a_line_that_comes_back_at_the_next_start(qtbot, tmp_path):
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    form, other = ConfigForm(ChatConfig, None), ConfigForm(ChatConfig, None)
    for each in (form, other):
        qtbot.addWidget(each)
    line = form.control("system")
    assert isinstance(line, QLineEdit) and line.accessibleName() == "System prompt"
    with qtbot.waitSignal(form.changed):
        line.setText("Be brief.")
    form.save(settings, "here")
    other.restore(settings, "here")
    assert other.values(ChatConfig)["system"] == "Be brief."
    other.set_values({"system": "Be long."})
    assert other.values(ChatConfig)["system"] == "Be long."
