"""Builds a README's tables, between two marks, from the newest benchmark files.

* imports neither Qt nor torch. A file is <date>-<device>-<name>.json, as `bench decode --out`, `bench gpu --out` and
`bench rag --out` write it."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from engine.errors import InputError

_BEGIN, _END = "<!-- bench:begin, written by `draftscope bench table` -->", "<!-- bench:end -->"
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-(.+)-(decode|gpu|rag)\.json")
_HEAD = ("system", "ms per token", "transformers over ours", "device", "type", "date")
_RAG_HEAD = ("Speculative RAG at fixed counts", "standard RAG ms", "speculated ms", "Speculative RAG ms", "latency cut",
             "cut to speculated", "device", "type", "date")  # fmt: skip
_GPU_COMMAND = "draftscope bench gpu --json --out assets/benchmarks/DATE-DEVICE-gpu.json"
Ci: TypeAlias = tuple[float, float] | None


class _Decode(msgspec.Struct):
    """Fields that the table reads from a file of `bench decode`."""

    ms_per_token: dict[str, float]
    ratio_ci: Ci
    plain_ratio_ci: Ci
    device: str
    dtype: str
    processor: str
    ratio_range: Ci = None
    plain_ratio_range: Ci = None


class _Cell(msgspec.Struct):
    ms_per_token: dict[str, float]
    ratio_ci: Ci
    plain_ratio_ci: Ci
    ratio_range: Ci = None
    plain_ratio_range: Ci = None


class _GptFast(msgspec.Struct):
    ms_per_token: float
    ratio: float
    ratio_ci: Ci
    ratio_range: Ci = None


class _Pair(msgspec.Struct):
    target: str
    drafter: str
    cell: _Cell | None
    gpt_fast: _GptFast | None
    predicted_ms: float | None


class _Gpu(msgspec.Struct):
    """Fields that the table reads from a file of `bench gpu`."""

    pairs: list[_Pair]
    device: str
    dtype: str
    processor: str


class _RagSystem(msgspec.Struct):
    latency_ms: float
    latency_cut: float | None
    latency_cut_ci: Ci
    cut_to_speculated: float | None
    cut_to_speculated_ci: Ci
    latency_cut_range: Ci = None
    cut_to_speculated_range: Ci = None


class _RagRow(msgspec.Struct):
    passage_tokens: int
    systems: dict[str, _RagSystem]


class _Rag(msgspec.Struct):
    """Fields that the table reads from a file of `bench rag`."""

    rows: list[_RagRow]
    target: str
    drafter: str
    note: str
    n: int
    rationale_tokens: int
    answer_tokens: int
    device: str
    dtype: str
    processor: str


class _BenchmarkFile(NamedTuple):
    """A benchmark file and the date, device and name in its file name."""

    date: str
    device: str
    name: str
    path: Path


def benchmarks() -> Path:
    """Folder of the benchmark files."""
    return Path(str(files("assets"))) / "benchmarks"


def rewritten(text: str, folder: Path) -> str:
    """The text with the tables of a folder's newest files between its marks. Raises InputError."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise InputError("the file has no place for the table", f"put {_BEGIN} and {_END} on lines of their own")
    return f"{before}{_BEGIN}\n{_table(folder)}\n{_END}{after}"


def _table(folder: Path) -> str:
    newest = _newest(folder)
    rows = [row for file in newest if file.name != "rag" for row in _rows(file)]
    rag_rows = [row for file in newest if file.name == "rag" for row in _rag_rows(file)]
    lines = [_line(_HEAD), _line(("---",) * len(_HEAD)), *map(_line, rows)]
    if not any(file.name == "gpu" for file in newest):
        lines += ["", f"On a GPU: not measured yet; run `{_GPU_COMMAND}`."]
    if rag_rows:
        lines += ["", _line(_RAG_HEAD), _line(("---",) * len(_RAG_HEAD)), *map(_line, rag_rows)]
    return "\n".join(lines)


def _newest(folder: Path) -> list[_BenchmarkFile]:
    """The newest file of every device and name."""
    newest: dict[tuple[str, str], _BenchmarkFile] = {}
    for path in sorted(folder.glob("*.json")):
        match = _NAME.fullmatch(path.name)
        if match is not None:
            newest[match[2], match[3]] = _BenchmarkFile(match[1], match[2], match[3], path)
    return [newest[key] for key in sorted(newest)]


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def _rows(file: _BenchmarkFile) -> Iterator[tuple[str, ...]]:
    """Rows of a file of `bench decode` or `bench gpu`. Raises InputError where its contents do not match its name."""
    try:
        if file.name == "decode":
            decode = msgspec.json.decode(file.path.read_bytes(), type=_Decode)
            where = _device(decode.device, decode.processor), decode.dtype, file.date
            yield from _system_rows("built-in pair", decode, where)
            return
        gpu = msgspec.json.decode(file.path.read_bytes(), type=_Gpu)
    except (OSError, msgspec.DecodeError) as err:
        raise _unreadable(file, err) from err
    for pair in gpu.pairs:
        yield from _pair_rows(pair, (_device(gpu.device, gpu.processor), gpu.dtype, file.date))


