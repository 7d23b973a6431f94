"""Asks a hub what a model consists of, how large it is and on what terms, and looks at the disk it would go to.

* imports neither Qt nor torch."""

import re
import shutil
from pathlib import Path
from typing import Literal, NamedTuple

from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.hf_api import ModelInfo, RepoSibling

from engine.errors import EngineError, InputError, ModelError
from engine.events import HubFile, ModelDescribed
from engine.hub import file_choice, refusals
from engine.hub.hub_id import HubId, checked_revision, is_commit
from engine.hub.refusals import Asked, hub_errors
from engine.reports import words

_ANSWER_S = 20.0
# What a full disk takes from other programs is theirs.
_RESERVE_BYTES = 64 * 2**20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA1 = re.compile(r"[0-9a-f]{40}")


class HubSite(NamedTuple):
    """A hub, and the cache on this machine that it shares with every program of the hub's client."""

    endpoint: str
    cache: Path

    def storage(self, repo: str) -> Path:
        """The folder of a repository in the cache."""
        return self.cache / f"models--{repo.replace('/', '--')}"


class RemoteFile(NamedTuple):
    """A file on the hub with its checksum, which also names it in the cache. method: git's is over a header too."""

    name: str
    n_bytes: int
    checksum: str
    method: Literal["sha256", "git"]


class RepositoryDescription(NamedTuple):
    """A model on a hub, ready to be downloaded if `event.why_not` is empty."""

    wanted: HubId
    files: tuple[RemoteFile, ...]
    event: ModelDescribed


def site_of_user() -> HubSite:
    """The hub and the cache that the environment names."""
    return HubSite(constants.ENDPOINT, Path(constants.HF_HUB_CACHE))


def partial_file(storage: Path, file: RemoteFile) -> Path:
    """Where an unfinished download is kept; the hub's tools count it among the unfinished, too."""
    return storage / "blobs" / f"{file.checksum}.draftscope.incomplete"


def describe(site: HubSite, wanted: HubId, revision: str) -> RepositoryDescription:
    """Ask what a download would bring. Raises EngineError: no such model, no network, nothing to load."""
    asked = Asked(site.endpoint, wanted.repo, checked_revision(revision), site.cache)
    with hub_errors(asked):
        info = HfApi(endpoint=site.endpoint).model_info(
            wanted.repo, revision=revision, files_metadata=True, timeout=_ANSWER_S
        )
        siblings = {sibling.rfilename: sibling for sibling in info.siblings or ()}
        commit = info.sha or ""
        if not is_commit(commit):
            raise ValueError("no commit")
        names = file_choice.needed_files(wanted, tuple(siblings))
        files = tuple(_remote_file(siblings[name], wanted.repo) for name in names)
        described = _described(site, wanted, files, info)
    return RepositoryDescription(
        wanted, files, _with_refusal(described._replace(revision=revision), asked, names[0]).event()
    )


class _Facts(NamedTuple):
    """What becomes the event."""

    site: HubSite
    wanted: HubId
    files: tuple[HubFile, ...]
    info: ModelInfo
    revision: str = "main"
    why_not: str = ""
    hint: str = ""

    def event(self) -> ModelDescribed:
        """The event that says what a download would bring."""
        info = self.info
        config = info.config if isinstance(info.config, dict) else {}
        return ModelDescribed(
            spec=self.wanted.text,
            commit=info.sha or "",
            licence=licence_of(info),
            files=self.files,
            folder=str(self.site.storage(self.wanted.repo)),
            free_bytes=free_bytes(self.site.cache),
            host=refusals.host_of(self.site.endpoint),
            revision=self.revision,
            gated=bool(info.gated),
            n_parameters=info.safetensors.total if info.safetensors is not None else 0,
            family=str(config.get("model_type", "")),
            notes=_notes(info, config),
            why_not=self.why_not,
            hint=self.hint,
        )


