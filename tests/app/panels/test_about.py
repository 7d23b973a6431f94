from PySide6.QtGui import QGuiApplication

from app.panels.about import AboutDialog, versions


def test_the_versions_name_what_a_fault_may_depend_on():
    names = [name for name, _ in versions()]
    assert names[:3] == ["draftscope", "Python", "Qt"] and {"PySide6", "torch", "transformers"} <= set(names)
    assert all(version for _, version in versions())


def test_versions_are_copied_for_a_report(qtbot):
    dialog = AboutDialog(None)
    qtbot.addWidget(dialog)
    dialog.show_beside()
    dialog.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert all(f"{name} {version}" in copied for name, version in dialog.versions)
    assert "Draftscope" in dialog.windowTitle()
