"""The window's command line; imports no Qt."""

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
_SMALLEST, _LARGEST = 480, 8192


class Picture(NamedTuple):
    """A screenshot to make. trace: the run, training or measurement to show, None for one of the pair."""

    out: Path
    workspace: str
    trace: Path | None
    scheme: Literal["light", "dark"]
    width: int
    height: int


class Arguments(NamedTuple):
    """What the window was started with. named: the pair was asked for, not the default. engine: None as last time."""

    pair: Load
    named: bool
    picture: Picture | None
    engine: HostKind | None = None


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line instead of a box of usage."""

    def error(self, message: str) -> NoReturn:
        """Raises InputError."""
        raise InputError(f"draftscope: {message}", "see draftscope --help")


def parse(argv: Sequence[str]) -> Arguments:
    """Read the command line. Raises InputError."""
    given = _parser().parse_args(argv)
    named = given.target is not None or given.drafter is not None
    given.target = given.target or "builtin"
    drafter = given.drafter or ("builtin" if given.target == "builtin" else "lookup")
    pair = Load(target=given.target, drafter=drafter, device=given.device, dtype=given.dtype)
    return Arguments(pair, named, _picture(given), given.engine)


def _parser() -> argparse.ArgumentParser:
    views = list(workspaces.views())
    parser = _Parser(
        prog="draftscope",
        description="Opens the window. With a sub-command (decode, compare, runs, ...) it works without one.",
        allow_abbrev=False,
    )
    parser.add_argument("--target", metavar="SPEC", help="builtin, a folder, or a cached hub id")
    no_model = ", ".join(offered.usage for offered in drafters.offered())
    parser.add_argument(
        "--drafter", metavar="SPEC", help=f"builtin[:small|:misaligned|:rag], {no_model}, none, a folder"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--dtype", choices=_DTYPES, default="auto", help="number type of the weights")
    parser.add_argument("--engine", choices=_ENGINES, help="where it runs: on a thread of the window, or apart from it")
    picture = parser.add_argument_group("screenshot")
    picture.add_argument("--screenshot", metavar="OUT.png", type=Path, help="render a workspace to a picture and exit")
    picture.add_argument("--workspace", metavar="NAME", default=views[0], help=", ".join(views))
    picture.add_argument("--trace", metavar="FILE", type=Path, help="the run or training to show")
    picture.add_argument("--scheme", choices=("light", "dark"), default="light")
    picture.add_argument("--size", metavar="WxH", default="1600x1000")
    return parser


def _picture(given: argparse.Namespace) -> Picture | None:
    if given.screenshot is None:
        if given.trace is not None:
            raise InputError("draftscope: --trace goes with --screenshot", "open a run with Ctrl+O in the window")
        return None
    if given.workspace not in (views := workspaces.views()):
        raise InputError(f"draftscope: there is no workspace {given.workspace!r}", f"use one of: {', '.join(views)}")
    if given.screenshot.suffix.lower() != ".png":
        raise InputError(f"draftscope: {given.screenshot} does not end in .png", "name a PNG file")
    if not given.screenshot.resolve().parent.is_dir():
        raise InputError(f"draftscope: there is no folder {given.screenshot.parent}", "make it first")
    width, height = _size(given.size)
    return Picture(given.screenshot, given.workspace, given.trace, given.scheme, width, height)


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    sides = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(_SMALLEST <= side <= _LARGEST for side in sides):
        raise InputError(
            f"draftscope: --size {text} is not a size", f"write WIDTHxHEIGHT, each {_SMALLEST} to {_LARGEST}"
        )
    return sides
