"""Says where the built-in models are asked about documents that they know nothing of.

* imports neither Qt nor torch."""

from engine.documents.sources import SHIPPED
from engine.errors import EngineError

_BUILTIN = "builtin"


def is_builtin_model(spec: str) -> bool:
    """Whether a SPEC names a model that comes with the program."""
    return spec.partition(":")[0] == _BUILTIN


def foreign_documents(index: str, target: str, drafter: str) -> EngineError | None:
    """Why answers from these documents will be nonsense, with the way out; None where the models may know them."""
    models = [role for role, spec in (("target", target), ("drafter", drafter)) if is_builtin_model(spec)]
    if index in SHIPPED or not models:
        return None
    who = "both models are built in and know" if len(models) > 1 else f"the {models[0]} is built in and knows"
    return EngineError(
        f"{who} only the shipped documents: answers about others are nonsense",
        "choose an instruct model from a hub or a folder as target, and a smaller one of its family as drafter",
    )
