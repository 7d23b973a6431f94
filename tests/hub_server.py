"""A hub on this machine for tests: answers what the hub's client asks, and fails in the ways hubs and networks do."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_secretsecretsecretsecretsecret"


@dataclass
class Repository:
    """A model on the hub. files: their contents; lfs: which are large files, all *.safetensors and *.gguf unless given.

    gated: only those with the token may read it. break_after: bytes after which connections break, one for each
    download to come. wrong: contents that are sent in place of the right ones. ignores_range: sends whole files.
    pause_s: how long the last byte before a held-up rest lets wait for itself."""

    files: dict[str, bytes]
    licence: str = "apache-2.0"
    gated: bool = False
    commit: str = COMMIT
    break_after: list[int] = field(default_factory=list)
    wrong: dict[str, bytes] = field(default_factory=dict)
    ignores_range: bool = False
    without_checksums: bool = False
    status: int = 200
    pause_s: float = 0.0

    def is_large(self, name: str) -> bool:
        return name.endswith((".safetensors", ".gguf"))

    def checksum(self, name: str) -> str:
        """The name of a file's content on the hub: SHA-256 of large files, git's hash of the others."""
        content = self.files[name]
        if self.is_large(name):
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()

    def sibling(self, name: str) -> dict[str, object]:
        """How the hub describes a file."""
        entry: dict[str, object] = {"rfilename": name}
        if self.without_checksums:
            return entry
        content = self.files[name]
        git = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
        entry |= {"size": len(content), "blobId": git}
        if self.is_large(name):
            entry["lfs"] = {"sha256": self.checksum(name), "size": len(content), "pointerSize": 134}
        return entry


@dataclass
class Hub:
    """What the server has and what it was asked."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    address: str = ""
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    on_request: list[threading.Event] = field(default_factory=list)

    def asked(self, method: str) -> list[tuple[str, str]]:
        """Paths and ranges of the requests with a method."""
        return [(path, reach) for kind, path, reach in self.requests if kind == method]


def model_files(folder: Path, *, template: bool = False) -> dict[str, bytes]:
    """The files of a saved checkpoint, with others that must not be downloaded."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    others = {
        "README.md": b"# card", "pytorch_model.bin": b"pickled", "modeling_own.py": b"boom()", "model.onnx": b"onnx",
        "model-Q4.gguf": b"GGUF", "onnx/model.onnx": b"onnx", "original/params.json": b"{}", ".gitattributes": b"",
    }  # fmt: skip
    return files | others | ({"chat_template.jinja": b"{{ messages }}"} if template else {})


@contextmanager
def serving(**repositories: Repository) -> Iterator[Hub]:
    """A hub with these models of the owner `org`, until the end of the block."""
    hub = Hub({f"org/{name}": repository for name, repository in repositories.items()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = False  # closing waits for them
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(_HubHandler):
        pass

    Handler.hub = hub
    return Handler


class _HubHandler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.0"  # a connection for each request, so that none outlives a test

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = urlsplit(self.path)
        parts = [unquote(part) for part in path.path.strip("/").split("/")]
        self.hub.requests.append((self.command, "/".join(parts), self.headers.get("Range", "")))
        self.hub.tokens.append(self.headers.get("Authorization", ""))
        is_api = parts[:2] == ["api", "models"]
        owner_and_name = "/".join(parts[2:4] if is_api else parts[:2])
        repository = self.hub.repositories.get(owner_and_name)
        if repository is None:
            self._refuse(401 if not self._has_token() else 404, "RepoNotFound", "Repository not found")
        elif repository.status != 200:
            self._refuse(repository.status, "", "no")
        elif is_api:
            self._describe(owner_and_name, repository, parts[4:], parse_qs(path.query))
        elif parts[2] == "resolve":
            self._resolve(repository, parts[3], "/".join(parts[4:]))
        else:
            self._refuse(404, "", "what?")

    def _has_token(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _describe(self, name: str, repository: Repository, rest: list[str], query: dict[str, list[str]]) -> None:
        if rest[:1] == ["revision"] and rest[1] not in ("main", "v1", repository.commit):
            self._refuse(404, "RevisionNotFound", "no such revision")
            return
        assert query.get("blobs") == ["True"] or query.get("blobs") == ["true"], query
        self._send_json(
            {
                "id": name,
                "sha": repository.commit,
                "gated": "manual" if repository.gated else False,
                "cardData": {"license": repository.licence} if repository.licence else {},
                "tags": ["region:us"],
                "config": {"model_type": "llama", "architectures": ["LlamaForCausalLM"]},
                "safetensors": {"parameters": {"F32": 1234}, "total": 1234},
                "siblings": [repository.sibling(file) for file in repository.files],
            }
        )

    def _resolve(self, repository: Repository, revision: str, name: str) -> None:
        if repository.gated and not self._has_token():
            self._refuse(401, "GatedRepo", "Access to this model is restricted")
        elif revision not in ("main", "v1", repository.commit):
            self._refuse(404, "RevisionNotFound", "no such revision")
        elif name not in repository.files:
            self._refuse(404, "EntryNotFound", "no such file")
        else:
            self._send_file(repository, name)

    def _send_file(self, repository: Repository, name: str) -> None:
        content = repository.wrong.get(name, repository.files[name])
        start = 0
        reach = self.headers.get("Range", "")
        if reach and not repository.ignores_range:
            start = int(reach.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", repository.commit)
        self.send_header("ETag", f'"{repository.checksum(name)}"')
        if repository.is_large(name):
            self.send_header("X-Linked-Etag", f'"{repository.checksum(name)}"')
            self.send_header("X-Linked-Size", str(len(repository.files[name])))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.command == "GET":
            self._send_body(repository, name, content[start:])

    def _send_body(self, repository: Repository, name: str, body: bytes) -> None:
        if repository.is_large(name) and repository.break_after:
            self.wfile.write(body[: repository.break_after.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            return
        for step in self.hub.on_request if repository.is_large(name) else ():
            half = len(body) // 2
            for piece in (body[: half - 1], body[half - 1 : half]):
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(repository.pause_s)
            step.wait(60)
            body = body[half:]
        try:
            self.wfile.write(body)
        except OSError:  # the client went away
            self.close_connection = True

    def _refuse(self, status: int, code: str, message: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", message)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_json(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
