"""`draftscope run METHOD`: any method, with the options of its own config."""

from collections.abc import Callable

import msgspec
import typer

from engine import methods
from engine.cli.following import follow
from engine.cli.kept_log import Saving
from engine.cli.options import (
    Json,
    NoSave,
    PairOptions,
    Prompt,
    PromptFile,
    Settings,
    Trace,
    read_request,
    with_options,
)
from engine.cli.rag_ask import rag_pair
from engine.cli.scaling import copying
from engine.method import MethodSpec


def commands() -> typer.Typer:
    """One command per discovered method."""
    tree = typer.Typer(no_args_is_help=True, help="Run any method; its settings are its options.")
    for method in methods.discover().values():
        tree.command(method.name, help=f"{method.title}: {method.help}", short_help=f"{method.title}.")(
            _command(method)
        )
    return tree


def _command(method: MethodSpec) -> Callable[..., int]:
    @with_options(method.config)
    def run(
        *, pair: PairOptions, settings: Settings, prompt: Prompt = None, prompt_file: PromptFile = None,
        trace: Trace = None, no_save: NoSave = False, json: Json = False,
    ) -> int:  # fmt: skip
        """Run the method once."""
        request = read_request(prompt, prompt_file)
        return follow(method, _pair(method, pair), settings, request, saving=Saving(no_save, trace), json=json)

    return run


def _pair(method: MethodSpec, pair: PairOptions) -> PairOptions:
    """Resolve drafter `auto` for this method: none where it drafts nothing, the RAG drafter for RAG over documents,
    prompt lookup where answers copy from many of them."""
    if pair.drafter == "auto" and not method.drafted:
        return msgspec.structs.replace(pair, drafter="none")
    if pair.drafter == "auto" and method.workspace == "scaling":
        return copying(pair)
    return rag_pair(pair) if method.workspace == "rag" else pair
