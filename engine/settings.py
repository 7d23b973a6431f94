"""A method's inputs: the request, the settings of a generation, and configs with checked bounds.

* imports neither Qt nor torch."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from engine.errors import InputError
from engine.events import Setting
from engine.prompts import Message

Config = TypeVar("Config", bound=msgspec.Struct)
AcceptRule: TypeAlias = Literal["token", "block", "recursive", "traversal"]
PolicyName: TypeAlias = Literal["fixed", "best-s", "heuristic", "confidence", "saturation", "fallback", "alpha-0.6"]


class PolicySettings(msgspec.Struct, frozen=True):
    """How the draft length of each round is chosen.

    most_gamma: the longest draft of a policy that lengthens drafts. confidence: the least probability that a drafter
    gives a token it does not stop at. most_ids: length of the text from which on nothing is drafted; least_free_mib:
    memory below which nothing is; 0 for no such limit."""

    name: PolicyName = "fixed"
    most_gamma: int = 16
    confidence: float = 0.4
    most_ids: int = 0
    least_free_mib: int = 0


FIXED_LENGTH = PolicySettings()


_PENALTY = (
    "makes tokens that the text has already less probable, by 1.3 for instance; 1 leaves it to the model's own rules"
)
_RULES = (
    "the penalties, bans and lengths in the model's generation config, as transformers applies them: each drafted "
    "token is judged by the text before it"
)


class GenerationConfig(msgspec.Struct, frozen=True):
    """The settings of every generation; a method's config adds its own."""

    temperature: Annotated[float, Meta(ge=0, le=100, title="Temperature", description="0 is greedy")] = 0.0
    top_k: Annotated[int, Meta(ge=0, title="Top-k", description="keep the k most probable tokens; 0 keeps all")] = 0
    top_p: Annotated[
        float, Meta(gt=0, le=1, title="Top-p", description="keep the best tokens that reach p together")
    ] = 1.0
    min_p: Annotated[
        float, Meta(ge=0, le=1, title="Min-p", description="drop tokens below this share of the best one's probability")
    ] = 0.0
    repetition_penalty: Annotated[float, Meta(gt=0, le=100, title="Repetition penalty", description=_PENALTY)] = 1.0
    generation_rules: Annotated[bool, Meta(title="Obey the model's rules", description=_RULES)] = True
    max_new_tokens: Annotated[int, Meta(ge=1, title="Length", description="new tokens at most")] = 128
    seed: Annotated[int, Meta(ge=0, le=2**53, title="Seed", description="same seed, same tokens")] = 0
    stop_at_end: Annotated[bool, Meta(title="Stop at end of text", description="obey the model's stop tokens")] = True

    @property
    def accept_rule(self) -> AcceptRule:
        """How drafted tokens are accepted; a method whose drafts may be judged otherwise says so."""
        return "token"

    @property
    def draft_policy(self) -> PolicySettings:
        """How the draft length of each round is chosen; a method that offers policies says so."""
        return FIXED_LENGTH


ChatChoice: TypeAlias = Literal["auto", "on", "off"]


class TemplateConfig(GenerationConfig, frozen=True):
    """The settings of a generation whose models may be asked through their chat templates."""

    chat: Annotated[
        ChatChoice, Meta(title="Ask as chat", description="through the chat template; auto: instruct models are")
    ] = "auto"


class ChatConfig(TemplateConfig, frozen=True):
    """The settings of a generation from a prompt of the user's, which may have a system prompt before it."""

    system: Annotated[
        str, Meta(title="System prompt", description="how the model is to answer, before the first question")
    ] = ""


class Request(msgspec.Struct, frozen=True):
    """What to continue. `prompt_ids` are used as they are if present (a fork); otherwise `prompt` is tokenized.

    messages: a whole conversation, whose last turn is the prompt; empty where there are no earlier turns."""

    prompt: str
    prompt_ids: tuple[int, ...] | None = None
    forked_from: str | None = None
    forked_at: int | None = None
    messages: tuple[Message, ...] = ()


def policy_of(settings: Mapping[str, Setting]) -> str:
    """What chooses the draft length; empty where it stays."""
    name = settings.get("policy", "fixed")
    return name if isinstance(name, str) and name != "fixed" else ""


def make_config(kind: type[Config], settings: Mapping[str, Setting]) -> Config:
    """Build a config from settings and check its bounds; all its fields must have defaults.

    Raises InputError naming the setting, its value and the bound."""
    names = set(kind.__struct_fields__)
    unknown_names = sorted(set(settings) - names)
    if unknown_names:
        raise InputError(f"there is no setting {unknown_names[0]!r}", f"settings are: {', '.join(sorted(names))}")
    for name, value in settings.items():
        try:
            with suppress(InputError):  # of settings that do not fit each other: told of all of them together
                msgspec.convert({name: value}, kind)
        except msgspec.ValidationError as err:
            reason = str(err).split(" - at")[0].replace("Expected ", "must be ").replace("`", "")
            raise InputError(
                f"{name.replace('_', '-')} = {value}: {reason}", "choose a value within the bound"
            ) from err
    return msgspec.convert(dict(settings), kind)


def settings_of(config: msgspec.Struct) -> tuple[tuple[str, Setting], ...]:
    """The config's fields as the trace stores them."""
    return tuple((name, getattr(config, name)) for name in config.__struct_fields__)
