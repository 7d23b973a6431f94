"""Command-line options made from config structs: the same bounds, defaults and help as the window's form."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias

import msgspec
import typer
from msgspec import Meta

from engine.events import Setting

Settings: TypeAlias = Mapping[str, Setting]
Json = Annotated[bool, typer.Option("--json", help="one JSON object a line; the last is the summary")]


class PairOptions(msgspec.Struct, frozen=True):
    """Which models, where and in what type."""

    target: Annotated[str, Meta(description="builtin, a folder, or a hub id in the cache")] = "builtin"
    drafter: Annotated[
        str,
        Meta(
            description="builtin[:small|:misaligned|:rag], a folder or hub id, lookup[:N], none; auto fits the target"
        ),
    ] = "auto"
    device: Annotated[str, Meta(description="auto, cpu, cuda or cuda:N")] = "auto"
    drafter_device: Annotated[str, Meta(description="auto is the target's device")] = "auto"
    dtype: Annotated[str, Meta(description="auto, fastest (measured), float32, bfloat16 or float16")] = "auto"
    runtime: Annotated[
        str, Meta(description="fused: our own forward, modules: transformers'; auto is fused where it is exact")
    ] = "auto"
    quantize: Annotated[
        str, Meta(description="none, int8 or int4 weights of the target, through torchao (the extra `quantize`)")
    ] = "none"

    def chosen_drafter(self) -> str:
        """The drafter's SPEC: for `auto`, the built-in one beside the built-in target, prompt lookup elsewhere."""
        if self.drafter != "auto":
            return self.drafter
        return "builtin" if self.target == "builtin" else "lookup"


def with_options(
    config: type[msgspec.Struct], *, hidden: tuple[str, ...] = ()
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options of PairOptions and of `config`; it receives `pair` and `settings` instead.

    hidden: fields of the config that the command fixes itself."""

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        """The command with the options in its signature, from which typer reads them."""
        pair_fields = _parameters(PairOptions)
        config_fields = [p for p in _parameters(config) if p.name not in hidden]
        signature = inspect.signature(command)
        own = [p for p in signature.parameters.values() if p.name not in ("pair", "settings")]

        @functools.wraps(command)
        def run(**values: Setting) -> int:
            pair = msgspec.convert({p.name: values.pop(p.name) for p in pair_fields}, PairOptions)
            settings = {p.name: values.pop(p.name) for p in config_fields}
            return command(pair=pair, settings=settings, **values)

        parameters = [*own, *pair_fields, *config_fields]
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate


def _parameters(kind: type[msgspec.Struct]) -> list[inspect.Parameter]:
    return [_parameter(field) for field in msgspec.structs.fields(kind)]


def _parameter(field: msgspec.structs.FieldInfo) -> inspect.Parameter:
    metas = getattr(field.type, "__metadata__", ())
    help_text = next((meta.description for meta in metas if isinstance(meta, Meta) and meta.description), "")
    kind = getattr(field.type, "__origin__", field.type)
    annotation = Annotated[kind, typer.Option(help=help_text)]  # type: ignore[valid-type]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation)
