"""Describes in a few words what a run was made with."""

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words.choice_names import choice_name
from app.words.model_names import builtin_name
from engine.events import ModelLoaded, RunStarted, RuntimeName
from engine.settings import policy_of

# What fits a column; a tooltip shows longer names in full.
_LONGEST_NAME, _LONGEST_SPEC = 28, 200


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("run_words", text)


def short(spec: str) -> str:
    """A model by the last part of its path, cut in the middle if long, because both ends distinguish it."""
    name = one_line(spec.replace("\\", "/").rstrip("/").rpartition("/")[2], longest=_LONGEST_SPEC)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME // 2]}…{name[-_LONGEST_NAME // 2 :]}"


def pair(started: RunStarted) -> str:
    """Target and drafter."""
    target, drafter = builtin_name(started.target, "target"), builtin_name(started.drafter, "drafter")
    return f"{target or short(started.target)} + {drafter or short(started.drafter)}"


def sampling(started: RunStarted) -> tuple[str, ...]:
    """Draft length, or the tree in its place, temperature and seed."""
    settings = dict(started.settings)
    gamma = (short(f"γ {settings['gamma']}"),) if "gamma" in settings else ()
    if tree := settings.get("tree"):
        gamma = (short(tr("tree {0}").format(tree)),)
    if policy := policy_of(settings):
        gamma = (*gamma, one_line(tr("policy {0}").format(choice_name("policy", policy)), longest=_LONGEST_NAME))
    temperature = settings.get("temperature", 0)
    temperature_text = short(tr("T {0}").format(temperature)) if temperature else tr("greedy")
    return (*gamma, temperature_text, short(tr("seed {0}").format(settings.get("seed", 0))))


def runtime(name: RuntimeName | None) -> str:
    """What computed a forward, in a word; empty if unknown."""
    return {"fused": tr("fused"), "modules": tr("modules"), None: ""}[name]


def forward(started: RunStarted | None) -> str:
    """Explain the runtime of a run."""
    explanation = tr(
        "Under Forward in the setup: fused is Draftscope's own, leaner way through a model, modules is transformers'. "
        "Both give the same numbers up to rounding; auto is fused wherever it is exact, and the setup says why not."
    )
    if started is None or started.runtime is None:
        return explanation
    return f"{tr('The target of this run was computed by: {0}.').format(runtime(started.runtime))} {explanation}"


def runtimes(model: ModelLoaded) -> str:
    """What computes each model in memory, and the reason where that is transformers' modules."""
    parts = [(tr("target"), model.runtime, model.why_modules)]
    if model.drafter_runtime is not None:
        parts.append((tr("drafter"), model.drafter_runtime, model.why_drafter_modules))
    descriptions = [f"{role} {runtime(name)}" + (f" ({one_line(why)})" if why else "") for role, name, why in parts]
    if model.drafts_through == "text":
        descriptions.append(tr("through text"))
    return tr("in memory: {0}").format(" · ".join(descriptions))


def through_text() -> str:
    """How a drafter of another tokenizer works, in a few words."""
    return tr("other tokenizer: drafts through text")


def shared_tokens(model: ModelLoaded) -> str:
    """How much the vocabularies of a pair with different tokenizers have in common."""
    return tr("{0:,} of {1:,} of the drafter's tokens are the target's too").format(
        model.shared_tokens, model.drafter_tokens
    )


def way_through_text() -> str:
    """What drafting through text does, for a tooltip."""
    return tr(
        "The drafter reads and writes in its own tokens. Greedy, its text is proposed in the target's tokens; sampling,"
        " each token is drawn among those both models have. The text is the target's either way, drafting costs more."
    )


def of_run(started: RunStarted) -> str:
    """Everything that distinguishes a picture of one run from another's: models, settings, machine and date."""
    machine = short(" ".join(filter(None, (started.device, started.dtype, runtime(started.runtime)))))
    date = short(started.started_utc)
    return " · ".join((pair(started), *sampling(started), machine, date))
