"""The table of the newest benchmark files for a README, between two marks; measures nothing.

* imports neither Qt nor torch. A file is <date>-<device>-<name>.json, as `bench decode --out` and `bench gpu --out`
write it."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from engine.errors import InputError

_BEGIN, _END = "<!-- bench:begin, written by `draftscope bench table` -->", "<!-- bench:end -->"
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-(.+)-(decode|gpu)\.json")
_HEAD = ("system", "ms per token", "transformers over ours", "device", "type", "date")
_GPU_COMMAND = "draftscope bench gpu --json --out assets/benchmarks/DATE-DEVICE-gpu.json"
Ci: TypeAlias = tuple[float, float] | None


class _Decode(msgspec.Struct):
    """What the table reads of a file of `bench decode`."""

    ms_per_token: dict[str, float]
    ratio_vs_transformers: float
    ratio_ci: Ci
    plain_ratio: float
    plain_ratio_ci: Ci
    device: str
    dtype: str
    processor: str


class _Cell(msgspec.Struct):
    ms_per_token: dict[str, float]
    ratio_vs_transformers: float
    ratio_ci: Ci
    plain_ratio: float
    plain_ratio_ci: Ci


class _GptFast(msgspec.Struct):
    ms_per_token: float
    ratio: float
    ratio_ci: Ci


class _Pair(msgspec.Struct):
    target: str
    drafter: str
    cell: _Cell | None
    gpt_fast: _GptFast | None
    predicted_ms: float | None


class _Gpu(msgspec.Struct):
    """What the table reads of a file of `bench gpu`."""

    pairs: list[_Pair]
    device: str
    dtype: str
    processor: str


class _Found(NamedTuple):
    """A benchmark file: when and what, as its name says."""

    date: str
    device: str
    name: str
    path: Path


def benchmarks() -> Path:
    """Where benchmark files lie."""
    return Path(str(files("assets"))) / "benchmarks"


def rewritten(text: str, folder: Path) -> str:
    """The text with the table of a folder's newest files between its marks. Raises InputError."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise InputError("the file has no place for the table", f"put {_BEGIN} and {_END} on lines of their own")
    return f"{before}{_BEGIN}\n{_table(folder)}\n{_END}{after}"


def _table(folder: Path) -> str:
    newest = _newest(folder)
    rows = [row for found in newest for row in _rows(found)]
    lines = [_line(_HEAD), _line(("---",) * len(_HEAD)), *map(_line, rows)]
    if not any(found.name == "gpu" for found in newest):
        lines += ["", f"On a GPU: not measured yet; run `{_GPU_COMMAND}`."]
    return "\n".join(lines)


def _newest(folder: Path) -> list[_Found]:
    """The newest file of every device and name."""
    kept: dict[tuple[str, str], _Found] = {}
    for path in sorted(folder.glob("*.json")):
        match = _NAME.fullmatch(path.name)
        if match is not None:
            kept[match[2], match[3]] = _Found(match[1], match[2], match[3], path)
    return [kept[key] for key in sorted(kept)]


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def _rows(found: _Found) -> Iterator[tuple[str, ...]]:
    """Raises InputError where a file is not what its name says."""
    try:
        if found.name == "decode":
            decode = msgspec.json.decode(found.path.read_bytes(), type=_Decode)
            where = _device(decode.device, decode.processor), decode.dtype, found.date
            yield from _systems("built-in pair", decode, where)
            return
        gpu = msgspec.json.decode(found.path.read_bytes(), type=_Gpu)
    except (OSError, msgspec.DecodeError) as err:
        raise InputError(f"{found.path.name} cannot be read ({err})", "measure again, with --out") from err
    for pair in gpu.pairs:
        yield from _of_pair(pair, (_device(gpu.device, gpu.processor), gpu.dtype, found.date))


def _device(device: str, processor: str) -> str:
    """The name of what computed: of the GPU, which stands last, or of the processor."""
    cpu, _, gpu = processor.partition("; ")
    return gpu if gpu and device.startswith("cuda") else cpu


def _of_pair(pair: _Pair, where: tuple[str, str, str]) -> Iterator[tuple[str, ...]]:
    short = [name.removeprefix("timing:") for name in (pair.target, pair.drafter)]
    title = f"{short[0]} with {short[1]} (timing pair)"
    if pair.cell is not None:
        yield from _systems(title, pair.cell, where)
    if pair.gpt_fast is not None:
        yield (f"{title}: gpt-fast, speculative", _ms(pair.gpt_fast.ms_per_token),
               _ratio(pair.gpt_fast.ratio, pair.gpt_fast.ratio_ci) + " (gpt-fast over ours)", *where)  # fmt: skip
    if pair.predicted_ms is not None:
        yield f"{title}: reading the weights alone", _ms(pair.predicted_ms), "", *where


def _systems(title: str, measured: "_Decode | _Cell", where: tuple[str, str, str]) -> Iterator[tuple[str, ...]]:
    ms = measured.ms_per_token
    drafted = _ratio(measured.ratio_vs_transformers, measured.ratio_ci)
    plain = _ratio(measured.plain_ratio, measured.plain_ratio_ci)
    yield f"{title}: ours, speculative", _ms(ms["ours_speculative"]), drafted, *where
    yield f"{title}: transformers, assisted", _ms(ms["transformers_assisted"]), "", *where
    yield f"{title}: ours, plain", _ms(ms["ours_plain"]), plain, *where
    yield f"{title}: transformers, plain", _ms(ms["transformers_plain"]), "", *where


def _ms(value: float) -> str:
    return f"{value:.2f}"


def _ratio(value: float, ci: Ci) -> str:
    return f"{value:.2f}" if ci is None else f"{value:.2f} [{ci[0]:.2f}, {ci[1]:.2f}]"