def _rag_rows(file: _BenchmarkFile) -> Iterator[tuple[str, ...]]:
    """One row per measured passage length. Raises InputError where the file's contents do not match its name."""
    try:
        rag = msgspec.json.decode(file.path.read_bytes(), type=_Rag)
    except (OSError, msgspec.DecodeError) as err:
        raise _unreadable(file, err) from err
    title = f"{_pair_title(rag.target, rag.drafter)}{' (timing pair)' if rag.note else ''}"
    where = _device(rag.device, rag.processor), rag.dtype, file.date
    for row in rag.rows:
        if not row.systems:
            continue
        speculative = row.systems["speculative_rag"]
        names = ("standard_rag", "standard_rag_speculative", "speculative_rag")
        times = (f"{row.systems[name].latency_ms:.0f}" for name in names)
        counts = f"{rag.n} × {row.passage_tokens}, rationale {rag.rationale_tokens}, answer {rag.answer_tokens}"
        cuts = (
            _cut(speculative.latency_cut, speculative.latency_cut_ci, speculative.latency_cut_range),
            _cut(speculative.cut_to_speculated, speculative.cut_to_speculated_ci, speculative.cut_to_speculated_range),
        )
        yield f"{title}, {counts}", *times, *cuts, *where


def _unreadable(file: _BenchmarkFile, err: Exception) -> InputError:
    return InputError(f"{file.path.name} cannot be read ({err})", "measure again, with --out")


def _cut(share: float | None, ci: Ci, extremes: Ci) -> str:
    return "" if share is None else f"{share:.0%}{_spread(ci, extremes, '.0%')}"


def _spread(ci: Ci, extremes: Ci, digits: str) -> str:
    """The interval in brackets, otherwise the range in words, where there is one."""
    if ci is not None:
        return f" [{ci[0]:{digits}}, {ci[1]:{digits}}]"
    return "" if extremes is None else f" ({extremes[0]:{digits}} to {extremes[1]:{digits}})"


def _pair_title(target: str, drafter: str) -> str:
    return " with ".join(name.removeprefix("timing:") for name in (target, drafter))


def _device(device: str, processor: str) -> str:
    """Name of the GPU, which comes last in `processor`, where one computed, otherwise of the CPU."""
    cpu, _, gpu = processor.partition("; ")
    return gpu if gpu and device.startswith("cuda") else cpu


def _pair_rows(pair: _Pair, where: tuple[str, str, str]) -> Iterator[tuple[str, ...]]:
    title = f"{_pair_title(pair.target, pair.drafter)} (timing pair)"
    if pair.cell is not None:
        yield from _system_rows(title, pair.cell, where)
    if pair.gpt_fast is not None:
        yield (f"{title}: gpt-fast, speculative", _ms(pair.gpt_fast.ms_per_token),
               _ratio(pair.gpt_fast.ratio, pair.gpt_fast.ratio_ci, pair.gpt_fast.ratio_range)
               + " (gpt-fast over ours)", *where)  # fmt: skip
    if pair.predicted_ms is not None:
        yield f"{title}: reading the weights alone", _ms(pair.predicted_ms), "", *where


def _system_rows(title: str, figures: "_Decode | _Cell", where: tuple[str, str, str]) -> Iterator[tuple[str, ...]]:
    ms = figures.ms_per_token
    # What stands side by side divides, also in older files, whose ratios are medians over prompts.
    drafted, plain = (
        _ratio(ms[f"transformers_{theirs}"] / ms[f"ours_{ours}"], ci, extremes)
        for theirs, ours, ci, extremes in (
            ("assisted", "speculative", figures.ratio_ci, figures.ratio_range),
            ("plain", "plain", figures.plain_ratio_ci, figures.plain_ratio_range),
        )
    )
    yield f"{title}: ours, speculative", _ms(ms["ours_speculative"]), drafted, *where
    yield f"{title}: transformers, assisted", _ms(ms["transformers_assisted"]), "", *where
    yield f"{title}: ours, plain", _ms(ms["ours_plain"]), plain, *where
    yield f"{title}: transformers, plain", _ms(ms["transformers_plain"]), "", *where


def _ms(value: float) -> str:
    return f"{value:.2f}"


def _ratio(value: float, ci: Ci, extremes: Ci) -> str:
    return f"{value:.2f}{_spread(ci, extremes, '.2f')}"
