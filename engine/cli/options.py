"""Command-line options made from config structs: the same bounds, defaults and help as the window's form."""

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, TypeAlias, cast

import msgspec
import typer
from msgspec import Meta
from typer.models import OptionInfo

from engine import drafters
from engine.commands import Load
from engine.documents.decoding import decode
from engine.documents.index import refuse_missing
from engine.errors import InputError
from engine.events import Setting
from engine.host import early_refusal
from engine.machine.file_kinds import refuse_irregular
from engine.machine.number_text import is_ambiguous, read_number
from engine.machine.paths import is_text
from engine.models.conversation import read_conversation
from engine.settings import ChatChoice, Request

Settings: TypeAlias = Mapping[str, Setting]
Json = Annotated[bool, typer.Option("--json", help="one JSON object a line; the last is the summary")]
WorldForm = Annotated[
    str, typer.Option("--form", help="of the documents: notes of a few facts, pages of 120 to 180 tokens, or both")
]
Prompt = Annotated[str | None, typer.Option(help="the text to continue, or the question to answer")]
PromptFile = Annotated[
    Path | None, typer.Option(help="a UTF-8 text file with it, or a conversation: a JSON list of role and content")
]
Trace = Annotated[Path | None, typer.Option(help="save the run to this new file")]
NoSave = Annotated[bool, typer.Option("--no-save", help="do not keep it among the runs (see draftscope runs)")]
Out = Annotated[Path | None, typer.Option(help="write the summary to this file, with machine, versions and date")]

# More than any model reads.
_MOST_PROMPT_BYTES = 64 << 20
# Of anything that is counted: as many take days.
MOST = 10_000_000
_MOST_NUMBERS, _MOST_DIGITS, _LONGEST_DRAFT = 64, 18, 64
_MOST_MINUTES = 1e6

# A choice of three as a switch: given, given as its opposite, or not given.
CHAT_CHOICES: Mapping[Setting | None, ChatChoice] = {None: "auto", True: "on", False: "off"}
Chat = Annotated[
    bool | None, typer.Option("--chat/--raw", help="ask through the chat template; instruct models are by default")
]
_NOT_FINITE = ("nan", "inf", "infinity")  # each setting refuses them by its own bounds
_NO_MODEL = ", ".join(offered.usage for offered in drafters.offered())
_OVER_MODEL = ", ".join(offered.usage for offered in drafters.offered_over_model())


class PairOptions(msgspec.Struct, frozen=True):
    """Which models, where and in what type."""

    target: Annotated[
        str, Meta(description="builtin, a folder, a GGUF file, a hub id in the cache, or timing:NAME")
    ] = "builtin"
    drafter: Annotated[
        str,
        Meta(
            description=f"builtin[:small|:misaligned|:rag|:longspec], a folder (a model or a LongSpec drafter), "
            f"GGUF file or hub id, {_OVER_MODEL}, {_NO_MODEL}, none; auto fits the target"
        ),
    ] = "auto"
    device: Annotated[str, Meta(description="auto, cpu, cuda or cuda:N")] = "auto"
    drafter_device: Annotated[str, Meta(description="auto is the target's device")] = "auto"
    dtype: Annotated[str, Meta(description="auto, fastest (measured), float32, bfloat16 or float16")] = "auto"
    runtime: Annotated[
        str,
        Meta(
            description="fused: our own forward, on CUDA as graphs; fused-eager: without graphs; modules: "
            "transformers'; auto is fused where it is exact"
        ),
    ] = "auto"
    quantize: Annotated[
        str, Meta(description="none, int8 or int4 weights of the target, through torchao (the extra `quantize`)")
    ] = "none"

    def chosen_drafter(self) -> str:
        """The drafter's SPEC: for `auto`, the built-in one beside the built-in target, prompt lookup elsewhere."""
        if self.drafter != "auto":
            return self.drafter
        return "builtin" if self.target == "builtin" else "lookup"

    def load(self) -> Load:
        """The command that loads the pair."""
        return Load(
            self.target, self.chosen_drafter(), self.device, self.drafter_device, self.dtype, self.runtime,
            self.quantize,
        )  # fmt: skip


def decimal(help: str) -> OptionInfo:
    """An option for a number with decimals, written with a point or a comma."""
    return cast(OptionInfo, typer.Option(help=help, parser=_decimal, metavar="FLOAT"))


def _decimal(text: str | float) -> float:
    """Read the number of an option, or take its default.

    Raises BadParameter where there is none, InputError for a comma that may also stand between thousands."""
    if isinstance(text, float):
        return text
    if is_ambiguous(text):
        without, point = text.replace(",", ""), text.replace(",", ".")
        raise InputError(f"{text} may be read in two ways", f"write {without} or {point}")
    number = read_number(text)
    if number is None and text.strip().lower().lstrip("+-") not in _NOT_FINITE:
        raise typer.BadParameter(f"{text!r} is not a number, such as 0.7 or 0,7")
    return float(text) if number is None else number


