"""What tests of the setup form do to it: load a pair, and ask without the pause before a question."""

from msgspec.structs import replace

from app.panels.setup.panel import SetupPanel
from engine.commands import Load
from engine.events import Estimated
from tests.app.factory import MODEL, PAIR

NEEDED = Estimated(32_000_000, 21_000_000, 5_000_000, 24_000_000_000, "cpu", "builtin", "builtin", 2048)


def loaded(setup, pair: Load = PAIR, **changes: object) -> SetupPanel:
    panel = setup(pair)
    setup.store.load(pair)
    setup.say(NEEDED, replace(MODEL, **changes))
    return panel


def ask(panel: SetupPanel) -> None:
    """What the pause before a question would do."""
    panel._pause.stop()
    panel._ask()