def _described(site: HubSite, wanted: HubId, files: tuple[RemoteFile, ...], info: ModelInfo) -> _Facts:
    storage = site.storage(wanted.repo)
    hub_files = tuple(HubFile(file.name, file.n_bytes, _missing(storage, file)) for file in files)
    return _Facts(site, wanted, hub_files, info)


def _with_refusal(facts: _Facts, asked: Asked, file: str) -> _Facts:
    """The facts with the reason why the download would be refused, if it would."""
    missing, free = sum(each.missing_bytes for each in facts.files), free_bytes(asked.folder)
    if missing and missing + _RESERVE_BYTES > free:
        reason = f"it needs {words.size(missing)} more, and {words.size(free)} are free at {asked.folder}"
        return facts._replace(why_not=reason, hint="free some, or set HF_HOME to another disk")
    try:
        if missing:
            _try_access(asked, facts.info.sha or "", file)
    except InputError as err:
        return facts._replace(why_not=err.message, hint=err.hint)
    return facts


def _try_access(asked: Asked, commit: str, file: str) -> None:
    """Raise EngineError if files may not be read, which what the hub says of them does not tell."""
    with hub_errors(asked):
        url = hf_hub_url(asked.repo, file, revision=commit, endpoint=asked.endpoint)
        get_hf_file_metadata(url, timeout=_ANSWER_S, endpoint=asked.endpoint)


def _remote_file(sibling: RepoSibling, repo: str) -> RemoteFile:
    """A file with its size and checksum. Raises ModelError if the hub lacks either, or what it says is none."""
    if sibling.lfs is not None:
        n_bytes, checksum, valid = sibling.lfs.size, sibling.lfs.sha256, _SHA256
    else:
        n_bytes, checksum, valid = sibling.size, sibling.blob_id, _SHA1
    if not isinstance(n_bytes, int) or n_bytes < 0 or not isinstance(checksum, str) or not valid.fullmatch(checksum):
        reason = f"the hub states no size or checksum of {sibling.rfilename} in {repo}"
        raise ModelError(reason, "use a hub that does, see HF_ENDPOINT")
    return RemoteFile(sibling.rfilename, n_bytes, checksum, "git" if sibling.lfs is None else "sha256")


def _missing(storage: Path, file: RemoteFile) -> int:
    """Bytes of a file that are not on this machine."""
    if (storage / "blobs" / file.checksum).exists():
        return 0
    partial = partial_file(storage, file)
    kept = partial.stat().st_size if partial.exists() else 0
    return file.n_bytes - kept if kept <= file.n_bytes else file.n_bytes


def free_bytes(folder: Path) -> int:
    """What is free on the disk of a folder that need not exist yet."""
    existing = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    try:
        return shutil.disk_usage(existing).free
    except OSError as err:
        raise EngineError(f"{existing} cannot be read ({err.strerror})", "set HF_HOME to another folder") from err


def licence_of(info: ModelInfo) -> str:
    """The licence as the model's card or tags state it; empty if they do not."""
    card = info.card_data.to_dict() if info.card_data is not None else {}
    tagged = [tag.removeprefix("license:") for tag in info.tags or () if tag.startswith("license:")]
    stated = card.get("license") or next(iter(tagged), "")
    if stated == "other":
        stated = card.get("license_name") or card.get("license_link") or stated
    return ", ".join(map(str, stated)) if isinstance(stated, list) else str(stated)


def _notes(info: ModelInfo, config: dict[str, object]) -> tuple[str, ...]:
    """What to know before the download."""
    names = [sibling.rfilename for sibling in info.siblings or ()]
    architectures = config.get("architectures")
    listed = [str(name) for name in architectures] if isinstance(architectures, list) else []
    notes = []
    if file_choice.brings_code(names):
        notes.append("it has code of its own, which is neither downloaded nor run")
    if listed and not any("CausalLM" in name or "LMHead" in name for name in listed):
        notes.append(f"it is a {', '.join(listed[:3])}, perhaps not a model that continues text")
    if info.disabled:
        notes.append("the hub has disabled it")
    return tuple(notes)