def numbers(name: str, text: str, *, default: tuple[int, ...]) -> tuple[int, ...]:
    """Parse whole numbers from 1 on, separated by commas; the default where the text is empty. Raises InputError."""
    parts = [part.strip() for part in text.split(",")] if text else []
    shown, way_out = f"--{name} {text[:80]}{'…' * (len(text) > 80)}", f"write for instance --{name} 2,4"
    if not all(map(whole_number, parts)):
        raise InputError(f"{shown}: not a list of whole numbers >= 1", way_out)
    values = tuple(dict.fromkeys(map(int, parts))) or default
    if len(values) > _MOST_NUMBERS:
        raise InputError(f"{shown}: {len(values):,} numbers, more than {_MOST_NUMBERS}", way_out)
    refuse_above(name, max(values, default=0), _LONGEST_DRAFT if name.startswith("gamma") else MOST)
    return values


def whole_number(text: str) -> int | None:
    """The number of a text of ASCII digits alone; None for anything else, and for more digits than any count has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def refuse_minutes(name: str, value: float) -> None:
    """Raises InputError for what is no span of time that anybody waits for; infinity and NaN are none."""
    if not 0 < value <= _MOST_MINUTES:
        raise InputError(f"{name} = {value:g}: must be > 0, at most a million", "name the minutes that it may take")


def refuse_above(name: str, value: int, most: int) -> None:
    """Raises InputError for a count that no work would ever get through."""
    if value > most:
        raise InputError(f"{name} = {value}: must be <= {most}", "choose a smaller number")


def read_prompt(prompt: str | None, file: Path | None) -> str:
    """Read the prompt from one of two places. Raises InputError: none, both, unreadable, not text or empty."""
    if (prompt is None) == (file is None):
        raise InputError("give exactly one of --prompt and --prompt-file", 'for instance --prompt "The harbour"')
    if file is not None:
        refuse_irregular(file, "name a UTF-8 text file", most_bytes=_MOST_PROMPT_BYTES)
        prompt = _file_text(file)
    assert prompt is not None
    if not is_text(prompt):
        raise InputError("the prompt is not valid UTF-8", "write it in UTF-8, or name a file with it")
    if not prompt.strip():
        raise InputError("the prompt is empty", "write at least one word")
    return prompt


def _file_text(file: Path) -> str:
    """The text of a prompt file in Unicode, without a byte-order mark. Raises InputError."""
    try:
        decoded = decode(file.read_bytes())
    except OSError as err:
        reason = err.strerror or str(err)
        raise InputError(f"the prompt file {file} cannot be read ({reason})", "name a UTF-8 text file") from err
    if decoded is None:
        raise InputError(f"the prompt file {file} is no text", "name a UTF-8 text file")
    if decoded.n_replaced or (decoded.guessed and not decoded.encoding.startswith("utf-16")):
        raise InputError(f"the prompt file {file} is not in UTF-8", "save it in UTF-8, so that no letter is guessed")
    return decoded.text


def read_request(prompt: str | None, file: Path | None) -> Request:
    """The prompt, or the conversation in the file. Raises InputError as `read_prompt`, or for turns out of order."""
    text = read_prompt(prompt, file)
    messages = () if file is None else read_conversation(text)
    return Request(messages[-1].content, messages=messages) if messages else Request(text)


def with_options(
    config: type[msgspec.Struct], *, hidden: tuple[str, ...] = ()
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options of PairOptions and of `config`; it receives `pair` and `settings` instead.

    hidden: fields of either that the command fixes itself, or has an option of its own for."""

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        """The command with the options in its signature, from which typer reads them."""
        pair_fields = [p for p in _parameters(PairOptions) if p.name not in hidden]
        config_fields = [p for p in _parameters(config) if p.name not in hidden]
        signature = inspect.signature(command)
        own = [p for p in signature.parameters.values() if p.name not in ("pair", "settings")]

        @functools.wraps(command)
        def run(**values: Setting) -> int:
            pair = msgspec.convert({p.name: values.pop(p.name) for p in pair_fields}, PairOptions)
            settings = {p.name: values.pop(p.name) for p in config_fields}
            if "chat" in settings:
                settings["chat"] = CHAT_CHOICES[settings["chat"]]
            # Before torch is imported, which takes many seconds.
            early_refusal.refuse(pair.load())
            refuse_missing(str(settings.get("index", "builtin")))
            return command(pair=pair, settings=settings, **values)

        parameters = [*own, *pair_fields, *config_fields]
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate


def _parameters(kind: type[msgspec.Struct]) -> list[inspect.Parameter]:
    return [_parameter(field) for field in msgspec.structs.fields(kind)]


def _parameter(field: msgspec.structs.FieldInfo) -> inspect.Parameter:
    if field.name == "chat":
        return inspect.Parameter("chat", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Chat)
    metas = getattr(field.type, "__metadata__", ())
    help_text = next((meta.description for meta in metas if isinstance(meta, Meta) and meta.description), "")
    kind = getattr(field.type, "__origin__", field.type)
    short = (f"--{field.name}", f"-{field.name}") if len(field.name) == 1 else ()
    option = decimal(help_text) if kind is float else typer.Option(*short, help=help_text)
    annotation = Annotated[kind, option]  # type: ignore[valid-type]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation)
