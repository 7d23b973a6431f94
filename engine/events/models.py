"""Events about models of a hub and of its cache on this machine.

* imports neither Qt nor torch."""

from engine.events.base import Event, Struct


class HubFile(Struct, frozen=True):
    """A file to download. missing_bytes: what of it is not on this machine yet."""

    name: str
    n_bytes: int
    missing_bytes: int


class ModelDescribed(Event, frozen=True):
    """What a download would bring, before it begins.

    spec: as asked for. licence: empty if none is stated. gated: whether its owner asks people to accept terms first.
    folder: where it goes; free_bytes: what is free there. n_parameters and family are 0 and empty if the hub does not
    say. notes: what to know before. why_not: why it cannot be downloaded, empty if it can; hint: the way out."""

    spec: str
    commit: str
    licence: str
    files: tuple[HubFile, ...]
    folder: str
    free_bytes: int
    host: str
    revision: str = "main"
    gated: bool = False
    n_parameters: int = 0
    family: str = ""
    notes: tuple[str, ...] = ()
    why_not: str = ""
    hint: str = ""

    @property
    def n_bytes(self) -> int:
        """Size of all files."""
        return sum(file.n_bytes for file in self.files)

    @property
    def missing_bytes(self) -> int:
        """What would be downloaded."""
        return sum(file.missing_bytes for file in self.files)


class FileDownloaded(Event, frozen=True):
    """A file is complete and its checksum right; fetched_bytes: what of it was downloaded now."""

    name: str
    n_bytes: int
    fetched_bytes: int


class ModelDownloaded(Event, frozen=True):
    """A model is complete in the cache. spec: by which it is loaded; path: its folder, or its file for GGUF."""

    spec: str
    path: str
    n_bytes: int
    files: tuple[str, ...]
    commit: str
    licence: str = ""
    fetched_bytes: int = 0


class OfferedModel(Struct, frozen=True):
    """A model in the list of pairs. gated: its owner wants its terms accepted first. cached: it is on this machine."""

    spec: str
    n_parameters: int
    n_bytes: int
    licence: str
    gated: bool = False
    cached: bool = False


class OfferedPair(Struct, frozen=True):
    """A target and a drafter of one family. memory_bytes: weights, a short text's cache and work on the device.

    why_not: why the pair does not fit this machine, empty if it does."""

    family: str
    target: OfferedModel
    drafter: OfferedModel
    memory_bytes: int
    why_not: str = ""

    @property
    def missing_bytes(self) -> int:
        """What would be downloaded."""
        return sum(model.n_bytes for model in (self.target, self.drafter) if not model.cached)


class PairsOffered(Event, frozen=True):
    """Pairs whose models fit each other. stated: the date of the facts; device, dtype: what fitting was judged for."""

    pairs: tuple[OfferedPair, ...]
    device: str
    dtype: str
    stated: str


class CachedModel(Struct, frozen=True):
    """A model in the hub's cache. spec: by which it is loaded. n_bytes: on the disk; unfinished_bytes: of those, what
    an interrupted download left. licence: empty if not known. family, context: what it is loaded as, empty and 0 if
    that cannot be read. by_draftscope: whether Draftscope downloaded it; if not, another program did. why_not: why it
    cannot be loaded, empty if it can. converted_into: the folder that a GGUF file, which is then `repo`, was converted
    into, whose size is n_bytes; dtype: the type it is stored in there."""

    repo: str
    spec: str
    n_bytes: int
    unfinished_bytes: int = 0
    licence: str = ""
    family: str = ""
    context: int = 0
    instruct: bool = False
    by_draftscope: bool = False
    why_not: str = ""
    converted_into: str = ""
    dtype: str = ""


class ModelsListed(Event, frozen=True):
    """The models in the hub's cache. problems: repositories that could not be read. conversions: what GGUF files were
    converted into, in Draftscope's own cache."""

    models: tuple[CachedModel, ...]
    folder: str
    problems: tuple[str, ...] = ()
    conversions: tuple[CachedModel, ...] = ()


class ModelRemoved(Event, frozen=True):
    """A model was removed from the hub's cache, or what a GGUF file was converted into."""

    spec: str
    freed_bytes: int
