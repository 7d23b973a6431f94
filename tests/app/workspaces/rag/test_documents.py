"""The documents that are asked: indexes made, refused, listed."""

from msgspec.structs import replace
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication

from app.choices.examples import questions
from app.panels.documents import LeftOutDialog
from app.state.indexing import IndexProgress
from app.workspaces.decode.measuring import MeasuringProgress
from engine.commands import Index, Measure
from engine.events import FileSkipped, Indexed, Progressed, Refused
from engine.machine import paths
from tests.app.answers import QUESTION
from tests.app.factory import PAIR

INDEXED = Indexed(
    "/indexes/town-1", 12, 12, 0, 0, 1, 2, 140, 140, 3, 0, 1, 0, 0, 153, 4.0, 60.0, 10**6, "builtin", False, None
)


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
    assert "1 not read so far" in workspace.setup.documents.state.text()
    say(INDEXED)
    assert workspace.setup.documents.index() == "/indexes/town-1"
    assert "12 files, 140 passages" in workspace.setup.documents.state.text()
    assert workspace.bar.ask.isEnabled()


def test_no_folder_is_indexed_and_no_question_asked_while_a_pair_is_measured(tab) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = tab
    workspace.bar.line.setText(QUESTION)
    store.tab(MeasuringProgress).begin(PAIR, Measure(gamma=4))
    say(Progressed("measuring", 1, 10, "blocks"))
    assert store.doing == "scaling"
    assert not workspace.setup.documents.folder.isEnabled()
    assert not workspace.bar.ask.isEnabled()
    say(Refused("measure", "stopped by you", "measure again"))
    assert workspace.setup.documents.folder.isEnabled()
    assert workspace.bar.ask.isEnabled()


def test_foreign_documents_with_built_in_models_are_warned_of_before_asking(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    foreign, place = workspace.verdict.foreign, workspace.lanes.mapTo(workspace, QPoint())
    assert foreign.isHidden()
    workspace.setup.documents.choose("/indexes/licences")
    assert "know only the shipped documents" in foreign.text() and foreign.isVisible()
    QApplication.processEvents()
    assert workspace.lanes.mapTo(workspace, QPoint()) == place  # nothing moved
    workspace.setup.models.choose("/models/large", "/models/small")
    assert foreign.isHidden()
    workspace.setup.models.choose("builtin", "builtin:rag")
    workspace.setup.documents.choose("builtin")
    assert foreign.isHidden() and workspace.verdict.models.isVisible()


def test_an_example_brings_the_documents_that_it_is_about(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    for example in (questions()[-1], questions()[0]):
        workspace.bar._ask_example(example)
        assert (workspace.bar.text(), workspace.setup.documents.index()) == (example.prompt, example.documents)
    assert [example.documents for example in (questions()[0], questions()[-1])] == ["builtin:pages", "builtin"]


def test_what_was_left_out_is_listed_with_its_reason(tab, qtbot) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = tab
    workspace.make_index("/docs/town")
    skipped = FileSkipped("<b>a</b>.pdf", "is encrypted"), FileSkipped("b.pdf", "page 2: cannot be read", part=True)
    say(*skipped, replace(INDEXED, n_partly=1, n_unread=1, n_other=3, other_kinds=((".png", 3),)))
    assert workspace.setup.documents.left_out.isVisible()
    assert "1 not read; 1 read in part; 3 of other kinds" in workspace.setup.documents.state.text()
    dialog = LeftOutDialog(store.tab(IndexProgress).skipped, 2, ((".png", 3),), workspace)
    qtbot.addWidget(dialog)
    assert dialog.text.toPlainText().split("\n\n") == [
        "Not read\n    <b>a</b>.pdf: is encrypted",
        "Read in part; the rest of each file is in the index\n    b.pdf: page 2: cannot be read",
        "Kinds of files that hold no documents\n    .png: 3 files",
    ]


def test_a_text_dropped_on_this_tab_is_a_document_and_says_so(tab, tmp_path, qtbot) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, _say = tab
    (tmp_path / "notes.txt").write_text("The harbour is closed.")
    assert workspace.take_text(tmp_path / "notes.txt") and not workspace.take_text(tmp_path / "run.jsonl")
    qtbot.waitUntil(lambda: store.tab(IndexProgress).dropped is not None)
    assert "notes.txt is made searchable" in store.told
    workspace.newly_opened()
    qtbot.waitUntil(lambda: any(isinstance(command, Index) for command in host.submitted))


def test_a_refused_index_says_so_and_the_window_goes_on(tab) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = tab
    workspace.make_index("/docs/town")
    say(Refused("index", "the folder is empty", "choose another"))
    assert store.trouble is not None and "empty" in store.trouble.message
    assert "was not made" in workspace.setup.documents.state.text()
    assert not store.tab(IndexProgress).live
    assert workspace.bar.ask.isEnabled()


def test_the_line_below_the_documents_speaks_of_the_chosen_index_alone(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = tab
    documents = workspace.setup.documents
    documents.choose("/indexes/other")
    workspace.make_index("/docs/town")
    say(FileSkipped("a.pdf", "is encrypted"), INDEXED)
    assert "140 passages" in documents.state.text()
    assert documents.left_out.isVisible()
    documents.choose("/indexes/other")
    assert "140" not in documents.state.text()
    assert not documents.left_out.isVisible()
    documents.choose("builtin")
    assert documents.state.text() == "choose a folder to ask your own documents"
    documents.choose("/indexes/town-1")
    assert "140 passages" in documents.state.text()
    workspace.make_index("/docs/river")
    say(Refused("index", "the folder is empty", "choose another"))
    assert "was not made" in documents.state.text()
    documents.choose("/indexes/other")
    assert "was not made" not in documents.state.text()
