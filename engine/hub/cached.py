"""Lists the models in the hub's cache and converted GGUF files, with what each can be loaded as, and removes them."""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from huggingface_hub import CachedRepoInfo, DeleteCacheStrategy, HFCacheInfo, scan_cache_dir
from huggingface_hub.errors import CacheNotFound
from msgspec import structs

from engine.errors import EngineError, InputError
from engine.events import CachedModel, ModelRemoved, ModelsListed
from engine.hub import catalogue, records
from engine.hub.describing import HubSite, site_of_user
from engine.hub.getting import alone
from engine.hub.hub_id import parse_id
from engine.models import checkpoint_folder, checks, load_plan
from engine.models.checkpoint_folder import Checkpoint
from engine.models.gguf import kept as conversions
from engine.models.gguf.kept import KeptConversion
from engine.models.kv_size import context_of
from engine.reports import words
from engine.reports.shown_text import one_line

_UNFINISHED = "*.incomplete"
_AGAIN = "only what the file was converted into goes: the file stays, and is converted again when it is loaded"
_TEMPLATES = ("chat_template.jinja", "chat_template.json")
# Base models often carry the template of their family, so that the name tells more than the template does.
_BASE_NAME = re.compile(r"(?:^|[-_.])(?:base|pt)(?:$|[-_.])", re.IGNORECASE)
_LICENCE_LINE = re.compile(r"^license:\s*[\"']?([\w.+ -]{1,60})", re.MULTILINE)
_CARD_BYTES = 65_536


class Removal(NamedTuple):
    """What removing a model would do. notes: what of it is not Draftscope's alone, one line each.

    conversion: what a GGUF file was converted into, which is then all that goes."""

    repo: str
    freed_bytes: int
    notes: tuple[str, ...]
    strategy: DeleteCacheStrategy | None
    storage: Path
    conversion: KeptConversion | None = None


def listed(site: HubSite | None = None) -> ModelsListed:
    """The models in the cache, sorted. Raises EngineError if the cache cannot be read."""
    site = site or site_of_user()
    scan = scanned(site)
    repos = _models(scan)
    models = [_model(repo, site) for repo in repos]
    known = {repo.repo_path for repo in repos}
    models += [_unfinished(path) for path in sorted(site.cache.glob("models--*")) if path not in known]
    kept = sorted((model for model in models if model.n_bytes), key=lambda model: model.repo.lower())
    return ModelsListed(
        tuple(kept), str(site.cache), _problems(scan), tuple(map(_converted, conversions.conversions()))
    )


def removal(spec: str, site: HubSite | None = None) -> Removal:
    """What removing a model, or what a GGUF file was converted into, would free, and whom else it concerns.

    Raises InputError: it is not in the cache."""
    if (kept := conversions.conversion_of(spec)) is not None:
        return Removal(kept.file, kept.n_bytes, (_AGAIN,), None, kept.folder, kept)
    site = site or site_of_user()
    repo = parse_id(spec).repo
    storage = site.storage(repo)
    scan = scanned(site)
    cached = next((cached for cached in _models(scan) if cached.repo_id == repo), None)
    if cached is None and not storage.is_dir():
        raise InputError(f"{repo} is not in the hub cache {site.cache}", "see draftscope models list")
    if scan is None or cached is None:
        return Removal(repo, _unfinished_bytes(storage), (_shared_cache(site),), None, storage)
    # Commits of copied models have the same name: of the whole cache, the first model that has one would go.
    only = replace(scan, repos=frozenset({cached}))
    strategy = only.delete_revisions(*(revision.commit_hash for revision in cached.revisions))
    freed = strategy.expected_freed_size + _unfinished_bytes(storage)
    return Removal(repo, freed, tuple(_notes(cached, freed, site)), strategy, storage)


def remove(what: Removal, site: HubSite | None = None) -> ModelRemoved:
    """Remove a model. Raises EngineError: it is being downloaded or converted, or cannot be deleted."""
    if what.conversion is not None:
        conversions.remove(what.conversion)
        return ModelRemoved(what.repo, what.freed_bytes)
    with alone(site or site_of_user(), what.repo):
        if what.strategy is not None:
            what.strategy.execute()
        shutil.rmtree(what.storage, ignore_errors=True)
    if what.storage.exists():
        reason = f"{what.storage} could not be deleted completely"
        raise EngineError(reason, "check its permissions, and whether a program uses it")
    records.forget(what.repo)
    return ModelRemoved(what.repo, what.freed_bytes)


def scanned(site: HubSite) -> HFCacheInfo | None:
    """What the hub's client finds in the cache; None if there is no cache. Raises EngineError."""
    try:
        return scan_cache_dir(site.cache)
    except CacheNotFound:
        return None
    except (OSError, ValueError) as err:
        raise EngineError(f"the hub cache {site.cache} cannot be read ({err})", "check its permissions") from err


def _models(scan: HFCacheInfo | None) -> list[CachedRepoInfo]:
    return [] if scan is None else [repo for repo in scan.repos if repo.repo_type == "model"]


def _problems(scan: HFCacheInfo | None) -> tuple[str, ...]:
    """What the client could not read; a download that has just begun is no problem."""
    texts = () if scan is None else map(str, scan.warnings)
    return tuple(one_line(text) for text in texts if "Snapshots dir doesn't exist" not in text)


