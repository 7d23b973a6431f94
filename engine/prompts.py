"""Builds and parses every prompt format: text with named segments, or the same content as chat messages.

* imports neither Qt nor torch.

A segment is a range of characters. It begins with the space before it, where there is one: prompts end right after a
colon and answers begin with a space, so that a byte-level tokenizer never joins two segments into one token. Answers
and rationales may hold any text, kept on one line: their line breaks become spaces.
Sources: standard RAG, drafts and reflection arXiv:2407.08223 (its layout, our wording), demonstrations and follow-ups
arXiv:2410.04343."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

SegmentName: TypeAlias = Literal[
    "task", "question", "documents", "rationale", "answer", "reflection", "verdict", "demonstration", "follow_up",
    "intermediate",
]  # fmt: skip
Role: TypeAlias = Literal["system", "user", "assistant"]

STANDARD_TASK = "Answer the question from the documents."
DRAFT_TASK = "Respond to the instruction from the evidence and give the rationale first."
REFLECT_TASK = "Judge the response."
DRAG_TASK = "You answer questions as an expert. Documents may or may not be relevant. Give the answer only."
ITERDRAG_TASK = (
    "You answer questions as an expert. Documents may or may not be relevant. Ask follow up questions first."
)
REFLECTION = "Does the rationale support the response? Answer Yes or No:"
YES, NO = " Yes", " No"
FOLLOW_UP, INTERMEDIATE, FINAL = "Follow up:", "Intermediate answer:", "So the final answer is:"
RESPONSE_FOLLOWS = "\n## Response:"
QUESTION_LINE = "\nQuestion:"
ITERATION_STARTS = (FOLLOW_UP, INTERMEDIATE, FINAL)


class PromptSegment(NamedTuple):
    """Characters [start, end) of a prompt and what they are."""

    name: SegmentName
    start: int
    end: int


class Prompt(NamedTuple):
    """A text, its segments in order, and the offset from which a model writes."""

    text: str
    segments: tuple[PromptSegment, ...]
    written_from: int

    def part(self, name: SegmentName) -> str:
        """The text of the first segment of that name. Raises KeyError if there is none."""
        for segment in self.segments:
            if segment.name == name:
                return self.text[segment.start : segment.end]
        raise KeyError(name)

    @property
    def given(self) -> str:
        """The part a model reads."""
        return self.text[: self.written_from]


class Message(NamedTuple):
    """One turn for a chat template."""

    role: Role
    content: str


class FollowUp(NamedTuple):
    """A follow-up question and its intermediate answer."""

    question: str
    answer: str


class Demonstration(NamedTuple):
    """An answered question with its own documents; steps only where follow-ups are shown."""

    documents: tuple[str, ...]
    question: str
    answer: str
    steps: tuple[FollowUp, ...] = ()


class WorkedDraft(NamedTuple):
    """A question answered from documents as a draft is: rationale, then response."""

    documents: tuple[str, ...]
    question: str
    rationale: str
    response: str


class _Writer:
    """Builds a prompt piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._segments: list[PromptSegment] = []
        self._written_from: int | None = None

    def plain(self, text: str) -> None:
        """Append text that belongs to no segment."""
        self._pieces.append(text)
        self._length += len(text)

    def segment(self, name: SegmentName, text: str) -> None:
        """Append text as a segment."""
        self._segments.append(PromptSegment(name, self._length, self._length + len(text)))
        self.plain(text)

    def answer_begins(self) -> None:
        """Mark that the model writes from here on; only the first call counts."""
        self._written_from = self._length if self._written_from is None else self._written_from

    def prompt(self) -> Prompt:
        """The finished prompt."""
        start = self._length if self._written_from is None else self._written_from
        return Prompt("".join(self._pieces), tuple(self._segments), start)


def one_line(text: str) -> str:
    """The text with every run of white space replaced by one space."""
    return " ".join(text.split())


def _after_colon(text: str) -> str:
    return f" {one_line(text)}"


def numbered(documents: Sequence[str]) -> str:
    """The documents, one per line, numbered from 1."""
    return "".join(f"\n[{i}]{_after_colon(text)}" for i, text in enumerate(documents, 1))


def prose(text: str) -> Prompt:
    """Plain text to continue."""
    return Prompt(text, (), len(text))


