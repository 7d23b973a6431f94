"""The user's choice of where the engine runs: on a thread of this program or in its own process."""

from PySide6.QtCore import QCoreApplication, QSettings

from app.state.store import RunStore
from engine.events import HostKind
from engine.host.chosen_host import ChosenHost
from engine.host.thread_host import Host

_KEY = "engine-host"


def tr(words: str) -> str:
    """Translate a message about the choice."""
    return QCoreApplication.translate("engine", words)


class EngineChoice:
    """kind: the host chosen last; kept between starts."""

    def __init__(self, store: RunStore) -> None:
        self.kind: HostKind = "thread"
        self._store = store
        self._host: ChosenHost | None = None

    def attached(self, host: Host) -> Host:
        """Return the host, set to the chosen kind if it lets one choose."""
        if isinstance(host, ChosenHost):
            host.choose(self.kind)
            self._host = host
        return host

    def choose(self, kind: HostKind) -> None:
        """Choose the host of the next run, which loads its pair again; a run under way stays where it is."""
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
        """End the engine with its models; the next run starts it again and reloads its pair.

        A GPU that stopped working never recovers within the same process, so the engine moves to its own process."""
        if self._host is None:
            return
        self.choose("process")
        self._host.restart()
        self._store.engine.model = None
        self._store.commands.forget_pair()
        self._store.tell(tr("the engine was restarted; the next run starts its process and loads its models"))

    def save(self, settings: QSettings) -> None:
        """Store the choice."""
        settings.setValue(_KEY, self.kind)

    def restore(self, settings: QSettings) -> None:
        """Restore the stored choice, before the engine starts."""
        self.kind = "process" if settings.value(_KEY) == "process" else "thread"
