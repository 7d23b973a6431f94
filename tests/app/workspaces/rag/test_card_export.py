"""Pictures and tables of drafts."""

from PySide6.QtGui import QImage


def test_a_card_and_its_bars_export_as_picture_and_table(done, qtbot, tmp_path) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = done
    card, bars = workspace.lanes.exports[:2]
    for number, export in enumerate((card, bars)):
        for kind in ("png", "svg", "csv"):
            path = tmp_path / f"{number}.{kind}"
            with qtbot.waitSignal(export.menu.exported):
                export.menu.export(path)
            assert path.stat().st_size > 0
    assert QImage(str(tmp_path / "0.png")).height() > QImage(str(tmp_path / "1.png")).height()
    assert b"<svg" in (tmp_path / "1.svg").read_bytes()
    table = (tmp_path / "0.csv").read_text()
    assert table.startswith("# draftscope: Draft 1\n") and "natural logarithm" in table
    assert str(tmp_path) in store.told
    assert [action.text() for action in card.menu.actions()][:3] == ["Export PNG…", "Export SVG…", "Export CSV…"]


def test_a_file_that_cannot_be_written_is_reported(done, qtbot, tmp_path) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = done
    export = workspace.lanes.exports[0]
    with qtbot.waitSignal(export.menu.failed):
        export.menu.export(tmp_path / "gone" / "card.png")
    assert "could not be written" in store.trouble.message
