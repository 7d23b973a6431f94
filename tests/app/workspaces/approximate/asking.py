"""What the Approximate tab asked the engine for."""

from engine.commands import Command, Survey
from engine.events import Refused
from tests.app.served import TalkingTab


def asked(tab: TalkingTab) -> Command:
    """The last command that the engine was given; the setup's questions on models are turned away first."""
    while isinstance(tab.host.submitted[-1], Survey):
        tab.say(Refused("survey", "not now", "ask again"))
        if isinstance(tab.host.submitted[-1], Survey) and tab.store.commands.front is None:
            break
    return tab.host.submitted[-1]