def standard_rag(
    documents: Sequence[str],
    question: str,
    answer: str | None = None,
    *,
    more: Sequence[tuple[str, str]] = (),
    demonstrations: Sequence[WorkedDraft] = (),
) -> Prompt:
    """Documents, then the question, then the answer alone; more: further questions and answers before this one.

    demonstrations: answered questions shown before, each with its own documents."""
    writer = _Writer()
    writer.segment("task", STANDARD_TASK)
    for worked in demonstrations:
        shown = standard_rag(worked.documents, worked.question, worked.response)
        writer.segment("demonstration", f"{shown.text.removeprefix(STANDARD_TASK)}\n")
    writer.plain("\n## Documents:")
    writer.segment("documents", numbered(documents))
    for earlier_question, earlier_answer in more:
        _write_question(writer, earlier_question, earlier_answer)
    _write_question(writer, question, answer)
    return writer.prompt()


def _write_question(writer: _Writer, question: str, answer: str | None) -> None:
    writer.plain("\n## Question:")
    writer.segment("question", _after_colon(question))
    writer.plain("\n## Answer:")
    writer.answer_begins()
    if answer is not None:
        writer.segment("answer", _after_colon(answer))


def rag_draft(
    documents: Sequence[str],
    question: str,
    rationale: str | None = None,
    response: str | None = None,
    *,
    demonstrations: Sequence[WorkedDraft] = (),
) -> Prompt:
    """The drafter's prompt of Speculative RAG: question, documents, then rationale before response.

    demonstrations: drafts shown before it."""
    writer = _Writer()
    writer.segment("task", DRAFT_TASK)
    for worked in demonstrations:
        shown = rag_draft(worked.documents, worked.question, worked.rationale, worked.response)
        writer.segment("demonstration", f"{shown.text.removeprefix(DRAFT_TASK)}\n")
    writer.plain("\n## Instruction:")
    writer.segment("question", _after_colon(question))
    writer.plain("\n## Evidence:")
    writer.segment("documents", numbered(documents))
    writer.plain("\n## Rationale:")
    writer.answer_begins()
    if rationale is not None:
        writer.segment("rationale", _after_colon(rationale))
        writer.plain(RESPONSE_FOLLOWS)
    if response is not None:
        writer.segment("answer", _after_colon(response))
    return writer.prompt()


def reflection(question: str, response: str, rationale: str, verdict: bool | None = None) -> Prompt:
    """The verifier's prompt of Speculative RAG, without documents: response, rationale, then Yes or No.

    One forward over it gives self-containment (the segments answer and rationale) and self-reflection (verdict)."""
    writer = _Writer()
    writer.segment("task", REFLECT_TASK)
    writer.plain("\n## Instruction:")
    writer.segment("question", _after_colon(question))
    writer.plain(RESPONSE_FOLLOWS)
    writer.segment("answer", _after_colon(response))
    writer.plain("\n## Rationale:")
    writer.segment("rationale", _after_colon(rationale))
    writer.plain("\n")
    writer.segment("reflection", REFLECTION)
    writer.answer_begins()
    if verdict is not None:
        writer.segment("verdict", YES if verdict else NO)
    return writer.prompt()


def drag(
    documents: Sequence[str],
    question: str,
    answer: str | None = None,
    *,
    demonstrations: Sequence[Demonstration] = (),
) -> Prompt:
    """Demonstrations, each with its own documents, then the documents and the question; the answer alone.

    documents: worst first, so that the best stands next to the question."""
    writer = _Writer()
    writer.segment("task", DRAG_TASK)
    for demonstration in demonstrations:
        writer.segment("demonstration", _demonstration_text(demonstration))
    _write_context(writer, documents, question)
    writer.plain("\nAnswer:")
    writer.answer_begins()
    if answer is not None:
        writer.segment("answer", _after_colon(answer))
    return writer.prompt()


def iterdrag(
    documents: Sequence[str],
    question: str,
    steps: Sequence[FollowUp] = (),
    answer: str | None = None,
    *,
    demonstrations: Sequence[Demonstration] = (),
    begun: str = "",
) -> Prompt:
    """As `drag`, with follow-up questions and intermediate answers before the final answer.

    steps: the steps so far; the model continues with one of ITERATION_STARTS on its own line. begun: the beginning of
    the next lines, where it is written for the model; see `begun_step` and `begun_line`."""
    writer = _Writer()
    writer.segment("task", ITERDRAG_TASK)
    for demonstration in demonstrations:
        writer.segment("demonstration", _demonstration_text(demonstration))
    _write_context(writer, documents, question)
    writer.answer_begins()
    _write_steps(writer, steps, answer)
    if begun:
        writer.plain(begun)
    return writer.prompt()


