"""The documents that are asked: indexes made, refused, listed."""

from app.choices.examples import questions
from app.workspaces.decode.measuring import MeasuringProgress
from app.workspaces.rag.documents import LeftOutDialog
from app.workspaces.rag.indexing import IndexProgress
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
    assert "1 left out so far" in workspace.setup.documents.state.text()
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
    assert workspace.foreign.isHidden()
    workspace.setup.documents.choose("/indexes/licences")
    assert "know only the shipped documents" in workspace.foreign.text() and workspace.foreign.isVisible()
    workspace.setup.models.choose("/models/large", "/models/small")
    assert workspace.foreign.isHidden()
    workspace.setup.models.choose("builtin", "builtin:rag")
    workspace.setup.documents.choose("builtin")
    assert workspace.foreign.isHidden()


def test_an_example_brings_the_documents_that_it_is_about(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = tab
    for example in (questions()[-1], questions()[0]):
        workspace.bar._ask_example(example)
        assert (workspace.bar.text(), workspace.setup.documents.index()) == (example.prompt, example.documents)
    assert [example.documents for example in (questions()[0], questions()[-1])] == ["builtin:pages", "builtin"]


def test_what_was_left_out_is_listed_with_its_reason(tab, qtbot) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = tab
    workspace.make_index("/docs/town")
    say(FileSkipped("<b>a</b>.pdf", "is encrypted"), INDEXED)
    assert workspace.setup.documents.left_out.isVisible()
    dialog = LeftOutDialog(store.tab(IndexProgress).skipped, 1, workspace)
    qtbot.addWidget(dialog)
    assert dialog.text.toPlainText() == "<b>a</b>.pdf: is encrypted"


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
