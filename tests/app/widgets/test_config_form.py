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


def test_a_long_text_is_cut_in_its_middle_and_its_tooltip_has_all_of_it(qtbot):
    form = ConfigForm(ChatConfig, None)
    qtbot.addWidget(form)
    form.resize(200, 400)
    form.show()
    line = form.control("system")
    meaning = line.toolTip()
    line.setText("/a/folder/of/a/gate/with/a/long/path/builtin-builtin")
    assert line.text() in line.toolTip() and meaning in line.toolTip()
    line.setText("auto")
    assert line.toolTip() == meaning
