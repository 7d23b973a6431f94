"""Downloads one file of a model, continues an interrupted download, and checks the result against the hub's checksum.

* imports neither Qt nor torch."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

import httpx2
from huggingface_hub import get_session, hf_hub_download, hf_hub_url
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

from engine.errors import EngineError, ModelError
from engine.hub import refusals
from engine.hub.describing import HubSite, RemoteFile, partial_file
from engine.hub.refusals import Asked

# Bytes of a file that are there: downloaded, or read while they are checked.
Report: TypeAlias = Callable[[int], None]
_CHUNK_BYTES = 2**18
_SILENCE_S = 30.0
_PAUSES_S = (1.0, 2.0, 4.0, 8.0)
_PARTIAL, _OUT_OF_RANGE = 206, 416


class Source(NamedTuple):
    """A commit of a model on a hub."""

    site: HubSite
    asked: Asked
    commit: str

    @property
    def storage(self) -> Path:
        """Its folder in the cache."""
        return self.site.storage(self.asked.repo)


def download(source: Source, file: RemoteFile, report: Report) -> int:
    """Download what is missing of a file into the cache; returns how many bytes that was.

    Raises EngineError: the hub cannot be reached for good, the disk is full, the checksum is wrong; except for the
    last, what was downloaded is kept and continued the next time."""
    blob, partial = source.storage / "blobs" / file.checksum, partial_file(source.storage, file)
    if blob.exists():
        return 0
    partial.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("ab") as target:
        n_kept = _kept(target, file)
        report(n_kept)
        n_bytes = _complete(source, file, target, report)
    _verify(file, partial)
    partial.replace(blob)
    return n_bytes - n_kept


def place(source: Source, file: RemoteFile) -> Path:
    """Enter a downloaded file into the snapshot of its commit, as the hub's own client does; returns its path there."""
    asked = source.asked
    path = Path(
        hf_hub_download(
            asked.repo, file.name, revision=source.commit, cache_dir=source.site.cache, endpoint=asked.endpoint
        )
    )
    blob = source.storage / "blobs" / file.checksum
    if not (blob.exists() and path.samefile(blob)):  # a disk without links holds a copy
        _verify(file, path)
    return path


def _kept(target: BinaryIO, file: RemoteFile) -> int:
    """Bytes left by an interrupted download; more than the file has belong to something else and are dropped."""
    if target.tell() > file.n_bytes:
        target.truncate(0)
        target.seek(0)
    return target.tell()


def _complete(source: Source, file: RemoteFile, target: BinaryIO, report: Report) -> int:
    """Append until the file is complete, over interruptions; gives up after several without a byte between them."""
    pauses = iter(_PAUSES_S)
    while (n_before := target.tell()) < file.n_bytes:
        try:
            _append(source, file, target, report)
        except httpx2.TransportError as err:
            failure: Exception = err
        else:
            failure = ConnectionError("it ended the connection")
        if target.tell() >= file.n_bytes:
            break
        if target.tell() > n_before:
            pauses = iter(_PAUSES_S)
        if (pause := next(pauses, None)) is None:
            raise refusals.unreachable(failure, source.asked) from failure
        time.sleep(pause)
    return target.tell()


def _append(source: Source, file: RemoteFile, target: BinaryIO, report: Report) -> None:
    """Ask for the rest of a file and append it; a server that sends the whole file instead is read from the start."""
    url = hf_hub_url(source.asked.repo, file.name, revision=source.commit, endpoint=source.asked.endpoint)
    # The client drops the token where the hub sends it on to another host.
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if n_kept := target.tell():
        headers["Range"] = f"bytes={n_kept}-"
    with get_session().stream("GET", url, headers=headers, timeout=_SILENCE_S) as response:
        if response.status_code == _OUT_OF_RANGE:
            raise ModelError(f"{file.name} changed while it was downloaded", "look the model up again")
        hf_raise_for_status(response)
        if n_kept and response.status_code != _PARTIAL:
            target.truncate(0)
            target.seek(0)
        for chunk in response.iter_bytes():
            _write(target, chunk, file)
            report(target.tell())


def _write(target: BinaryIO, chunk: bytes, file: RemoteFile) -> None:
    """Append a chunk. Raises ModelError where more comes than the file has: it cannot be the right one."""
    if target.tell() + len(chunk) > file.n_bytes:
        target.truncate(0)
        target.seek(0)
        raise ModelError(f"{file.name} is longer than the hub states; it was deleted", "get it again")
    target.write(chunk)
    target.flush()


def _verify(file: RemoteFile, path: Path) -> None:
    """Delete a file whose checksum is not the one the hub states, and raise ModelError."""
    digest = hashlib.sha256() if file.method == "sha256" else hashlib.sha1(f"blob {file.n_bytes}\0".encode())
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK_BYTES):
            digest.update(chunk)
    if digest.hexdigest() != file.checksum:
        path.unlink()
        reason = f"{file.name} does not have the checksum the hub states; it was deleted"
        raise ModelError(reason, "get it again; if that repeats, a proxy or mirror changes files")


def write_reference(source: Source, revision: str) -> None:
    """Make a branch or tag mean this commit, once all its files are there: a partial model is never the current one."""
    path = source.storage / "refs" / revision
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.commit, encoding="ascii")
    except OSError as err:
        raise EngineError(f"{path} cannot be written ({err.strerror})", "check its permissions") from err
