"""Passages in map, table and text, and what links these."""

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyleOptionViewItem

from app.workspaces.rag.answers import AnswerProgress
from app.workspaces.rag.cluster_marks import mark_of
from app.workspaces.rag.pick import Pick
from app.workspaces.rag.workspace import RagWorkspace
from engine.commands import Run
from engine.settings import Request
from tests.app.answers import SUBSETS, TEXTS, answer_started, finished, mapped, partitioned, retrieved
from tests.app.factory import MODEL, PAIR, whole_run
from tests.app.workspaces.rag.tab import settle


def column(workspace: RagWorkspace, number: int) -> list[str]:
    table = workspace.passages.table
    return [table.item(row, number).text() for row in range(table.rowCount())]


def test_empty_panels_say_what_will_appear(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    assert workspace.map.words.isVisible()
    assert workspace.lanes.empty.isVisible()
    assert "appear" in workspace.passages.title.text()
    assert "appears here" in workspace.systems.phases.text()
    assert "will stand here" in workspace.verdict.answer_line.text()


def test_answers_stay_out_of_the_runs_of_decode(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, _workspace, say = done
    assert store.history.records == []
    assert len(store.tab(AnswerProgress).history.records) == 1
    assert "answered in 171 ms: Maren Oldcastle" in store.told
    store.run(PAIR, Run("speculative", {}, Request("Once")))
    say(MODEL, *whole_run())
    assert len(store.history.records) == 1
    assert len(store.tab(AnswerProgress).history.records) == 1


def test_map_shows_passages_by_cluster_and_joins_the_subset_of_the_winner(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    canvas = workspace.map.canvas
    spots = canvas.passages.points()
    assert len(spots) == len(TEXTS)
    assert len({spot.symbol() for spot in spots}) == 3
    assert len({spot.brush().color().name() for spot in spots}) == 3
    assert len(canvas.background_item.points()) == len(mapped().background)
    points = mapped().passages
    ends = [points[place].x for place in SUBSETS[0]]
    assert list(canvas.lines.getData()[0]) == pytest.approx(ends)
    assert "47% of the variance" in workspace.map.caption.text()


def test_map_comes_before_or_after_the_clusters(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    say(answer_started(), retrieved(), partitioned())
    assert workspace.map.words.isVisible()
    say(mapped())
    assert len({spot.symbol() for spot in workspace.map.canvas.passages.points()}) == 3


def test_a_click_on_the_map_is_followed_by_table_and_text(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = done
    canvas = workspace.map.canvas
    box = canvas.plot.getViewBox()
    point = mapped().passages[7]
    at = canvas.mapFromScene(box.mapViewToScene(QPointF(point.x, point.y)))
    assert canvas.nearest(QPointF(at)) == 7
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(at))
    settle(workspace)
    assert store.tab(AnswerProgress).pick.passage == 7
    assert workspace.passages.table.currentRow() == 7
    assert workspace.source.text.toPlainText() == TEXTS[7][1]
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    assert store.tab(AnswerProgress).pick.passage == 8


def test_a_row_of_the_table_is_followed_by_map_and_text(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = done
    workspace.passages.table.selectRow(2)
    settle(workspace)
    assert store.tab(AnswerProgress).pick == Pick(None, 2)
    assert workspace.map.canvas.ring.points()[0].pos().x() == pytest.approx(mapped().passages[2].x)
    assert "West Sluice" in workspace.source.title.text()


def test_table_says_rank_cluster_title_score_drafts_and_source(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    assert column(workspace, 0) == [str(i + 1) for i in range(10)]
    assert column(workspace, 1)[:4] == ["●", "▲", "●", "■"]
    assert column(workspace, 2)[0] == "East Sluice"
    assert column(workspace, 3)[0] == "0.900"
    assert column(workspace, 5)[0] == "1 4"
    assert column(workspace, 5)[3] == "—"
    assert column(workspace, 6)[0] == "east-sluice.md"
    assert "by meaning and words" in workspace.passages.title.text()


def test_tokens_of_the_passages_are_shown_where_they_were_counted(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    say(answer_started(), retrieved())
    assert workspace.passages.table.isColumnHidden(4)
    found = retrieved()
    say(answer_started("two"), replace(found, passages=tuple(replace(one, n_tokens=31) for one in found.passages)))
    assert not workspace.passages.table.isColumnHidden(4)
    assert column(workspace, 4)[0] == "31"


def test_the_symbol_of_the_selected_row_keeps_the_colour_of_its_cluster(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    table = workspace.passages.table
    table.selectRow(3)
    option = QStyleOptionViewItem()
    option.palette = table.palette()
    index = table.model().index(3, 1)
    table.itemDelegateForIndex(index).initStyleOption(option, index)
    wanted = mark_of(workspace.passages.answer.cluster(3)).colour
    assert option.palette.color(QPalette.ColorRole.HighlightedText) == wanted
    picture = table.viewport().grab(table.visualRect(index)).toImage()
    seen = {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}
    assert wanted.name() in seen


def test_source_marks_what_the_draft_pointed_at_shares(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = done

    def marked() -> list[str]:
        return [one.cursor.selectedText() for one in workspace.source.text.extraSelections()]

    assert "Maren Oldcastle" in marked()
    store.tab(AnswerProgress).point(Pick(draft=1, passage=2))
    settle(workspace)
    assert "Maren Oldcastle" not in marked()
    assert "built" in marked()


def test_foreign_text_is_shown_as_it_is_and_marked_in_its_place(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    found = retrieved()
    strange = "<b>🜲🜲 Oldcastle</b>\u202e back"
    passages = (replace(found.passages[0], text=strange), *found.passages[1:])
    say(answer_started(), replace(found, passages=passages), mapped(), partitioned(), finished(0))
    workspace.lanes.cards[0].picked.emit(0)
    settle(workspace)
    assert workspace.source.text.toPlainText() == "<b>🜲🜲 Oldcastle</b>⟨U+202E⟩ back"
    assert [one.cursor.selectedText() for one in workspace.source.text.extraSelections()] == ["Oldcastle"]
