"""Names of the values that a setting can be chosen from, as forms show them; a command takes the values as they are."""

import re
from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line

# Values that cannot be mistaken for a word of a sentence.
_IDENTIFIER = re.compile(r"\w*[_+\-][\w.]+")


def tr(text: str) -> str:
    """Translate the name of a value."""
    return QCoreApplication.translate("choices", text)


def choice_name(setting: str, value: str) -> str:
    """The name of a value of a setting; one without a name of its own is shown with its words apart."""
    names = _names_by_setting().get(setting, {})
    return names.get(value) or _common_names().get(value) or one_line(value.replace("_", " "))


def with_names(setting: str, help_text: str, values: Iterable[str]) -> str:
    """A setting's help with the names of its values in place of the values."""
    for value in sorted(values, key=len, reverse=True):
        if _IDENTIFIER.fullmatch(value):
            help_text = re.sub(rf"(?<![\w+-]){re.escape(value)}(?![\w+-])", choice_name(setting, value), help_text)
    return help_text


def _common_names() -> dict[str, str]:
    return {"auto": tr("automatic"), "cpu": tr("CPU"), "cuda": tr("GPU (CUDA)"), "fastest": tr("fastest, measured")}


def _names_by_setting() -> dict[str, dict[str, str]]:
    scores = tr("draft"), tr("self-containment"), tr("self-reflection")
    return {
        "runtime": {"fused": tr("fused"), "modules": tr("modules (transformers)")},
        "sampling": {
            "one_per_cluster": tr("one per cluster"),
            "in_turn": tr("taking turns"),
            "random": tr("at random"),
            "same_cluster": tr("all of one cluster"),
        },
        "loss": {"tv": tr("total variation"), "accuracy": tr("right answers")},
        "conditioning": {"encoded": tr("with the question"), "stored": tr("stored vectors")},
        "retrieval": {"dense": tr("by meaning"), "text": tr("by words"), "hybrid": tr("both")},
        "scores": {
            "all": tr("all three"),
            "draft": scores[0],
            "self_contain": scores[1],
            "self_reflect": scores[2],
            "draft+self_contain": tr("{0} and {1}").format(scores[0], scores[1]),
            "draft+self_reflect": tr("{0} and {1}").format(scores[0], scores[2]),
            "self_contain+self_reflect": tr("{0} and {1}").format(scores[1], scores[2]),
        },
        "option": {
            "paper": tr("as in the paper"),
            "per_token": tr("per token"),
            "with_documents": tr("given the documents"),
            "documents_for_rationale": tr("documents, no rationale"),
            "weighted": tr("weighted"),
        },
        "baselines": {"all": tr("both systems"), "standard": tr("standard RAG"), "none": tr("nothing")},
        "demonstrations": {"none": tr("none"), "one": tr("one"), "two": tr("two")},
        "projection": {"pca": tr("principal components"), "umap": tr("neighbourhoods (UMAP)")},
        "objective": {
            "forward-kl": tr("forward KL divergence"),
            "reverse-kl": tr("reverse KL divergence"),
            "total-variation": tr("total variation"),
            "cross-entropy": tr("cross-entropy"),
        },
        "chat": {"on": tr("as chat"), "off": tr("text as it is")},
        "accept": {
            "token": tr("token by token"),
            "block": tr("block"),
            "recursive": tr("recursive (tree)"),
            "traversal": tr("traversal (tree)"),
        },
        "tested": {"last": tr("last token of a run"), "all": tr("whole run")},
        "label": {
            "hard": tr("q at most p"),
            "soft": tr("probability of acceptance"),
            "greedy": tr("target's first choice"),
        },
        "policy": {
            "fixed": tr("fixed"),
            "best-s": tr("best S"),
            "heuristic": tr("heuristic"),
            "confidence": tr("confidence"),
            "saturation": tr("saturation"),
            "fallback": tr("fallback"),
            "alpha-0.6": tr("α < 0.6 rule"),
        },
        "part": {"start": tr("read its beginning"), "end": tr("read its end")},
        "attention": {
            "flash": tr("flash (SDPA)"),
            "efficient": tr("memory-efficient (SDPA)"),
            "cudnn": tr("cuDNN (SDPA)"),
            "math": tr("mathematics (SDPA)"),
            "eager": tr("step by step"),
            "flash-attn": tr("flash-attn package"),
        },
        "pick": {"similar": tr("nearest to the question"), "random": tr("at random"), "fixed": tr("the same for all")},
        "variant": {"paper": tr("as in the paper"), "popular": tr("popular variant")},
        "quality": {
            "none": tr("not scored"),
            "probability": tr("its probability"),
            "self_consistency": tr("self-consistency"),
            "self_reflect": tr("self-reflection"),
        },
        "allocation_form": {"paper": tr("as in the paper"), "logit": tr("plain logit")},
        "metric": {"accuracy": tr("accuracy"), "exact_match": tr("exact match"), "f1": tr("F1")},
        "form": {"notes": tr("notes"), "pages": tr("pages"), "both": tr("notes and pages")},
    }
