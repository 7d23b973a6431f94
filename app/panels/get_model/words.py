"""Words for what a download would bring, how far it is, which pairs fit and what is cached."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words import quantities
from app.words.hints import hint_line
from engine.events import (
    CachedModel,
    ModelDescribed,
    ModelDownloaded,
    ModelRemoved,
    ModelsListed,
    OfferedModel,
    OfferedPair,
    PairsOffered,
    Progressed,
    Refused,
)

_GIB = 2**30
_MILLION, _BILLION = 10**6, 10**9


class Row(NamedTuple):
    """A row of a table. key: what it is about, the same after an update. good: the cell with number `mark` says that
    it fits or loads, not why it does not. tips: what cells that are shortened mean in full, by their number."""

    key: str
    cells: tuple[str, ...]
    good: bool
    mark: int
    tips: tuple[tuple[int, str], ...] = ()


def tr(text: str) -> str:
    """Translate a text of the dialog."""
    return QCoreApplication.translate("get_model", text)


def title(event: ModelDescribed) -> str:
    """The model, its revision and where it is from."""
    text = tr("{0} at {1} ({2}) from {3}")
    return text.format(one_line(event.spec), one_line(event.revision), event.commit[:8], one_line(event.host))


def facts(event: ModelDescribed) -> Iterator[tuple[str, str]]:
    """What a download would bring: names and values."""
    licence = one_line(event.licence) or tr("not stated")
    yield tr("Licence"), tr("{0}, gated").format(licence) if event.gated else licence
    kept = event.n_bytes - event.missing_bytes
    size = quantities.size(event.n_bytes)
    yield tr("Size"), tr("{0}, of which {1} are here already").format(size, quantities.size(kept)) if kept else size
    if event.n_parameters:
        family = tr(", {0}").format(one_line(event.family)) if event.family else ""
        yield tr("Model"), tr("parameters: {0}{1}").format(parameters(event.n_parameters), family)
    yield tr("Goes to"), one_line(event.folder)
    yield tr("Free there"), quantities.size(event.free_bytes)
    for note in event.notes:
        yield tr("Note"), one_line(note)


def parameters(n: int) -> str:
    """A number of parameters in millions or billions, a small one as it is."""
    if n < _MILLION:
        return f"{n:,}"
    return f"{n / 1e9:.1f} B" if n >= _BILLION else f"{n / 1e6:.0f} M"


def status(spec: str, at: Progressed | None) -> str:
    """How far a download is, for the status line."""
    if at is None:
        return tr("downloading {0}").format(one_line(spec))
    done, total = quantities.size(at.done), quantities.size(at.total)
    return tr("downloading {0}: {1} of {2}").format(one_line(spec), done, total)


def progress(at: Progressed, per_s: float | None, left_s: float | None) -> str:
    """How far a download is: bytes, rate and the time left."""
    parts = [tr("{0} of {1}").format(quantities.size(at.done), quantities.size(at.total))]
    if per_s:
        parts.append(tr("{0}/s").format(quantities.size(per_s)))
    if left_s:
        parts.append(tr("{0} left").format(quantities.duration(left_s)))
    return ", ".join(parts)


def downloaded(event: ModelDownloaded) -> str:
    """That a model can be used now."""
    return tr("✓ In the cache, {0}, checksums right. It can be chosen in Decode's setup.").format(
        quantities.size(event.n_bytes)
    )


def removed(event: ModelRemoved) -> str:
    """That a model is gone."""
    return tr("✓ {0} was removed; {1} are free again.").format(one_line(event.spec), quantities.size(event.freed_bytes))


def refusal(event: Refused) -> str:
    """Why a step did not succeed, and the way out."""
    return tr("⚠ {0}\nNext: {1}").format(one_line(event.reason, longest=600), hint_line(event.hint, longest=600))


def not_now(event: ModelDescribed) -> str:
    """Why a model that was described cannot be downloaded, and the way out."""
    return tr("⚠ {0}\nNext: {1}").format(one_line(event.why_not), hint_line(event.hint, longest=600))


PAIR_HEADS = ("Family", "Target", "Drafter", "Download", "Memory", "Here", "Licence")
_HERE, _LOADS = 5, 6
MODEL_HEADS = ("Model", "Size", "Licence", "Family", "Context", "Kind", "Can be loaded")


def pair_rows(pairs: Sequence[OfferedPair]) -> list[Row]:
    """The pairs that fit each other, a row each."""
    return [_pair_row(pair) for pair in pairs]


def _pair_row(pair: OfferedPair) -> Row:
    licences = dict.fromkeys(_licence(model) for model in (pair.target, pair.drafter))
    download = quantities.size(pair.missing_bytes) if pair.missing_bytes else tr("✓ cached")
    here = tr("✗ does not fit") if pair.why_not else tr("✓ fits")
    memory = f"{pair.memory_bytes / _GIB:.1f} GiB"
    cells = (pair.family, _name(pair.target), _name(pair.drafter), download, memory, here, "; ".join(licences))
    tips = ((1, pair.target.spec), (2, pair.drafter.spec), (_HERE, one_line(pair.why_not) or here))
    return Row(f"{pair.target.spec} {pair.drafter.spec}", cells, not pair.why_not, _HERE, tips)


def _name(model: OfferedModel) -> str:
    """A model by its id without the owner, with a mark if it is cached."""
    name = model.spec.rpartition("/")[2]
    return tr("{0} ✓").format(name) if model.cached else name


def _licence(model: OfferedModel) -> str:
    return tr("{0}, gated").format(model.licence) if model.gated else model.licence


def pairs_note(offered: PairsOffered, chosen: OfferedPair | None) -> str:
    """Why the chosen pair does not fit; else what the list of pairs holds for, and of when its facts are."""
    if chosen is not None and chosen.why_not:
        return tr("✗ Does not fit here: {0}.").format(one_line(chosen.why_not))
    text = tr("Memory on {0} in {1}, with a short text. Ids, sizes and licences as known on {2}.")
    return text.format(offered.device, offered.dtype, offered.stated)


def model_rows(models: Sequence[CachedModel]) -> list[Row]:
    """The cached models, a row each."""
    return [_model_row(model) for model in models]


def _model_row(model: CachedModel) -> Row:
    kind = (tr("instruct") if model.instruct else tr("base")) if model.family else quantities.UNKNOWN
    tips: tuple[tuple[int, str], ...] = ()
    if model.converted_into:
        kind = tr("{0}, converted GGUF").format(kind)
        text = tr("{0}\nconverted into {1}, {2}")
        tips = ((0, text.format(model.repo, model.converted_into, model.dtype or quantities.UNKNOWN)),)
    cells = (
        one_line(_file_name(model.repo) if model.converted_into else model.repo),
        quantities.size(model.n_bytes),
        one_line(model.licence) or tr("not known"),
        one_line(model.family) or quantities.UNKNOWN,
        f"{model.context:,}" if model.context else quantities.UNKNOWN,
        kind,
        tr("✗ {0}").format(one_line(model.why_not)) if model.why_not else tr("✓ yes"),
    )
    return Row(model.repo, cells, not model.why_not, _LOADS, tips)


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def removal(model: CachedModel, folder: str) -> str:
    """What removing a model means, as a question."""
    if model.converted_into:
        question = tr("Remove what {0} was converted into? That frees {1}.")
        lines = [question.format(one_line(_file_name(model.repo)), quantities.size(model.n_bytes))]
        return "\n".join([*lines, tr("The file itself stays; it is converted again when it is loaded.")])
    lines = [
        tr("Remove {0} from the cache? That frees {1}.").format(one_line(model.repo), quantities.size(model.n_bytes)),
        tr("The cache {0} is shared with every program that uses the hub's client.").format(one_line(folder)),
    ]
    if not model.by_draftscope:
        lines.append(tr("Draftscope did not download this model: another program may still want it."))
    return "\n".join(lines)


def cache_note(listed: ModelsListed) -> str:
    """Where the cache is, how large it is, and what of it could not be read."""
    total = sum(model.n_bytes for model in listed.models)
    lines = [tr("{0} in {1}").format(quantities.size(total), one_line(listed.folder))]
    if listed.conversions:
        size = quantities.size(sum(model.n_bytes for model in listed.conversions))
        lines.append(tr("{0} more in converted GGUF files").format(size))
    lines += [tr("⚠ {0}").format(one_line(problem)) for problem in listed.problems]
    return "\n".join(lines)
