"""Turns a conversation into the text and ids that an instruct model expects, through its own chat template."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import NamedTuple

import jinja2
from transformers import PreTrainedTokenizerBase
from transformers.utils import chat_template_utils

from engine.errors import InputError
from engine.models.conversation import alternating
from engine.models.template_limits import TemplateTooLong, limited_time, refuse_endless_sums
from engine.prompts import Message
from engine.settings import ChatConfig

# A template may refuse what it is given in any way that Python knows; the sandbox raises errors of its own.
_FAULTS = (
    jinja2.TemplateError, TemplateTooLong, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
    RuntimeError, MemoryError,
)  # fmt: skip
_WAY_OUT = "ask without the chat template (raw), or correct the template in the model's folder"
_BASE = re.compile(r"(?:^|[-_.])(?:base|pt|pretrained|foundation)(?:$|[-_.])", re.IGNORECASE)
_INSTRUCT = re.compile(
    r"(?:^|[-_.])(?:instruct|instruction|chat|it|sft|dpo|rlhf|assistant)(?:$|[-_.0-9])", re.IGNORECASE
)
_COMMIT = re.compile("[0-9a-f]{40}|snapshots")
_USER, _SYSTEM, _ASSISTANT = "one lantern", "two harbours", "three gulls"
_BREAK = "\U000f0000"  # the mark by which transformers keeps the text on both sides of it apart
_MARKS = re.compile("[\U000f0000\U000f0001]")


class RenderedChat(NamedTuple):
    """A conversation as its template writes it, and its ids."""

    text: str
    ids: tuple[int, ...]


class ChatTemplate:
    """The chat template of one tokenizer.

    is_default: whether its model is an instruct model, which is asked as chat unless the user says otherwise.
    why: the reason of that, in words.
    merges_system: whether it has no place for a system prompt, which is then the beginning of the first user turn.
    end_ids: the tokens that end a turn of the assistant."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, name: str, stop_ids: frozenset[int] = frozenset()) -> None:
        """name: the model's; stop_ids: the tokens that end its text according to its configuration."""
        self._tokenizer, self._name = tokenizer, name
        self.merges_system = False
        self.end_ids: frozenset[int] = frozenset()
        fault = self._probe()
        self.is_default, self.why = _instruct(name, fault, bool(self.end_ids & stop_ids))

    def _probe(self) -> str:
        """Learn how it writes turns from two short conversations; returns why it cannot be used, if so."""
        user, assistant = Message("user", _USER), Message("assistant", _ASSISTANT)
        try:
            self._write((user,), asks=True)
        except InputError as err:
            return err.message
        with suppress(InputError):
            self.end_ids = self._end_of_turn(self._write((user, assistant), asks=False))
        try:
            self.merges_system = _SYSTEM not in self._write((Message("system", _SYSTEM), user), asks=True)
        except InputError:
            self.merges_system = True
        return ""

    def _end_of_turn(self, text: str) -> frozenset[int]:
        """The first special token after what the assistant wrote."""
        _, answer, rest = text.rpartition(_ASSISTANT)
        ids = self._tokenizer(rest, add_special_tokens=False)["input_ids"] if answer else ()
        return frozenset(next(([token] for token in ids if token in self._special_ids), ()))

    def render(self, messages: Sequence[Message], *, open_answer: str = "") -> RenderedChat:
        """Write a conversation up to where the assistant goes on; open_answer: how its answer begins, verbatim.

        Only what the template itself writes becomes a control token; the same characters in a message are text.
        Raises InputError where turns do not alternate, or the template fails."""
        turns = alternating(messages)
        if self.merges_system:
            turns = _merged(turns)
        marked = [Message(turn.role, self._marked(turn.content, turn.role)) for turn in turns]
        text = self._write(marked, asks=True) + self._marked(open_answer, "assistant")
        ids = chat_template_utils.encode_marked_chat(self._tokenizer, text)
        return RenderedChat(_MARKS.sub("", text), tuple(ids))

    def around(self, messages: Sequence[Message], body: str) -> tuple[RenderedChat, RenderedChat] | None:
        """What is written before and after the last place of `body`, which is in the last message and holds no control
        token; None if the template drops it. Raises InputError."""
        turns = alternating(messages)
        turns = _merged(turns) if self.merges_system else turns
        marked = [Message(turn.role, self._marked(turn.content, turn.role)) for turn in turns]
        before, middle, after = self._write(marked, asks=True).rpartition(body)
        if not middle:
            return None
        first, second = (
            RenderedChat(_MARKS.sub("", text), tuple(chat_template_utils.encode_marked_chat(self._tokenizer, text)))
            for text in (before, after)
        )
        return first, second

    def opening(self) -> tuple[int, ...]:
        """The ids before the text of a first user turn: after them the model can write a conversation by itself.

        Raises InputError."""
        before = self._write((Message("user", _USER),), asks=True).partition(_USER)[0]
        return tuple(chat_template_utils.encode_marked_chat(self._tokenizer, before))

    def _marked(self, text: str, role: str) -> str:
        """The text with its control tokens marked, and a break where what follows could make one of its end."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        tokens = self._special_tokens if role == "assistant" else self._control_tokens
        pattern = re.compile("|".join(re.escape(token) for token in tokens) or "(?!)")
        marked: str = chat_template_utils.mark_control_tokens(clean, pattern)
        return _broken_at_the_end(marked, tokens)

    @cached_property
    def _special_ids(self) -> frozenset[int]:
        return frozenset(index for index, token in self._tokenizer.added_tokens_decoder.items() if token.special)

    @cached_property
    def _special_tokens(self) -> tuple[str, ...]:
        """What controls the model, the longest first."""
        added = self._tokenizer.added_tokens_decoder.values()
        return tuple(sorted({token.content for token in added if token.special}, key=len, reverse=True))

    @cached_property
    def _control_tokens(self) -> tuple[str, ...]:
        """The special tokens, and those that the template names (`<think>`, `<tool_call>`), which others may not write.

        White space, an added token of some models, is text."""
        source = self._source()
        named = {token.content for token in self._tokenizer.added_tokens_decoder.values() if token.content in source}
        controls = {*self._special_tokens, *(token for token in named if token.strip())}
        return tuple(sorted(controls, key=len, reverse=True))

    def _source(self) -> str:
        with self._readable():
            return str(self._tokenizer.get_chat_template())

    def _write(self, turns: Sequence[Message], *, asks: bool) -> str:
        """What the template writes; asks: up to where the assistant begins. Raises InputError."""
        with self._readable():
            refuse_endless_sums(self._source())
            with limited_time():
                text = self._tokenizer.apply_chat_template(
                    [turn._asdict() for turn in turns], tokenize=False, add_generation_prompt=asks
                )
        return str(text)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Turn what a template raises into InputError, in one line."""
        try:
            yield
        except _FAULTS as err:
            reason = " ".join((str(err).strip() or type(err).__name__).split())[:200]
            raise InputError(f"the chat template of {self._name} fails: {reason}", _WAY_OUT) from err