def _model(repo: CachedRepoInfo, site: HubSite) -> CachedModel:
    folder, spec = _current(repo)
    record = records.recorded(repo.repo_id)
    unfinished = _unfinished_bytes(repo.repo_path)
    facts = CachedModel(
        repo=repo.repo_id,
        spec=spec,
        n_bytes=repo.size_on_disk + unfinished,
        unfinished_bytes=unfinished,
        licence=record.licence or _licence(repo.repo_id, folder),
        by_draftscope=bool(record.commits),
    )
    return _with_use(facts, folder)


def _converted(kept: KeptConversion) -> CachedModel:
    """What a GGUF file was converted into, as a model."""
    family, context = _stated(kept.folder)
    file = Path(kept.file)
    return CachedModel(
        repo=kept.file, spec=kept.file, n_bytes=kept.n_bytes, family=family, context=context,
        instruct=is_instruct(file.stem, kept.folder), by_draftscope=True,
        why_not="" if file.is_file() else "its file is gone", converted_into=str(kept.folder), dtype=kept.dtype,
    )  # fmt: skip


def _current(repo: CachedRepoInfo) -> tuple[Path, str]:
    """The folder of the revision that the model's id means, or the newest, and the SPEC that loads it."""
    newest = max(repo.revisions, key=lambda revision: revision.last_modified, default=None)
    main = repo.refs.get("main")
    if newest is None:
        return repo.repo_path, repo.repo_id
    folder = (main or newest).snapshot_path
    gguf = sorted(folder.glob("**/*.gguf"))
    if gguf and not any(folder.glob("*.safetensors")):
        return folder, str(gguf[0])
    return folder, repo.repo_id if main is not None else str(folder)


def _with_use(model: CachedModel, folder: Path) -> CachedModel:
    """The model with what it can be loaded as, or why it cannot be loaded."""
    family, context = _stated(folder)
    model = structs.replace(model, family=family, context=context, instruct=is_instruct(model.repo, folder))
    if model.unfinished_bytes and not any(folder.glob("*.safetensors")):
        return structs.replace(model, why_not="its download was not finished; get it again")
    try:
        checkpoint = checkpoint_folder.inspect(model.spec)
        config = checks.configuration(checkpoint)
        model = structs.replace(model, family=str(config.model_type), context=context_of(config.get_text_config()))
        _refuse(checkpoint)
    except EngineError as err:
        return structs.replace(model, why_not=err.message)
    return model


def _stated(folder: Path) -> tuple[str, int]:
    """Family and context as config.json states them, also where nothing can be loaded; empty and 0 if it does not."""
    content = _json_of(folder / "config.json")
    context = content.get("max_position_embeddings")
    return str(content.get("model_type", "")), context if isinstance(context, int) else 0


def _json_of(path: Path) -> dict[str, object]:
    """The object in a file, empty if there is none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _refuse(checkpoint: Checkpoint) -> None:
    """Raise what a load on the processor would be refused with, except for a lack of memory there."""
    device = torch.device("cpu")
    plan = load_plan.plan(checkpoint, None, device, device, "auto")
    load_plan.refuse_pair(plan, load_plan.estimate_pair(plan))


def is_instruct(repo: str, folder: Path) -> bool:
    """Whether a model has a chat template, and is no base model by its name."""
    return _has_template(folder) and not _BASE_NAME.search(repo.rpartition("/")[2])


def _has_template(folder: Path) -> bool:
    if any((folder / name).exists() for name in _TEMPLATES):
        return True
    return bool(_json_of(folder / "tokenizer_config.json").get("chat_template"))


def _licence(repo: str, folder: Path) -> str:
    """What the model's card says, if another program downloaded it, or else the catalogue."""
    listed_models = (model for pair in catalogue.PAIRS for model in (pair.target, pair.drafter))
    known = next((model.licence for model in listed_models if model.spec == repo), "")
    try:
        with (folder / "README.md").open(encoding="utf-8", errors="replace") as card:
            match = _LICENCE_LINE.search(card.read(_CARD_BYTES))
    except OSError:
        return known
    return match[1].strip() if match else known


def _unfinished(storage: Path) -> CachedModel:
    """A model of which nothing is complete yet."""
    repo = storage.name.removeprefix("models--").replace("--", "/")
    n_bytes = _unfinished_bytes(storage)
    why_not = "its download was not finished; get it again"
    return CachedModel(repo=repo, spec=repo, n_bytes=n_bytes, unfinished_bytes=n_bytes, why_not=why_not)


def _unfinished_bytes(storage: Path) -> int:
    return sum(path.stat().st_size for path in storage.glob(f"blobs/{_UNFINISHED}"))


def _notes(cached: CachedRepoInfo, freed: int, site: HubSite) -> Iterator[str]:
    """What of a model is not Draftscope's alone."""
    yield _shared_cache(site)
    ours = records.recorded(cached.repo_id).commits
    others = [revision for revision in cached.revisions if revision.commit_hash not in ours]
    if len(others) == len(cached.revisions):
        yield f"{cached.repo_id} was not downloaded by Draftscope: another program may still want it"
    elif others:
        yield f"another program downloaded {_revisions(others)} of it, which go as well"
    if (left := cached.size_on_disk + _unfinished_bytes(cached.repo_path) - freed) > 0:
        yield f"{words.size(left)} are shared with other models in the cache, and stay"


def _revisions(others: Sequence[object]) -> str:
    return words.counted(len(others), "revision", "revisions")


def _shared_cache(site: HubSite) -> str:
    return f"the cache {site.cache} is shared with every program that uses the hub's client"
