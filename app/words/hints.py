"""Says in the words of the window what the engine's hints say for the command line: its fields, tabs and menus."""

import re

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words import settings

# An option with its dashes, not a part of a longer word; that of another program has no field here and stays.
_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)")
# Options behind a command, each with a value or without.
_ARGUMENTS = r"(?: --[a-z][a-z0-9-]*(?: [^\s,;()-][^\s,;()]*)?)*"


def tr(text: str) -> str:
    """Translate a part of a hint."""
    return QCoreApplication.translate("hints", text)


def in_window(hint: str) -> str:
    """The same way out in the window. A text without options and commands of ours stays as it is."""
    if "--" not in hint and "draftscope " not in hint and "rag index" not in hint:
        return hint
    for pattern, words in _phrases():
        hint = re.sub(pattern, lambda _match, words=words: words, hint)  # type: ignore[misc]
    return _OPTION.sub(_field, hint)


def hint_line(hint: str, *, longest: int = 400) -> str:
    """The same as one line to read."""
    return one_line(in_window(hint), longest=longest)


def _field(match: re.Match[str]) -> str:
    name = match[1].replace("-", "_")
    title = _fields().get(name) or (settings.title(name) if settings.is_known(name) else "")
    return tr("“{0}”").format(title) if title else match[0]


def _fields() -> dict[str, str]:
    """Fields that belong to no form of settings, by the option that does the same."""
    return {
        "data": tr("Text to learn from"),
        "resume": tr("Continue the training in that folder"),
        "thresholds": tr("Thresholds"),
        "gammas": tr("Draft lengths"),
    }


def _phrases() -> tuple[tuple[str, str], ...]:
    """Whole phrases: the pattern, and what is written in its place. The longer ones come first."""
    gate = tr("in the tab Approximate, page Train")
    return (
        (r" or with draftscope sprinter (?:collect|train)", ""),
        (
            rf"retrain(?: the gate)?: draftscope sprinter train{_ARGUMENTS}",
            tr("train one for this pair {0}").format(gate),
        ),
        (rf"(?:with )?draftscope sprinter (?:collect|train){_ARGUMENTS}", gate),
        (rf"run draftscope scaling sweep{_ARGUMENTS}", tr("press Sweep in the tab Scaling")),
        (r"make it anew: draftscope rag index .*--rebuild|run rag index again", tr("make it anew in the tab RAG")),
        (r"make one with: rag index DIR --index PATH", tr("make one in the tab RAG")),
        (r"'draftscope models get [^']*'|draftscope models list", tr("Models > Get…")),
        (r"by draftscope rag eval --scaling", tr("in the tab RAG, page Evaluation")),
        (r"draftscope runs list", tr("the tab Runs")),
        (r" \(--raw\)", tr(" (“Ask as chat”: text as it is)")),
        (r" \(--how text\)| \(--out\)", ""),
        (r"see the format in --help", tr("each line needs the field “text” or “prompt”")),
        (r"fewer --chunk-tokens", tr("shorter passages")),
    )