def _instruct(name: str, fault: str, stops_at_turns: bool) -> tuple[bool, str]:
    """Whether a model with a template is asked as chat, and why.

    Base models often carry the template of their family: the name tells, or that their text ends with a turn."""
    # The folder of a hub's cache is called after a commit, and the model's own folder is two above it.
    parts = [part for part in re.split(r"[/\\]", name) if part and not _COMMIT.fullmatch(part)]
    last = parts[-1] if parts else name
    if fault:
        return False, fault
    if _BASE.search(last):
        return False, "a base model by its name: its text is continued as it is"
    if _INSTRUCT.search(last) or stops_at_turns:
        return True, "instruct model: asked through its chat template"
    return False, "it has a chat template, but its text does not end with a turn: a base model, continued as it is"


def _broken_at_the_end(text: str, tokens: Sequence[str]) -> str:
    """The text with a break inside an end that is the beginning of a control token, so that nothing completes it."""
    kept = text.rstrip()
    n_open = max((n for token in tokens for n in range(1, len(token)) if kept.endswith(token[:n])), default=0)
    place = len(kept) - n_open + 1
    return text[:place] + _BREAK + text[place:] if n_open else text


def _merged(turns: tuple[Message, ...]) -> tuple[Message, ...]:
    """The turns with the system prompt at the beginning of the first user turn."""
    if turns[0].role != "system":
        return turns
    return (Message("user", f"{turns[0].content}\n\n{turns[1].content}"), *turns[2:])


def without_template(name: str, needs: str = "") -> InputError:
    """The refusal of a model that has no chat template; needs: what cannot be asked without."""
    wanted = f", which {needs} needs" if needs else ""
    way_out = f"ask without {needs}" if needs else "have the text continued as it is (--raw)"
    return InputError(f"{name} has no chat template{wanted}", f"{way_out}, or use an instruct model")


def asked_as_chat(template: ChatTemplate | None, name: str, config: ChatConfig, *, in_turns: bool = False) -> bool:
    """Whether a model is asked through its chat template; in_turns: a conversation is to be continued.

    name: the model's. Raises InputError where it cannot be, or cannot be asked otherwise."""
    needs = "a conversation of several turns" if in_turns else "a system prompt" if config.system.strip() else ""
    if config.chat == "off" and needs:
        raise InputError(f"{needs} is asked as chat, which is switched off", "switch it on, or ask without that")
    if template is None and (needs or config.chat == "on"):
        raise without_template(name, needs)
    return (
        config.chat == "on" or bool(needs) or (config.chat == "auto" and template is not None and template.is_default)
    )
