"""The Runs tab as one uses it: filter, select, compare, rename, delete and undo, by mouse and by keys."""

from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.panels.comparison import Divergence
from app.text.plain_text import path_line
from app.workspaces.runs import transfer
from app.workspaces.runs.table_model import RunTableModel
from app.workspaces.runs.workspace import RunsWorkspace
from engine.machine import paths
from engine.runs import trace
from engine.store import blind_rating
from tests.app.workspaces.runs.kept_runs import MARKUP, cells, keep_some, of_drafter, settle, shown
from tests.engine.store import kept, ratings


def select(qtbot: QtBot, tab: RunsWorkspace, *rows: int) -> None:
    """Select rows and wait for what that asks for."""
    tab.table.select([tab.table.rows.id_at(row) for row in rows])
    settle(qtbot, tab.library)


def titles(qtbot: QtBot, tab: RunsWorkspace) -> list[str]:
    return cells(qtbot, tab, 2)


def test_an_empty_store_says_what_will_appear(tab: RunsWorkspace, qtbot: QtBot) -> None:
    shown(qtbot, tab)
    assert "appears here" in tab.empty.text()
    assert tab.bar.count.text() == "0 runs"
    assert not tab.run_actions.by_name["open"].isEnabled()
    assert not tab.holds("runs")


