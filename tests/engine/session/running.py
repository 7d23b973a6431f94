"""Running methods in tests and reading what they said."""

from threading import Event as Flag

from engine.commands import Run
from engine.events import Event, RoundFinished, Setting
from engine.session.session import Session
from engine.settings import Request


def sharing(other: Session) -> Session:
    """A session of its own with the pair that another has loaded: what a test changes in it, no other test sees."""
    assert other.models is not None and other.loaded is not None
    if other.drafter is not None:
        other.drafter.reset()
    made = Session()
    made.take_pair(other.models, other.drafter, other.loaded)
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
