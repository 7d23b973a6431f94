"""The RAG tab: what it asks, what its panels show, what is linked."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTableWidget,
)

from app.answer_desk import Pick
from app.main_window import MainWindow
from app.panels.rag.documents import LeftOutDialog
from app.panels.rag.prompts import readable
from app.panels.rag.score_bars import lowest
from app.store import RunStore
from app.workspaces.rag import RagWorkspace
from engine import paths
from engine.answer_events import Point, PromptPart
from engine.commands import Index, Load, Measure, Run
from engine.events import (
    CandidateScored,
    DraftFinished,
    FileSkipped,
    Indexed,
    Progressed,
    PromptRead,
    Refused,
    RunFailed,
    RunFinished,
    TokensEmitted,
)
from engine.method import Request
from engine.trace import TraceWriter
from tests.app.answers import (
    CITED,
    QUESTION,
    RATIONALES,
    SUBSETS,
    TEXTS,
    answer_started,
    answered,
    drafting,
    finished,
    mapped,
    partitioned,
    prompt,
    retrieved,
    scored,
    whole_answer,
)
from tests.app.factory import MODEL, PAIR, FakeHost, whole_run

INDEXED = Indexed(
    "/indexes/town-1", 12, 12, 0, 0, 1, 2, 140, 140, 3, 0, 1, 0, 0, 153, 4.0, 60.0, 10**6, "builtin", False, None
)


@pytest.fixture
def tab(qtbot):  # type: ignore[no-untyped-def]
    """A store with an engine, the RAG tab on it, and a way to make the engine say something."""
    store, host = RunStore(), FakeHost()
    store.attach(host)
    store.load(PAIR)
    workspace = RagWorkspace(store, PAIR)
    qtbot.addWidget(workspace)
    workspace.resize(1500, 900)
    workspace.show()

    def say(*events) -> None:  # type: ignore[no-untyped-def]
        host.say(*events)
        store.pump()
        while not host.inbox.empty():
            store.pump()
        settle(workspace)

    say(MODEL)
    yield store, host, workspace, say
    workspace.close()
    store.close()


def settle(workspace: RagWorkspace) -> None:
    """Bring every panel up to the store, visible or not."""
    for panel in (
        workspace.bar, workspace.setup, workspace.setup.documents, workspace.map, workspace.passages, workspace.source,
        workspace.verdict, workspace.lanes, workspace.systems, workspace.prompts, workspace.evaluation,
        workspace.calibration, workspace.error,
    ):  # fmt: skip
        panel.refresh()
        while panel.behind:
            panel.refresh()
    while workspace.lanes.drawing:
        workspace.lanes._draw_some()


@pytest.fixture
def asked(tab):  # type: ignore[no-untyped-def]
    """The same, with a question that the engine has."""
    store, host, workspace, say = tab
    workspace.bar.line.setText(QUESTION)
    workspace.bar.ask.click()
    say(replace(MODEL, drafter="builtin:rag"))
    yield store, host, workspace, say


@pytest.fixture
def done(asked):  # type: ignore[no-untyped-def]
    """The same, with the whole answer."""
    _store, _host, _workspace, say = asked
    say(*whole_answer())
    yield asked


def column(workspace: RagWorkspace, number: int) -> list[str]:
    table = workspace.passages.table
    return [table.item(row, number).text() for row in range(table.rowCount())]


# Asking


def test_ask_hands_over_question_settings_and_the_drafter_taught_for_it(tab) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, say = tab
    workspace.bar.line.setText("  Who?  ")
    workspace.setup.form.set_values({"k": 3, "n": 12})
    workspace.bar.ask.click()
    say(replace(MODEL, drafter="builtin:rag"))
    load, run = host.submitted[-2:]
    assert isinstance(load, Load) and load.drafter == "builtin:rag"
    assert isinstance(run, Run) and run.method == "speculative_rag"
    assert run.request.prompt == "Who?"
    assert (run.settings["index"], run.settings["k"], run.settings["n"]) == ("builtin", 3, 12)


def test_nothing_can_be_asked_without_a_question(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    workspace.bar.line.setText("   ")
    assert not workspace.bar.ask.isEnabled()


@pytest.mark.parametrize("drafter", ["none", "lookup:2"])
def test_a_drafter_that_is_no_model_is_refused_with_the_way_out(tab, drafter: str) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    workspace.setup.models.choose("builtin", drafter)
    assert not workspace.bar.ask.isEnabled()
    assert "builtin:rag" in workspace.bar.ask.toolTip()


def test_return_asks_and_one_question_is_enough(tab) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = tab
    workspace.bar.line.setText("Who?")
    QTest.keyClick(workspace.bar.line, Qt.Key.Key_Return)
    say()
    assert store.commands.has_run
    assert not workspace.bar.ask.isEnabled()
    assert workspace.bar.stop.isEnabled()


def test_presets_set_what_they_stand_for_and_are_named_again(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    setup = workspace.setup
    assert setup.preset.currentData() == "paper"
    setup.preset.activated.emit(setup.preset.findData("musique"))
    settings = setup.settings()
    assert (settings["n"], settings["m"], settings["k"]) == (15, 10, 6)
    setup.form.set_values({"k": 4})
    assert setup.preset.currentData() == ""


def test_rare_settings_are_folded_and_still_handed_over(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    assert not workspace.setup.rare.isVisible()
    workspace.setup.more.click()
    assert workspace.setup.rare.isVisible()
    workspace.setup.rare.set_values({"verdict_temperature": 1.5})
    assert workspace.setup.settings()["verdict_temperature"] == 1.5


def test_choices_come_back_at_the_next_start(tab, qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = tab
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    workspace.setup.form.set_values({"m": 7})
    workspace.setup.documents.choose("/indexes/mine")
    workspace.bar.line.setText("Why?")
    workspace.save(settings)
    other = RagWorkspace(store, PAIR)
    qtbot.addWidget(other)
    other.restore(settings)
    assert other.setup.settings()["m"] == 7
    assert other.setup.documents.index() == "/indexes/mine"
    assert other.bar.text() == "Why?"


# Documents


def test_a_folder_is_indexed_for_the_target_and_then_asked(tab) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = tab
    workspace.setup.documents.folder_asked.emit("/docs/town")
    command = host.submitted[-1]
    assert isinstance(command, Index)
    assert (command.sources, command.target, command.n) == (("/docs/town",), "builtin", 10)
    assert command.index == paths.own_index(["/docs/town"])
    say(Progressed("embedding", 5, 10, "passages"), FileSkipped("a.pdf", "is encrypted"))
    assert store.doing == "indexing"
    assert not workspace.bar.ask.isEnabled()
    assert "1 left out so far" in workspace.setup.documents.state.text()
    say(INDEXED)
    assert workspace.setup.documents.index() == "/indexes/town-1"
    assert "12 files, 140 passages" in workspace.setup.documents.state.text()
    assert workspace.bar.ask.isEnabled()


def test_no_folder_is_indexed_and_no_question_asked_while_a_pair_is_measured(tab) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = tab
    workspace.bar.line.setText(QUESTION)
    store.measure(PAIR, Measure(gamma=4))
    say(Progressed("measuring", 1, 10, "blocks"))
    assert store.doing == "scaling"
    assert not workspace.setup.documents.folder.isEnabled()
    assert not workspace.bar.ask.isEnabled()
    say(Refused("measure", "stopped by you", "measure again"))
    assert workspace.setup.documents.folder.isEnabled()
    assert workspace.bar.ask.isEnabled()


def test_what_was_left_out_is_listed_with_its_reason(tab, qtbot) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = tab
    workspace.make_index("/docs/town")
    say(FileSkipped("<b>a</b>.pdf", "is encrypted"), INDEXED)
    assert workspace.setup.documents.left_out.isVisible()
    dialog = LeftOutDialog(store.indexing.skipped, 1, workspace)
    qtbot.addWidget(dialog)
    assert dialog.text.toPlainText() == "<b>a</b>.pdf: is encrypted"


def test_a_refused_index_says_so_and_the_window_goes_on(tab) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = tab
    workspace.make_index("/docs/town")
    say(Refused("index", "the folder is empty", "choose another"))
    assert store.trouble is not None and "empty" in store.trouble.message
    assert "was not made" in workspace.setup.documents.state.text()
    assert not store.indexing.live
    assert workspace.bar.ask.isEnabled()


# What is shown


def test_empty_panels_say_what_will_appear(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    assert workspace.map.words.isVisible()
    assert workspace.lanes.empty.isVisible()
    assert "appear" in workspace.passages.title.text()
    assert "appears here" in workspace.systems.phases.text()
    assert "will stand here" in workspace.verdict.answer_line.text()


def test_answers_stay_out_of_the_runs_of_decode(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, _workspace, say = done
    assert store.shelf.records == []
    assert len(store.answers.shelf.records) == 1
    assert "answered in 171 ms: Maren Oldcastle" in store.told
    store.run(PAIR, Run("speculative", {}, Request("Once")))
    say(MODEL, *whole_run())
    assert len(store.shelf.records) == 1
    assert len(store.answers.shelf.records) == 1


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
    assert store.answers.pick.passage == 7
    assert workspace.passages.table.currentRow() == 7
    assert workspace.source.text.toPlainText() == TEXTS[7][1]
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    assert store.answers.pick.passage == 8


def test_a_row_of_the_table_is_followed_by_map_and_text(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = done
    workspace.passages.table.selectRow(2)
    settle(workspace)
    assert store.answers.pick == Pick(None, 2)
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


def test_source_marks_what_the_draft_pointed_at_shares(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = done

    def marked() -> list[str]:
        return [one.cursor.selectedText() for one in workspace.source.text.extraSelections()]

    assert "Maren Oldcastle" in marked()
    store.pick(Pick(draft=1, passage=2))
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


# Drafts


def test_lanes_grow_word_by_word(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    events = drafting()
    say(*events[:-20])
    before = [card.text.toPlainText() for card in workspace.lanes.cards]
    say(*events[-20:])
    after = [card.text.toPlainText() for card in workspace.lanes.cards]
    assert after == list(RATIONALES)
    assert all(late.startswith(early) for early, late in zip(before, after, strict=True))


def test_a_finished_draft_shows_rationale_response_and_what_it_rests_on(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    card = workspace.lanes.cards[0]
    assert card.text.toPlainText() == RATIONALES[0]
    assert card.response.text() == "Maren Oldcastle"
    assert card.members.accessibleName() == "passages [1] [2]"
    assert workspace.lanes.cards[1].members.accessibleName() == "passages [3] 6"


def test_the_winner_has_a_star_and_its_margin(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    cards = workspace.lanes.cards
    assert [card.state.text() for card in cards] == ["★", "", "", "", "✗"]
    assert cards[0].note.text() == "chosen: 2.15× draft 4"


def test_an_incomplete_draft_says_why(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    assert "96 tokens before a response" in workspace.lanes.cards[4].note.text()


def test_bars_of_all_drafts_share_a_scale(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    said = [card.bars.accessibleDescription() for card in workspace.lanes.cards]
    assert said[0].startswith("draft 0.83, contained 4·10⁻⁵, reflection 0.97, product 3·10⁻⁵")
    assert said[4] == ""
    assert lowest([-1.0, float("-inf")]) < -1.0
    assert lowest([]) < 0


def test_scores_that_are_not_the_papers_are_named(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    assert "mean log P -0.31" in workspace.lanes.cards[1].note.text()


def test_a_click_on_a_card_is_followed_by_map_and_text(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = done
    QTest.mouseClick(workspace.lanes.cards[2], Qt.MouseButton.LeftButton)
    settle(workspace)
    assert store.answers.pick.draft == 2
    assert workspace.passages.table.currentRow() == CITED[2][0]
    QTest.keyClick(workspace.lanes.cards[3], Qt.Key.Key_Space)
    assert store.answers.pick.draft == 3


def test_a_draft_kept_from_before_says_so(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    say(answer_started(), retrieved(), mapped(), partitioned(), replace(finished(1), reused=True))
    assert "kept from before" in workspace.lanes.cards[1].note.text()


def test_cards_stand_in_rows_of_equal_length(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    tops = {card.geometry().top() for card in workspace.lanes.cards}
    assert len(tops) == 2
    assert all(card.text.height() > 0 for card in workspace.lanes.cards)


def test_the_next_question_begins_with_empty_cards(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = done
    workspace.bar.ask.click()
    say(*drafting()[:4])
    assert store.answers.pick == Pick()
    assert [card.text.toPlainText() for card in workspace.lanes.cards] == [""] * 5
    assert workspace.prompts.list.count() == 0
    assert workspace.systems.table.rowCount() == 0


# Systems, prompts


def test_verdict_sets_measured_times_side_by_side(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    assert workspace.verdict.answer_line.text() == "Maren Oldcastle"
    assert workspace.verdict.times.text() == "Speculative RAG 171 ms (−58 %) · standard RAG 412 ms"
    assert workspace.verdict.same.text() == "same answer ✓"


def test_systems_are_compared_with_standard_rag(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    table = workspace.systems.table
    rows = [[table.item(row, i).text() for i in range(table.columnCount())] for row in range(table.rowCount())]
    assert rows[0][:3] == ["Speculative RAG", "✓ Maren Oldcastle", "171 ms (−58 %)"]
    assert rows[1] == ["standard RAG", "Maren Oldcastle.", "412 ms", "360 ms", "355 + 57.0 ms", "640 + 0"]
    assert rows[2][1] == "✗ Jorold"
    assert rows[0][-1] == "305 + 628"
    assert "measured 171 ms" in workspace.systems.formula.text()
    assert "drafting 88.0 ms" in workspace.systems.phases.text()


def test_prompts_are_what_each_model_read_with_tokens_counted(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    panel = workspace.prompts
    assert panel.list.count() == 6
    assert panel.list.item(0).text() == "drafter: draft 1, 83 tokens"
    assert panel.list.item(5).text() == "target: standard RAG, 83 tokens"
    assert panel.text.toPlainText() == prompt(0).text
    assert panel.parts.text() == "83 tokens: task 9 · question 10 · documents 52 · layout 12"
    tinted = [one.cursor.selectedText() for one in panel.text.extraSelections()]
    assert tinted[1] == f" {QUESTION}"


def test_a_prompt_that_was_cut_says_so(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    say(answer_started(), replace(prompt(0), note="2 passages cut to fit"))
    assert "2 passages cut to fit" in workspace.prompts.parts.text()


def test_parts_lie_where_they_are_shown_also_behind_what_is_made_visible() -> None:
    made = PromptRead("target", "x", None, "a\u202eb cd", prompt().parts[:0], 3)
    shown, parts = readable(replace(made, parts=(PromptPart("first", 0, 3, 1), PromptPart("last", 4, 6, 2))))
    assert shown == "a⟨U+202E⟩b cd"
    assert [shown[part.start : part.end] for part in parts] == ["a⟨U+202E⟩b", "cd"]


# Stop, failure, replay


def test_a_stopped_answer_keeps_what_was_drafted(asked) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = asked
    say(*drafting())
    workspace.bar.stop.click()
    assert host.n_cancelled
    say(RunFinished("cancelled", 0))
    assert workspace.lanes.cards[0].text.toPlainText() == RATIONALES[0]
    assert "kept" in store.told
    assert workspace.bar.ask.isEnabled()


def test_a_failed_answer_says_so_in_the_bar(asked) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = asked
    say(answer_started(), RunFailed("the question is longer than the context", "ask a shorter one"))
    assert store.trouble is not None
    assert workspace.error.frame.isVisible()
    assert "longer than the context" in workspace.verdict.answer_line.text()
    assert workspace.bar.ask.isEnabled()


def test_an_answer_is_replayed_from_the_passages_on(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = done
    workspace.bar.toggle()
    settle(workspace)
    assert store.playing
    assert workspace.verdict.times.text() == ""
    workspace.bar.toggle()
    assert not store.playing
    store.answers.replay.seek(len(whole_answer()))
    settle(workspace)
    assert workspace.verdict.answer_line.text() == "Maren Oldcastle"


def test_answers_of_the_session_can_be_shown_again(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = done
    workspace.bar.ask.click()
    say(answer_started("second", question="Why?"), RunFinished("cancelled", 0))
    store.show_answer(store.answers.shelf.records[0])
    settle(workspace)
    assert workspace.verdict.answer_line.text() == "Maren Oldcastle"


def test_only_the_newest_answers_are_kept(asked) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = asked
    say(*whole_answer())
    for number in range(30):
        store.answers.shelf.begin(live=False).add(answer_started(f"r{number}"))
    assert len(store.answers.shelf.records) == 24
    settle(workspace)


# The window


@pytest.fixture
def window(qtbot):  # type: ignore[no-untyped-def]
    made = MainWindow(PAIR, None, make_host=None)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()


def test_a_saved_answer_opens_in_the_rag_tab(window, qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "trace.jsonl"
    writer = TraceWriter(path)
    for event in whole_answer():
        writer.write(event)
    writer.close()
    window.store.open_trace(path)
    qtbot.waitUntil(lambda: window.store.answers.shelf.shown is not None and window.rag.up_to_date)
    assert window._tabs.currentWidget() is window.rag
    assert window.rag.bar.text() == QUESTION
    assert window.rag.setup.settings()["k"] == 3
    assert window.rag.setup.opened.isVisible()
    assert window.store.shelf.shown is None
    window.rag.setup.opened.back.click()
    assert window.rag.setup.settings()["k"] == 2


def test_save_writes_the_answer_while_the_rag_tab_is_in_front(window, qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    record = window.store.answers.shelf.begin(live=False)
    record.add_all(whole_answer())
    window.show_workspace("rag")
    window.store.save_trace(tmp_path / "a.jsonl", window._shown())
    qtbot.waitUntil(lambda: (tmp_path / "a.jsonl").exists() and not window.store.reading)
    assert (tmp_path / "a.jsonl").read_bytes().count(b"\n") == len(whole_answer())


def test_every_control_has_a_name_and_no_label_takes_markup(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    for label in workspace.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText or not label.text(), label.text()
    for kind in (QLineEdit, QPlainTextEdit, QTableWidget):
        for widget in workspace.findChildren(kind):
            inner = isinstance(widget.parentWidget(), QComboBox | QAbstractSpinBox)
            assert inner or widget.accessibleName(), widget
    for button in workspace.findChildren(QAbstractButton):
        assert button.text() or button.accessibleName() or button.metaObject().className().startswith("Q"), button


def test_twenty_long_drafts_are_all_shown(asked) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = asked
    many = replace(partitioned(), subsets=tuple((i % 10, (i + 1) % 10) for i in range(20)), m=20)
    say(answer_started(), retrieved(), mapped(), many)
    for place in range(400):
        for lane in range(20):
            store.take(TokensEmitted(f"draft {lane}", (place,), f" w{place}"))
        if place % 40 == 0:
            settle(workspace)
    settle(workspace)
    assert len(workspace.lanes.cards) == 20
    say(*(DraftFinished(i, "why", "what", -1.0, -1.0, 10, 400, (), True) for i in range(10)))
    for card in workspace.lanes.cards:
        workspace.lanes.area.ensureWidgetVisible(card)
        settle(workspace)
        assert card.response.text() == ("what" if card.number < 10 else "")
        assert card.text.toPlainText().endswith("why" if card.number < 10 else " w399")


def test_scores_may_come_before_the_last_draft_is_done(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    say(*drafting(), finished(0), scored(0))
    assert workspace.lanes.cards[0].note.text() == "mean log P -0.31"
    say(*answered())
    assert workspace.lanes.cards[0].state.text() == "★"


def test_a_broken_file_breaks_no_panel(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    far = Point(1e308, -1e308)
    say(
        answer_started(),
        DraftFinished(3, "before", "its subset", -1.0, -1.0, 1, 1, (), True),
        retrieved(),
        replace(mapped(), passages=(*mapped().passages[:4], far), question=far),
        replace(partitioned(), clusters=(0, -7, 10**9), subsets=((0, -1), (99, 3), ())),
        replace(finished(0), cited=(-5, 999)),
        DraftFinished(10**9, "no such", "draft", -1.0, -1.0, 1, 1, (), True),
        CandidateScored(0, 1e308, -1e308, float("-inf"), -1e308, 0),
        replace(answered()[0], winner=77, margin=1e308),  # type: ignore[type-var]
        RunFinished("end_of_text", 0),
    )
    for number in range(3):
        workspace.lanes.cards[number].picked.emit(number)
        settle(workspace)
    workspace.passages.table.selectRow(9)
    settle(workspace)
    assert len(workspace.lanes.cards) == 3
    assert workspace.verdict.answer_line.text() == "Maren Oldcastle"


def test_step_starts_no_hidden_run_from_the_rag_tab(window) -> None:  # type: ignore[no-untyped-def]
    assert window._menus.actions["step"].isEnabled()
    window.show_workspace("rag")
    assert not window._menus.actions["step"].isEnabled()
