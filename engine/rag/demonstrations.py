"""Chooses the worked demonstrations that a model reads before the question, to see how an answer is written."""

from engine.events.answers import DemonstrationChoice
from engine.models.loading import LoadedModel
from engine.prompts import WorkedDraft

_COUNTS = {"none": 0, "one": 1, "two": 2}
# They were trained on this layout, or say nothing that could be shown.
_NEED_NONE = "builtin", "timing"
WORKED = (
    WorkedDraft(
        (
            "The ferry Alma carries cars and passengers between Nyby and Sund. The crossing takes forty minutes.",
            "Sund has a fish market, which opens at six in the morning. It was built in 1911.",
        ),
        "How long does the crossing by the ferry Alma take?",
        "The evidence says that the crossing between Nyby and Sund takes forty minutes.",
        "forty minutes",
    ),
    WorkedDraft(
        (
            "The town hall of Graum has a clock with four faces. It was given by the weavers in 1788.",
            "The painter Ilse Brand was born in Graum and taught drawing in Vienna.",
        ),
        "Who was born in Graum?",
        "The evidence says that the painter Ilse Brand was born in Graum.",
        "Ilse Brand",
    ),
)


def demonstrations(choice: DemonstrationChoice, model: LoadedModel) -> tuple[WorkedDraft, ...]:
    """The demonstrations for a model; auto: none for the built-in ones, which were trained on the layout, else two."""
    if choice == "auto":
        choice = "none" if model.spec.partition(":")[0] in _NEED_NONE else "two"
    return WORKED[: _COUNTS[choice]]
