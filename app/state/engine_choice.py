"""Where the user wants the engine: on a thread of this program or in a process of its own; knows no widget."""

from PySide6.QtCore import QCoreApplication, QSettings

from app.state.store import RunStore
from engine.events import HostKind
from engine.host.chosen_host import ChosenHost
from engine.host.thread_host import Host

_KEY = "engine-host"


def tr(words: str) -> str:
    """The translation of what is told about a choice."""
    return QCoreApplication.translate("engine", words)


class EngineChoice:
    """kind: what was chosen last; kept between starts."""

    def __init__(self, store: RunStore) -> None:
        self.kind: HostKind = "thread"
        self._store = store
        self._host: ChosenHost | None = None

    def attached(self, host: Host) -> Host:
        """The host, on which the choice is to take effect if it offers one."""
        if isinstance(host, ChosenHost):
            host.choose(self.kind)
            self._host = host
        return host

    def choose(self, kind: HostKind) -> None:
        """Choose for the next run, which loads its pair anew; a run under way goes on where it is."""
        if kind == self.kind:
            return
        self.kind = kind
        if self._host is None:
            return
        self._host.choose(kind)
        self._store.commands.forget_pair()
        if kind == "process":
            self._store.tell(tr("the next run loads its models into a process of their own"))
        else:
            self._store.tell(tr("the next run loads its models into this program, on a thread"))

    def restart(self) -> None:
        """End the engine with its models; the next run starts it again and loads its pair anew.

        On a thread of this program a GPU that stopped working stays so: the engine gets a process of its own."""
        if self._host is None:
            return
        self.choose("process")
        self._host.restart()
        self._store.engine.model = None
        self._store.commands.forget_pair()
        self._store.tell(tr("the engine was restarted; the next run starts its process and loads its models"))

    def save(self, settings: QSettings) -> None:
        """Keep the choice."""
        settings.setValue(_KEY, self.kind)

    def restore(self, settings: QSettings) -> None:
        """Take up the choice of the last time, before the engine is started."""
        self.kind = "process" if settings.value(_KEY) == "process" else "thread"