def test_typing_filters_and_esc_clears(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    shown(qtbot, tab)
    assert tab.bar.count.text() == "3 runs"
    tab.run_actions.by_name["find"].trigger()
    QTest.keyClicks(tab.bar.search, "BETA")
    settle(qtbot, tab.library)
    assert titles(qtbot, tab) == ["D γ 2 · beta"]
    QTest.keyClicks(tab.bar.search, " nowhere")
    settle(qtbot, tab.library)
    assert "No run fits" in tab.empty.text()
    QTest.keyClick(tab.bar.search, Qt.Key.Key_Escape)
    settle(qtbot, tab.library)
    assert len(titles(qtbot, tab)) == 3
    assert not tab.empty.isVisible()


def test_foreign_text_is_shown_literally(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    shown(qtbot, tab)
    title = titles(qtbot, tab)[0]
    assert title.startswith("D γ 2 · <b>bold</b>")
    assert "\u202e" not in title
    assert tab.details.heading.textFormat() == Qt.TextFormat.PlainText
    tip = tab.table.rows.data(tab.table.rows.index(0, 2), Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;" in str(tip)
    assert MARKUP not in str(tip)


def test_a_column_sorts_at_a_click_and_turns_at_the_next(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some(prompts=("b", "c", "a"))
    shown(qtbot, tab)
    header = tab.table.horizontalHeader()
    header.sectionClicked.emit(2)
    settle(qtbot, tab.library)
    assert titles(qtbot, tab) == [f"D γ 2 · {name}" for name in "abc"]
    assert str(tab.table.rows.headerData(2, Qt.Orientation.Horizontal)).endswith("▲")
    header.sectionClicked.emit(2)
    settle(qtbot, tab.library)
    assert titles(qtbot, tab) == [f"D γ 2 · {name}" for name in "cba"]


def test_one_run_is_shown_with_what_it_was_made_with(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    shown(qtbot, tab)
    select(qtbot, tab, 1)
    assert tab.details.heading.text() == "D γ 2 · beta"
    assert ("Draft length γ", "2") in tab.details.made_with["settings"].fields
    assert ("Device", "cpu") in tab.details.made_with["machine"].fields
    assert ("acceptance rate α", "0.60") in tab.details.figures.fields


def test_the_selection_stays_with_its_run_while_others_come_and_go(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    shown(qtbot, tab)
    select(qtbot, tab, 1)
    chosen = tab.table.selected
    kept.keep(paths.runs(), kept.run(30, "newer"))
    tab.library.take_in()
    settle(qtbot, tab.library, lambda: tab.table.rows.rowCount() == 4)
    assert tab.table.selected == chosen
    assert tab.table.currentIndex().row() == 2


def test_title_tags_and_note_are_kept_when_they_are_left(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    shown(qtbot, tab)
    select(qtbot, tab, 0)
    tab.run_actions.by_name["rename"].trigger()
    QTest.keyClicks(tab.details.title, "The best")
    QTest.keyClick(tab.details.title, Qt.Key.Key_Return)
    QTest.keyClicks(tab.details.tags, "b, a ,b")
    QTest.keyClick(tab.details.tags, Qt.Key.Key_Return)
    QTest.keyClicks(tab.details.note, "a note")
    select(qtbot, tab, 1)
    assert titles(qtbot, tab)[0] == "The best"
    assert cells(qtbot, tab, 11)[0] == "a, b"
    (row,) = kept.opened(paths.runs()).rows([tab.table.rows.id_at(0)])
    assert row.note == "a note"
    assert [tab.bar.tags.itemText(i) for i in range(tab.bar.tags.count())] == ["Any tag", "a (1)", "b (1)"]


def test_tags_of_several_runs_are_changed_together(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    shown(qtbot, tab)
    select(qtbot, tab, 0, 1)
    tab.run_actions.by_name["tag"].trigger()
    QTest.keyClicks(tab.details.tags, "both")
    QTest.keyClick(tab.details.tags, Qt.Key.Key_Return)
    settle(qtbot, tab.library)
    assert cells(qtbot, tab, 11) == ["both", "both", ""]


def test_deleting_moves_on_to_the_neighbour_and_undo_brings_all_back(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    shown(qtbot, tab)
    select(qtbot, tab, 0, 1)
    place = tab.splitter.geometry()
    tab.run_actions.by_name["delete"].trigger()
    settle(qtbot, tab.library, lambda: tab.table.rows.rowCount() == 1)
    assert tab.message.text.text() == "2 runs deleted."
    assert tab.splitter.geometry() == place and tab.message.geometry().bottom() == tab.rect().bottom()
    assert tab.table.selected == (tab.table.rows.id_at(0),)
    tab.message.undo.click()
    settle(qtbot, tab.library, lambda: tab.table.rows.rowCount() == 3)
    assert not tab.message.isVisible()


def test_deleted_runs_can_be_looked_at_and_restored(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    shown(qtbot, tab)
    select(qtbot, tab, 0)
    tab.run_actions.by_name["delete"].trigger()
    settle(qtbot, tab.library)
    states = tab.bar.states
    states.setCurrentIndex(states.count() - 1)
    states.activated.emit(states.currentIndex())
    settle(qtbot, tab.library, lambda: tab.table.rows.rowCount() == 1)
    select(qtbot, tab, 0)
    assert not tab.run_actions.by_name["open"].isEnabled()
    assert tab.restore_button.isVisible()
    tab.run_actions.by_name["restore"].trigger()
    settle(qtbot, tab.library, lambda: tab.table.rows.rowCount() == 0)
    tab.bar.clear()
    settle(qtbot, tab.library, lambda: tab.table.rows.rowCount() == 3)


def test_two_selected_runs_are_compared(tab: RunsWorkspace, qtbot: QtBot) -> None:
    kept.keep(paths.runs(), of_drafter(1, "builtin"))
    kept.keep(paths.runs(), of_drafter(2, "builtin:small"))
    shown(qtbot, tab)
    select(qtbot, tab, 0, 1)
    assert tab.pages.currentWidget() is tab.compared
    table = tab.compared.table
    names = [table.item(row, 0).text() for row in range(table.rowCount())]
    drafter = next(row for row, name in enumerate(names) if name.endswith("drafter"))
    assert names[drafter] == "≠ drafter"
    assert [table.item(drafter, i).text() for i in (1, 2)] == ["builtin:small", "builtin"]
    assert not names[next(row for row, name in enumerate(names) if name.endswith("γ"))].startswith("≠")
    assert "The texts are the same" in tab.compared.sentence.text()


def test_the_reason_stands_where_nothing_can_be_compared(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some(prompts=map(str, range(8)))
    shown(qtbot, tab)
    select(qtbot, tab, 0)
    tab.pages.setCurrentWidget(tab.compared)
    assert "Select two or more" in tab.compared.sentence.text()
    select(qtbot, tab, *range(8))
    assert "at most" in tab.compared.sentence.text()


def test_what_if_follows_the_controls(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    shown(qtbot, tab)
    select(qtbot, tab, 0)
    tab.run_actions.by_name["what_if"].trigger()
    settle(qtbot, tab.library, lambda: tab.what_if.plot.curve is not None)
    page = tab.what_if
    assert page.gamma.value() == 2
    before = page.answer.text()
    page.speed.setValue(4.0)
    assert page.answer.text() != before
    page.gamma.setValue(0)
    assert "γ 0: 1.00×" in page.answer.text()
    page.lenience.setValue(0.5)
    qtbot.waitUntil(lambda: tab.library.settled() and "independently" in page.caution.text())
    page.reset.click()
    assert (page.gamma.value(), page.speed.value(), page.lenience.value()) == (2, 1.0, 1.0)
    assert page.plot.reading(2) is not None
    assert page.plot.reading(99) is None
    assert [column.title for column in page.plot.columns()] == ["γ", "predicted speedup", "tokens a round"]


def test_a_run_that_cannot_be_read_is_read_once_and_said(tab: RunsWorkspace, qtbot: QtBot) -> None:
    ids = keep_some()
    shown(qtbot, tab)
    (paths.runs() / ids[0] / "trace.jsonl").write_text("no log\n")
    select(qtbot, tab, 0)
    tab.run_actions.by_name["what_if"].trigger()
    settle(qtbot, tab.library)
    assert "Reading" not in tab.what_if.answer.text() and tab.what_if.plot.curve is None
    tab.context.store.changed.emit()
    assert not tab.library.reader.busy
    tab.table.select([])
    assert tab.what_if.answer.text() == "Select a run first." and not tab.what_if.subject.text()


def test_an_answer_that_comes_late_is_not_shown_for_other_runs(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    shown(qtbot, tab)
    select(qtbot, tab, 0, 1)
    page = tab.compared
    before, others = page.sentence.text(), page._rows[:1] * 2
    page._add_divergence(others, Divergence(3, 2, "", "a", "b"))
    page._add_particulars(others, ())
    assert page.sentence.text() == before and page.table.rowCount()


def test_what_if_says_why_there_is_nothing_to_replay(tab: RunsWorkspace, qtbot: QtBot) -> None:
    kept.keep(paths.runs(), kept.run(0, n_events=2))
    shown(qtbot, tab)
    select(qtbot, tab, 0)
    tab.run_actions.by_name["what_if"].trigger()
    settle(qtbot, tab.library)
    assert "Nothing to replay" in tab.what_if.answer.text()


def test_enter_opens_the_run(tab: RunsWorkspace, qtbot: QtBot) -> None:
    keep_some()
    shown(qtbot, tab)
    select(qtbot, tab, 1)
    QTest.keyClick(tab.table, Qt.Key.Key_Return)
    store = tab.context.store
    qtbot.waitUntil(lambda: not store.reading, timeout=5000)
    assert store.history.shown is not None
    assert store.history.shown.started is not None
    assert store.history.shown.started.prompt == "beta"


def test_a_run_that_just_ended_appears(tab: RunsWorkspace, qtbot: QtBot) -> None:
    shown(qtbot, tab)
    kept.keep(paths.runs(), kept.run(0, "just now"))
    tab.context.store.history.begin(live=False)
    tab.context.store.changed.emit()
    settle(qtbot, tab.library, lambda: tab.table.rows.rowCount() == 1 and tab.library.row_at(0) is not None)
    row = tab.library.row_at(0)
    assert row is not None and row.prompt == "just now"


def test_runs_travel_as_files(tab: RunsWorkspace, qtbot: QtBot, tmp_path: Path) -> None:
    ids = keep_some()
    shown(qtbot, tab)
    told: list[str] = []
    transfer.export(tab.library, ids[:1], "trace", tmp_path / "one.jsonl", told.append)
    transfer.export(tab.library, ids, "trace", tmp_path, told.append)
    settle(qtbot, tab.library)
    assert trace.read(tmp_path / "one.jsonl").damage is None
    assert {path.name for path in tmp_path.iterdir()} == {"one.jsonl", *(f"{run_id}.jsonl" for run_id in ids)}
    tab.library.delete(ids)
    settle(qtbot, tab.library)
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{", encoding="utf-8")
    elsewhere = kept.keep(tmp_path / "elsewhere", kept.run(50))
    new = tmp_path / "elsewhere" / elsewhere / trace.FILE_NAME
    files = [tmp_path / "one.jsonl", new, new, broken, tmp_path / "absent.jsonl"]
    transfer.take_files(tab.library, files, told.append)
    settle(qtbot, tab.library, lambda: tab.table.rows.rowCount() == 2)
    one, folder = path_line(str(tmp_path / "one.jsonl")), path_line(str(tmp_path))
    assert told == [
        f"1 run exported to {one}", f"3 runs exported to {folder}", "2 runs imported. 1 run already kept."
    ]  # fmt: skip
    assert tab.library.refused is not None
    assert "broken.jsonl" in tab.library.refused.message


def test_every_offered_format_is_written_and_replaces_an_older_file(
    tab: RunsWorkspace, qtbot: QtBot, tmp_path: Path
) -> None:
    ids = keep_some(prompts=("alpha",))
    shown(qtbot, tab)
    told: list[str] = []
    for form in transfer.OFFERED:
        out = tmp_path / f"out{transfer.ENDINGS[form]}"
        out.write_text("old", encoding="utf-8")
        transfer.export(tab.library, ids, form, out, told.append)
        settle(qtbot, tab.library)
        assert out.read_bytes() != b"old"
    assert len(told) == len(transfer.OFFERED)
    assert tab.library.refused is None
    transfer.export(tab.library, ids, "csv", tmp_path / "absent" / "x.csv", told.append)
    settle(qtbot, tab.library)
    assert tab.library.refused is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out.csv", "out.html", "out.jsonl", "out.parquet", "out.pdf"
    ]  # fmt: skip


def test_widths_are_kept_from_start_to_start(tab: RunsWorkspace, qtbot: QtBot, tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    shown(qtbot, tab)
    tab.table.setColumnWidth(1, 222)
    tab.save(settings)
    tab.reset_layout()
    assert tab.table.columnWidth(1) != 222
    tab.restore(settings)
    assert tab.table.columnWidth(1) == 222


def test_the_model_sorts_only_by_what_the_index_can(tab: RunsWorkspace, qtbot: QtBot) -> None:
    shown(qtbot, tab)
    model: RunTableModel = tab.table.rows
    before = tab.library.filter
    model.sort(11)
    model.sort(-1)
    assert tab.library.filter == before


def test_the_menu_reports_the_selected_run_and_nothing_of_several(tab: RunsWorkspace, qtbot: QtBot) -> None:
    ids = keep_some()
    shown(qtbot, tab)
    heard: list[None] = []
    tab.context.store.changed.connect(lambda: heard.append(None))
    select(qtbot, tab, 0)
    assert tab.reported == paths.runs() / ids[0] / "trace.jsonl" and heard
    select(qtbot, tab, 0, 1)
    assert tab.reported == ()


def test_two_runs_are_rated_blind_and_the_ratings_are_shown_when_one_is_opened_again(
    tab: RunsWorkspace, qtbot: QtBot
) -> None:
    logs = ratings.two_runs(paths.runs())
    shown(qtbot, tab)
    select(qtbot, tab, 0, 1)
    tab.run_actions.by_name["rate"].trigger()
    dialog = tab.rating.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: not dialog.busy)
    dialog.start.click()
    QTest.keyClick(dialog.pair.left, Qt.Key.Key_3)
    tab.rating.shut_down()
    assert all(blind_rating.kept(log) for log in logs)
    select(qtbot, tab, 0)
    settle(qtbot, tab.library, lambda: bool(tab.details.rated.fields))
    ((name, value),) = tab.details.rated.fields
    assert "plain decoding" in name and "sprinter" in name
    assert "equally good 1" in value
    settle(qtbot, tab.library, lambda: (row := tab.library.row_at(0)) is not None and row.n_rated == 1)
    place = next(i for i, column in enumerate(tab.table.rows.columns) if column.title == "rated")
    assert tab.table.rows.index(0, place).data() == "1"
