"""Answers that were stopped, failed, replayed or kept, or came from a broken file."""

from msgspec.structs import replace

from app.words import same_answer
from app.workspaces.rag.answers import AnswerProgress
from engine.events import CandidateScored, DraftFinished, RunFailed, RunFinished, VerifierTested
from engine.events.answers import Point
from tests.app.answers import (
    RATIONALES,
    answer_started,
    answered,
    drafting,
    finished,
    mapped,
    partitioned,
    retrieved,
    whole_answer,
)
from tests.app.workspaces.rag.tab import settle


def test_a_stopped_answer_keeps_what_was_drafted(asked) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = asked
    say(*drafting())
    workspace.bar.stop.click()
    assert host.n_cancelled
    say(RunFinished("cancelled", 0))
    assert workspace.lanes.cards[0].text.toPlainText().startswith(RATIONALES[0])
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
    store.tab(AnswerProgress).replay.seek(len(whole_answer()))
    settle(workspace)
    assert workspace.verdict.answer_line.text() == "Maren Oldcastle"


def test_answers_of_the_session_can_be_shown_again(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = done
    workspace.bar.ask.click()
    say(answer_started("second", question="Why?"), RunFinished("cancelled", 0))
    store.tab(AnswerProgress).show_record(store.tab(AnswerProgress).history.records[0])
    settle(workspace)
    assert workspace.verdict.answer_line.text() == "Maren Oldcastle"


def test_only_the_newest_answers_are_kept(asked) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = asked
    say(*whole_answer())
    for number in range(30):
        store.tab(AnswerProgress).history.begin(live=False).add(answer_started(f"r{number}"))
    assert len(store.tab(AnswerProgress).history.records) == 24
    settle(workspace)


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


def test_no_answer_is_said_and_saves_no_time(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    chosen, *_others = answered()
    nothing = replace(chosen, answer=None, rationale=None, winner=None, margin=None)
    say(answer_started(), retrieved(), mapped(), partitioned(), nothing, *answered()[1:])
    assert workspace.verdict.answer_line.text() == "no answer: no draft came to a response"
    assert "%" not in workspace.verdict.times.text()
    assert workspace.verdict.same.text() == ""
    assert workspace.systems.table.item(0, 1).text() == "no answer"
    assert "%" not in workspace.systems.table.item(0, 2).text()
    assert same_answer.same(None, None) is same_answer.same("", "") is False


def test_an_answer_names_its_models_and_whether_the_verifier_can_judge(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    started = replace(answer_started(), target="/models/big-instruct/", drafter="org/small")
    say(started, VerifierTested("/models/big-instruct/", 9, 10, 0.7, can_judge=True))
    assert workspace.verdict.models.text() == "drafts by small, chosen by big-instruct"
    assert workspace.verdict.verifier.text() == "verifier: 9 of 10 test cases right"
    say(VerifierTested("/models/big-instruct/", 5, 10, 0.031, can_judge=False))
    assert workspace.verdict.verifier.text().startswith("✗ this verifier cannot judge: 5 of 10 test cases right")
    assert "3%" in workspace.verdict.verifier.text()
