"""Pools made from a user's questions: what ends right is kept, answered once, and found again."""

import json
from pathlib import Path
from threading import Event as Flag

import pytest
import torch

from engine.errors import InputError
from engine.evaluation import demonstrations
from engine.evaluation.demonstrations import PoolMaker
from engine.evaluation.pool_file import PoolContent, PoolFile
from engine.events import Event, Progressed, Warned
from engine.rag.demonstration_pool import DemonstrationPool, PoolRequest
from tests.library import TEXTS
from tests.scaling import ANSWER, BRIDGE, session, told

ASKED = (
    (BRIDGE, ANSWER),
    ("When was the feast of Helrise?", "1535"),
    ("When was the feast of Tordun?", "an answer that nobody gives"),
)


@pytest.fixture
def request_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PoolRequest:
    monkeypatch.setattr("engine.machine.paths.user_cache", lambda: tmp_path)
    rows = [{"question": question, "answer": answer, "documents": TEXTS} for question, answer in ASKED]
    file = tmp_path / "asked.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return PoolRequest(str(file), "builtin", 3, "hybrid", True, 3, 2)


@torch.inference_mode()
def made(request: PoolRequest, maker: PoolMaker | None = None) -> tuple[list[Event], DemonstrationPool]:
    return told((maker or PoolMaker(session())).pool(request, session().context(Flag())))


def test_what_ends_right_is_kept_with_its_steps_and_documents_and_nothing_is_answered_twice(
    request_of: PoolRequest,
) -> None:
    maker = PoolMaker(session())
    events, pool = made(request_of, maker)
    assert [ANSWER in pool.members[0].answer, pool.members[1].answer] == [True, "1535"]
    assert pool.members[0].steps[0][1] and len(pool.members[0].documents) == 3
    assert (pool.n_tried, pool.n_reused) == (3, 0)
    assert sum(isinstance(event, Progressed) and event.phase == "measuring" for event in events) == 3
    in_memory, on_disk = made(request_of, maker)[1], made(request_of)[1]
    assert in_memory.members == on_disk.members == pool.members
    assert (on_disk.n_tried, on_disk.n_reused) == (3, 3)


def test_for_drag_the_known_answers_are_shown(request_of: PoolRequest) -> None:
    _, pool = made(request_of._replace(steps=False))
    assert [(member.answer, member.steps) for member in pool.members] == [(answer, ()) for _, answer in ASKED]
    assert all(len(member.documents) == 3 for member in pool.members)


def test_a_pool_that_another_program_makes_is_waited_for(
    request_of: PoolRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: list[PoolFile] = []

    def made_elsewhere(content: PoolContent) -> PoolFile:
        if others:
            others[0].close()
        else:
            others.append(PoolFile(content))
        return PoolFile(content)

    monkeypatch.setattr(demonstrations, "PoolFile", made_elsewhere)
    events, pool = made(request_of._replace(steps=False))
    assert len(pool.members) == 3
    [warned] = [event for event in events if isinstance(event, Warned)]
    assert "made by another program" in warned.message
    assert sum(isinstance(event, Progressed) and event.phase == "waiting" for event in events) == 1


def test_a_file_that_is_not_there_is_refused(request_of: PoolRequest) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        made(request_of._replace(source="nowhere.jsonl"))
