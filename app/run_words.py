"""What a run was made with, in a few words; knows no widget."""

from PySide6.QtCore import QCoreApplication

from app.model_names import builtin_name
from app.plain_text import one_line
from engine.events import RunStarted

# What fits a column; longer names stand whole in a tooltip.
_LONGEST_NAME, _LONGEST_SPEC = 28, 200


def tr(text: str) -> str:
    """The translation of these words."""
    return QCoreApplication.translate("run_words", text)


def short(spec: str) -> str:
    """A model by the last part of its path, cut in the middle where it is long: both its ends tell it apart."""
    name = one_line(spec.replace("\\", "/").rstrip("/").rpartition("/")[2], longest=_LONGEST_SPEC)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME // 2]}…{name[-_LONGEST_NAME // 2 :]}"


def pair(started: RunStarted) -> str:
    """Target and drafter."""
    target, drafter = builtin_name(started.target, "target"), builtin_name(started.drafter, "drafter")
    return f"{target or short(started.target)} + {drafter or short(started.drafter)}"


def sampling(started: RunStarted) -> tuple[str, ...]:
    """Draft length, temperature and seed."""
    settings = dict(started.settings)
    gamma = (short(f"γ {settings['gamma']}"),) if "gamma" in settings else ()
    temperature = settings.get("temperature", 0)
    heat = short(tr("T {0}").format(temperature)) if temperature else tr("greedy")
    return (*gamma, heat, short(tr("seed {0}").format(settings.get("seed", 0))))


def of_run(started: RunStarted) -> str:
    """All that tells a picture of a run from that of another: models, settings, machine and date."""
    place, date = short(f"{started.device} {started.dtype}"), short(started.started_utc)
    return " · ".join((pair(started), *sampling(started), place, date))
