"""Writes a prompt of this program as a conversation with an instruct model: its task as system, the rest as user."""

from functools import lru_cache
from typing import NamedTuple

from engine import prompts
from engine.errors import ModelError
from engine.models.chat_template import ChatTemplate
from engine.prompts import Message, Prompt, SegmentName

_BODY = "harbour lantern seven"
# Instruct models were not trained on our layout: they are told what belongs where.
_TASKS = {
    prompts.STANDARD_TASK: "Answer the question from the documents. Give the answer only, in a few words.",
    prompts.DRAFT_TASK: "First write the rationale: one sentence that says what the evidence states about the "
    "instruction. Then write the response: the answer only, in a few words.",
    prompts.REFLECT_TASK: "Judge whether the rationale supports the response. Answer Yes or No.",
    prompts.DRAG_TASK: "Answer the question. The documents may help or not. Give the answer only, in a few words.",
    prompts.ITERDRAG_TASK: "Answer the question step by step, each step on a line of its own. A line begins with "
    f"'{prompts.FOLLOW_UP}' and asks one simple question, or with '{prompts.INTERMEDIATE}' and answers it in a few "
    f"words from the documents. The last line begins with '{prompts.FINAL}' and gives the answer only.",
}


class ChatFrame(NamedTuple):
    """What a template writes before and after a turn of the user, up to where the assistant begins."""

    before: str
    before_ids: tuple[int, ...]
    after: str
    after_ids: tuple[int, ...]


class ChatPieces(NamedTuple):
    """A prompt as parts of a conversation. earlier: its turns before the question, the system prompt first; body: the
    pieces of the user's last turn; opening: how the assistant's answer begins; written: the pieces of what it wrote."""

    earlier: tuple[Message, ...]
    body: tuple[tuple[SegmentName | None, str], ...]
    opening: str
    written: tuple[tuple[SegmentName | None, str], ...]


@lru_cache(maxsize=64)
def frame(template: ChatTemplate, earlier: tuple[Message, ...]) -> ChatFrame:
    """What stands around the user's last turn; what earlier turns hold stays text. Raises InputError where the template
    fails, ModelError where it drops that turn."""
    if (sides := template.around((*earlier, Message("user", _BODY)), _BODY)) is None:
        raise ModelError("the chat template does not write what the user says", "use another model")
    before, after = sides
    return ChatFrame(before.text, before.ids, after.text, after.ids)


def chat_pieces(prompt: Prompt) -> ChatPieces:
    """Divide a prompt between the turns of a conversation; line breaks at the ends of turns are left out."""
    pieces = list(prompts.cut(prompt))
    n_given, at = 0, 0
    for _, text in pieces:
        n_given += at < prompt.written_from
        at += len(text)
    given, written = pieces[:n_given], pieces[n_given:]
    opening = given.pop()[1].lstrip("\n") if given and given[-1][0] is None else ""
    earlier: list[Message] = []
    while given and given[0][0] in ("task", "demonstration"):
        name, text = given.pop(0)
        earlier += [Message("system", _TASKS.get(text, text))] if name == "task" else _turns(text, opening)
    if written and not opening:
        written[0] = written[0][0], written[0][1].lstrip("\n")
    body = [(name, text) for name, text in given if text]
    if body:
        body[0] = body[0][0], body[0][1].lstrip("\n")
        body[-1] = body[-1][0], body[-1][1].rstrip("\n")
    return ChatPieces(tuple(earlier), tuple(body), opening, tuple(written))


def _turns(demonstration: str, opening: str) -> list[Message]:
    """A demonstration as a question of the user and an answer of the assistant."""
    if opening:
        question, begins, answer = demonstration.partition(f"\n{opening}")
    else:  # its answer has lines of its own
        end = demonstration.find("\n", demonstration.rfind(prompts.QUESTION_LINE) + 1)
        question, begins, answer = demonstration[:end], "", demonstration[end:]
    return [Message("user", question.strip("\n")), Message("assistant", (begins + answer).strip("\n"))]
