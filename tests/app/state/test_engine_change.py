"""The change from one kind of host to the other with real hosts: what waits is done there, on its own pair."""

import time
from pathlib import Path

from app.state.command_queue import CommandQueue
from engine.commands import Load, Run, Train
from engine.events import EngineStarted, Event, ModelLoaded, Refused, RunFailed, RunFinished, RunStarted
from engine.host.chosen_host import ChosenHost
from engine.settings import Request

PAIR = Load("timing:tiny", "none", device="cpu")
RUN = Run("plain", {"max_new_tokens": 8}, Request("The harbour"))
# Refused at once: what a training does on its host is the concern of other tests.
TRAINING = Train("timing:tiny", "", "", {})


def answered(queue: CommandQueue, host: ChosenHost, *, most_s: float = 200.0) -> list[Event]:
    """All that is said until everything is answered."""
    said: list[Event] = []
    end = time.monotonic() + most_s
    while queue.unanswered and time.monotonic() < end:
        said.append(event := host.inbox.get(timeout=most_s))
        if isinstance(event, ModelLoaded | RunFinished | RunFailed | Refused):
            queue.answered(done=isinstance(event, ModelLoaded | RunFinished))
    return said


def test_run_that_waits_behind_a_training_follows_it_to_the_other_host_with_its_pair(tmp_path: Path) -> None:
    queue, host = CommandQueue(), ChosenHost("thread", tmp_path)
    queue.attach(host)
    for command in (PAIR, RUN, TRAINING, RUN):
        queue.ask(command)
    host.choose("process")
    queue.forget_pair()
    said = answered(queue, host)
    assert host.close()
    assert [event.host for event in said if isinstance(event, EngineStarted)] == ["thread", "process"]
    told = [type(event) for event in said if isinstance(event, ModelLoaded | RunStarted | RunFinished | Refused)]
    once = [ModelLoaded, RunStarted, RunFinished]
    assert told == [*once, Refused, *once]
    assert all(event.what == "train" for event in said if isinstance(event, Refused))
