"""What a run was made with, in a few words; knows no widget."""

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words.model_names import builtin_name
from engine.events import ModelLoaded, RunStarted, RuntimeName

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


def runtime(name: RuntimeName | None) -> str:
    """What computed a forward, in a word; nothing where it is not known."""
    return {"fused": tr("fused"), "modules": tr("modules"), None: ""}[name]


def forward(started: RunStarted | None) -> str:
    """What the runtime of a run means."""
    told = tr(
        "Under Forward in the setup: fused is Draftscope's own, leaner way through a model, modules is transformers'. "
        "Both give the same numbers up to rounding; auto is fused wherever it is exact, and the setup says why not."
    )
    if started is None or started.runtime is None:
        return told
    return f"{tr('The target of this run was computed by: {0}.').format(runtime(started.runtime))} {told}"


def runtimes(model: ModelLoaded) -> str:
    """What computes both models in memory, and why transformers' modules where they do."""
    parts = [(tr("target"), model.runtime, model.why_modules)]
    if model.drafter_runtime is not None:
        parts.append((tr("drafter"), model.drafter_runtime, model.why_drafter_modules))
    told = (f"{who} {runtime(name)}" + (f" ({one_line(why)})" if why else "") for who, name, why in parts)
    return tr("in memory: {0}").format(" · ".join(told))


def of_run(started: RunStarted) -> str:
    """All that tells a picture of a run from that of another: models, settings, machine and date."""
    place = short(" ".join(filter(None, (started.device, started.dtype, runtime(started.runtime)))))
    date = short(started.started_utc)
    return " · ".join((pair(started), *sampling(started), place, date))