def begun_line(start: str) -> str:
    """A new line that begins in this way."""
    return f"\n{start}"


def begun_step(question: str) -> str:
    """A follow-up question and the beginning of the line that answers it."""
    return f"\n{FOLLOW_UP}{_after_colon(question)}\n{INTERMEDIATE}"


def _write_context(writer: _Writer, documents: Sequence[str], question: str) -> None:
    writer.plain("\n\nContext:")
    writer.segment("documents", numbered(documents))
    writer.plain(QUESTION_LINE)
    writer.segment("question", _after_colon(question))


def _write_steps(writer: _Writer, steps: Sequence[FollowUp], answer: str | None) -> None:
    for step in steps:
        writer.plain(f"\n{FOLLOW_UP}")
        writer.segment("follow_up", _after_colon(step.question))
        writer.plain(f"\n{INTERMEDIATE}")
        writer.segment("intermediate", _after_colon(step.answer))
    if answer is not None:
        writer.plain(f"\n{FINAL}")
        writer.segment("answer", _after_colon(answer))


def _demonstration_text(demonstration: Demonstration) -> str:
    """A demonstration in the layout of the question that follows it."""
    writer = _Writer()
    _write_context(writer, demonstration.documents, demonstration.question)
    if demonstration.steps:
        _write_steps(writer, demonstration.steps, demonstration.answer)
    else:
        writer.plain(f"\nAnswer:{_after_colon(demonstration.answer)}")
    return writer.prompt().text


class ParsedDraft(NamedTuple):
    """A rationale and a response as a model wrote them; empty if it did not get that far."""

    rationale: str
    response: str


def read_draft(written: str) -> ParsedDraft:
    """Parse what a model wrote after a `rag_draft` prompt."""
    rationale, _, response = written.partition(RESPONSE_FOLLOWS)
    return ParsedDraft(one_line(rationale), read_answer(response))


def read_answer(written: str) -> str:
    """The answer in what a model wrote after a prompt for the answer alone: its first line."""
    return one_line(first_line(written))


def first_line(written: str) -> str:
    """The first line of a text that is not empty, without the white space around it."""
    return written.strip().partition("\n")[0].rstrip()


class ParsedIterations(NamedTuple):
    """Follow-ups with their intermediate answers, and the final answer, None if there is none yet."""

    steps: tuple[FollowUp, ...]
    answer: str | None


def read_iterations(written: str) -> ParsedIterations:
    """Parse what a model wrote after an `iterdrag` prompt; lines with none of the three starts are left out."""
    steps: list[FollowUp] = []
    question = ""
    for line in written.splitlines():
        start = next((start for start in ITERATION_STARTS if line.startswith(start)), None)
        if start is None:
            continue
        content = one_line(line.removeprefix(start))
        if start == FINAL:
            return ParsedIterations(tuple(steps), content)
        if start == FOLLOW_UP:
            question = content
        else:
            steps.append(FollowUp(question, content))
    return ParsedIterations(tuple(steps), None)


def messages(prompt: Prompt) -> tuple[Message, ...]:
    """The same content for a chat template: task as system, what a model reads as user, what it wrote as assistant."""
    task = next((segment for segment in prompt.segments if segment.name == "task"), None)
    body_from = 0 if task is None else task.end
    turns = [] if task is None else [Message("system", prompt.text[task.start : task.end])]
    turns.append(Message("user", prompt.text[body_from : prompt.written_from].strip("\n")))
    written = prompt.text[prompt.written_from :]
    return (*turns, Message("assistant", written.strip())) if written else tuple(turns)


def cut(prompt: Prompt) -> Iterator[tuple[SegmentName | None, str]]:
    """Yield the text in pieces, each with its segment's name or None; the pieces join to the text.

    Tokenized one by one they give segment boundaries that are exact in ids."""
    end = 0
    for segment in prompt.segments:
        if segment.start > end:
            yield None, prompt.text[end : segment.start]
        yield segment.name, prompt.text[segment.start : segment.end]
        end = segment.end
    if end < len(prompt.text):
        yield None, prompt.text[end:]
