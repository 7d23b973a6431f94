"""Parses the window's command line; imports no Qt."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn, get_args

from app import workspaces
from engine import drafters
from engine.commands import Load
from engine.errors import InputError
from engine.events import HostKind

_DTYPES = ("auto", "float32", "bfloat16", "float16")
_ENGINES: tuple[HostKind, ...] = get_args(HostKind)
_MIN_SIDE, _MAX_SIDE = 480, 8192


# What belongs to a picture, and how it is done in the window.
_IN_THE_WINDOW = {
    "trace": "open a run with Ctrl+O in the window",
    "workspace": "choose a tab in the window",
    "scheme": "choose light or dark in the settings of the window, Ctrl+,",
    "size": "drag the edge of the window",
}


class Picture(NamedTuple):
    """A screenshot to take. trace: the run, training or measurement to show, None for a new run of the pair."""

    out: Path
    workspace: str
    trace: Path | None
    scheme: Literal["light", "dark"]
    width: int
    height: int


class Arguments(NamedTuple):
    """The parsed command line. named: the pair was named, not the default. engine: None for the last choice. no_save:
    nothing that is done in the window is kept."""

    pair: Load
    named: bool
    picture: Picture | None
    engine: HostKind | None = None
    no_save: bool = False


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line instead of the full usage."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        raise InputError(f"draftscope: {message}", "see draftscope --help")


def parse(argv: Sequence[str]) -> Arguments:
    """Read the command line. Raises InputError."""
    options = _parser().parse_args(argv)
    named = options.target is not None or options.drafter is not None
    options.target = options.target or "builtin"
    drafter = options.drafter or ("builtin" if options.target == "builtin" else "lookup")
    pair = Load(target=options.target, drafter=drafter, device=options.device, dtype=options.dtype)
    return Arguments(pair, named, _picture(options), options.engine, options.no_save)


def _parser() -> argparse.ArgumentParser:
    views = list(workspaces.views())
    parser = _Parser(
        prog="draftscope",
        description="Opens the window. With a sub-command (decode, compare, runs, ...) it works without one.",
        allow_abbrev=False,
    )
    parser.add_argument("--target", metavar="SPEC", help="builtin, a folder, or a cached hub id")
    no_model = ", ".join(drafter.usage for drafter in drafters.offered())
    parser.add_argument(
        "--drafter", metavar="SPEC", help=f"builtin[:small|:misaligned|:rag], {no_model}, none, a folder"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--dtype", choices=_DTYPES, default="auto", help="number type of the weights")
    parser.add_argument("--engine", choices=_ENGINES, help="where it runs: on a thread of the window, or apart from it")
    parser.add_argument("--no-save", action="store_true", help="keep nothing of what is done in the window")
    picture = parser.add_argument_group("screenshot")
    picture.add_argument("--screenshot", metavar="OUT.png", type=Path, help="render a workspace to a picture and exit")
    picture.add_argument("--workspace", metavar="NAME", help=", ".join(views))
    picture.add_argument("--trace", metavar="FILE", type=Path, help="the run or training to show")
    picture.add_argument("--scheme", choices=("light", "dark"))
    picture.add_argument("--size", metavar="WxH", help="1600x1000 unless said")
    return parser


def _picture(options: argparse.Namespace) -> Picture | None:
    if options.screenshot is None:
        for name, way in _IN_THE_WINDOW.items():
            if getattr(options, name) is not None:
                raise InputError(f"draftscope: --{name} goes with --screenshot", way)
        return None
    views = list(workspaces.views())
    workspace = views[0] if options.workspace is None else options.workspace
    if workspace not in views:
        raise InputError(f"draftscope: there is no workspace {workspace!r}", f"use one of: {', '.join(views)}")
    if options.screenshot.suffix.lower() != ".png":
        raise InputError(f"draftscope: {options.screenshot} does not end in .png", "name a PNG file")
    if not options.screenshot.resolve().parent.is_dir():
        raise InputError(f"draftscope: there is no folder {options.screenshot.parent}", "make it first")
    width, height = _size(options.size or "1600x1000")
    return Picture(options.screenshot, workspace, options.trace, options.scheme or "light", width, height)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(_MIN_SIDE <= side <= _MAX_SIDE for side in sides):
        raise InputError(
            f"draftscope: --size {text} is not a size", f"write WIDTHxHEIGHT, each {_MIN_SIDE} to {_MAX_SIDE}"
        )
    return sides
