"""Names of settings as the forms show them, for what is shown of a recorded run."""

from collections.abc import Iterator
from functools import lru_cache

import msgspec
from msgspec import inspect
from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from engine import methods
from engine.evaluation.config import EvaluationConfig
from engine.settings import GenerationConfig
from engine.training.drafter_config import DrafterConfig


def tr(text: str) -> str:
    """Translate a name."""
    return QCoreApplication.translate("settings", text)


def is_known(name: str) -> bool:
    """Whether a form has this setting."""
    return name in _titles()


def title(name: str) -> str:
    """What the forms call a setting; one that no form has is shown without its underscores."""
    return _titles().get(name) or one_line(name.replace("_", " ")).capitalize()


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    """The titles by name; where forms differ, those of a run count."""
    configs: list[type[msgspec.Struct]] = [
        GenerationConfig,
        *(spec.config for spec in methods.discover().values()),
        DrafterConfig,
        EvaluationConfig,
    ]
    titles = {
        "device": tr("Device"),
        "dtype": tr("Number format"),
        "runtime": tr("Forward pass"),
        "repeats": tr("Repeats"),
        "n_prompts": tr("Prompts"),
        "quantize": tr("Quantized"),
        "quantized": tr("Quantized"),
        "forward": tr("Forward pass"),
        "processor": tr("Processor"),
        "note": tr("Note"),
    }
    for config in reversed(configs):
        titles.update(_titles_of(config))
    return titles


def _titles_of(config: type[msgspec.Struct]) -> Iterator[tuple[str, str]]:
    struct = inspect.type_info(config)
    assert isinstance(struct, inspect.StructType)
    for field in struct.fields:
        if isinstance(field.type, inspect.Metadata) and (words := (field.type.extra_json_schema or {}).get("title")):
            yield field.name, str(words)
