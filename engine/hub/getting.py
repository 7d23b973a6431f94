"""Gets a model: looks it up, checks the disk, downloads what is missing, checks it, and enters it into the cache.

* imports neither Qt nor torch."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from filelock import FileLock, Timeout

from engine.errors import InputError
from engine.events import Event, FileDownloaded, ModelDownloaded, Progressed
from engine.hub import describing, downloading, records
from engine.hub.describing import HubSite, RepositoryDescription
from engine.hub.downloading import Source
from engine.hub.hub_id import HubId, is_commit, parse_id
from engine.hub.records import DownloadRecord
from engine.hub.refusals import Asked, hub_errors

Say: TypeAlias = Callable[[Event], None]
_EVERY_S = 0.2
_MAIN = "main"


def look_up(site: HubSite, spec: str, revision: str, say: Say) -> None:
    """Say what a download would bring. Raises EngineError."""
    say(describing.describe(site, parse_id(spec), revision).event)


def get(site: HubSite, spec: str, revision: str, say: Say) -> None:
    """Download a model: says what it will bring, then its progress and each file, last that it is complete.

    Raises EngineError; what was downloaded until then is kept, and continued the next time."""
    wanted = parse_id(spec)
    with alone(site, wanted.repo):
        description = describing.describe(site, wanted, revision)
        say(description.event)
        if description.event.why_not:
            raise InputError(description.event.why_not, description.event.hint)
        asked = Asked(site.endpoint, wanted.repo, revision, site.cache)
        with hub_errors(asked):
            say(_downloaded(Source(site, asked, description.event.commit), description, say))


@contextmanager
def alone(site: HubSite, repo: str) -> Iterator[None]:
    """Keep other programs of ours from downloading the same model meanwhile. Raises InputError where one does."""
    path = site.cache / ".locks" / site.storage(repo).name / "draftscope.lock"
    with hub_errors(Asked(site.endpoint, repo, _MAIN, site.cache)):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout as err:
            reason = f"{repo} is being downloaded already, by another window or command"
            raise InputError(reason, "wait until that is done, or stop it there") from err
    try:
        yield
    finally:
        lock.release()


def _downloaded(source: Source, description: RepositoryDescription, say: Say) -> ModelDownloaded:
    event, wanted = description.event, description.wanted
    meter, n_fetched, files = _Meter(event.n_bytes, say), 0, []
    for file in description.files:
        n_new = downloading.download(source, file, meter.see)
        files.append(downloading.place(source, file))
        meter.finish(file.n_bytes)
        n_fetched += n_new
        say(FileDownloaded(file.name, file.n_bytes, n_new))
    if not is_commit(source.asked.revision):
        downloading.write_reference(source, source.asked.revision)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    records.remember(DownloadRecord(wanted.repo, (source.commit,), event.licence, now))
    path = files[0] if wanted.file else source.storage / "snapshots" / source.commit
    names = tuple(file.name for file in description.files)
    spec = loaded_by(wanted, source.asked.revision, path)
    return ModelDownloaded(spec, str(path), event.n_bytes, names, source.commit, event.licence, n_fetched)


def loaded_by(wanted: HubId, revision: str, path: Path) -> str:
    """The SPEC of a model in the cache: its id, or its path where the id would mean another revision or no file."""
    return wanted.repo if revision == _MAIN and not wanted.file else str(path)


class _Meter:
    """Says how much of a model is there, a few times a second."""

    def __init__(self, total: int, say: Say) -> None:
        self._total, self._say = total, say
        self._n_finished = 0
        self._began = time.monotonic()
        self._said = -_EVERY_S

    def see(self, n_bytes: int) -> None:
        """Take in how much of the current file is there."""
        now = time.monotonic() - self._began
        if now - self._said >= _EVERY_S:
            self._said = now
            self._tell(self._n_finished + n_bytes)

    def finish(self, n_bytes: int) -> None:
        """Take in that a file is complete."""
        self._n_finished += n_bytes
        self._tell(self._n_finished)

    def _tell(self, done: int) -> None:
        elapsed = time.monotonic() - self._began
        self._say(Progressed("downloading", done, self._total, "bytes", elapsed))
