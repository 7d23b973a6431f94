"""Names of models for the reader, with the size of the built-in ones; loads no weights."""

from functools import lru_cache

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import LONGEST_PATH, path_line
from engine.errors import EngineError
from engine.events import Role
from engine.models import checkpoint_folder

_WINDOW = "window"


def is_builtin(spec: str) -> bool:
    """Whether a SPEC names a model that comes with the program."""
    return spec.partition(":")[0] == "builtin"


def full_name(spec: str, role: Role, *, longest: int = LONGEST_PATH) -> str:
    """The name of a built-in model by role and size, because its SPEC may name two; of any other, its SPEC."""
    return builtin_name(spec, role) or path_line(spec, longest=longest)


def builtin_name(spec: str, role: Role) -> str | None:
    """The name of a built-in model by role and size; None for any other."""
    titles = {
        ("builtin", "target"): _tr("built-in target"),
        ("builtin", "drafter"): _tr("built-in drafter"),
        ("builtin:small", "drafter"): _tr("built-in small drafter"),
        ("builtin:misaligned", "drafter"): _tr("built-in misaligned drafter"),
        ("builtin:rag", "drafter"): _tr("built-in RAG drafter"),
        ("builtin:longspec", "drafter"): _tr("built-in LongSpec drafter"),
    }
    title = titles.get((spec, role))
    if title is None:
        return None
    n = n_parameters(spec, role)
    return _tr("{0} ({1})").format(title, in_millions(n)) if n else title


def drafter_name(spec: str) -> str:
    """The name of a drafter that has one of its own: a built-in model, or one that is cut to a window; else empty."""
    kind, _, rest = spec.partition(":")
    if kind == _WINDOW and rest:
        size, _, model = rest.partition(":") if rest[0].isdigit() else ("", "", rest)
        tokens = size.partition("+")[0]
        named = _tr("{0} (window {1})") if tokens else _tr("{0} (window)")
        return named.format(drafter_name(model) or path_line(model), path_line(tokens, longest=12))
    return builtin_name(spec, "drafter") or ""


@lru_cache(maxsize=8)
def n_parameters(spec: str, role: Role) -> int:
    """How many parameters a built-in model has, from the header of its file; 0 where that cannot be read."""
    try:
        return checkpoint_folder.inspect(spec, drafter=role == "drafter").n_parameters
    except EngineError:
        return 0


def in_millions(n: int) -> str:
    """A number of parameters in millions, with about two significant digits."""
    return f"{n / 1e6:.{2 if n < 1_000_000 else 1}f} M"


def _tr(text: str) -> str:
    return QCoreApplication.translate("model_names", text)
