"""Running methods in tests and reading what they said."""

from functools import lru_cache
from threading import Event as Flag

from engine.commands import Load, Run
from engine.events import Event, RoundFinished, Setting
from engine.session.session import Session
from engine.settings import Request


@lru_cache(maxsize=16)
def _kept(command: Load) -> Session:
    made = Session()
    list(made.do(command))
    return made


def loaded(command: Load) -> Session:
    """A session of the test's own with a pair that is read from its files once for many tests.

    What a test puts in the place of the session's target or drafter, no other test sees; their weights are shared."""
    made, kept = Session(), _kept(command)
    assert kept.models is not None
    if kept.drafter is not None:
        kept.drafter.reset()
    made.take_pair(kept.models, kept.drafter, command)
    return made


def run(session: Session, prompt: str, **settings: Setting) -> list[Event]:
    """The events of a speculative run without a baseline and without stop tokens, unless asked for."""
    chosen = {"baseline": False, "stop_at_end": False, **settings}
    return list(session.do(Run("speculative", chosen, Request(prompt)), Flag()))


def rounds(events: list[Event]) -> list[RoundFinished]:
    """The rounds among the events."""
    return [event for event in events if isinstance(event, RoundFinished)]


def emitted(events: list[Event]) -> tuple[int, ...]:
    """All emitted ids."""
    return tuple(token for one in rounds(events) for token in one.emitted)


def fates(events: list[Event]) -> list[str]:
    """The fates of all proposed tokens."""
    return [token.fate for one in rounds(events) for token in one.proposed]
