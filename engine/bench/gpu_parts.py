"""Runs all GPU measurements in one go: each part in its own process, with a file that is written when the part ends.

A part that fails, or leaves the GPU unusable for its process, does not affect the others, and an interrupted run keeps
the parts that have ended. Minutes are estimated from bytes over bandwidth and an assumed time for everything else."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from engine.models import timing_shapes

Status: TypeAlias = Literal["done", "failed", "out of time"]
_DONE: Status = "done"
_FAILED: Status = "failed"
_OUT_OF_TIME: Status = "out of time"
# Cautious assumptions: bytes read per second, weights drawn per second, seconds of a step of transformers' modules.
_READ_PER_S, _DRAWN_PER_S, _THEIR_STEP_S, _START_S = 2e12, 5e9, 0.03, 25.0
_HALF = 2
_CONTEXT, _N_NEW, _N_BLOCKS, _GAMMA = 512, 128, 5, 4
_SWEPT = (512, 4096, 16_384)
_LENGTHS, _LENGTH_NEW, _LENGTH_REPEATS, _WINDOW = (2048, 8192, 32_768), 64, 3, 512
# Operations per second of a prefill, cautiously.
_COMPUTED_PER_S = 2e14
_RAG_REPEATS, _RAG_PASSAGES, _RAG_TOKENS = 5, (200, 800), 50
_TESTS_MINUTES = 1.5


class BenchPart(msgspec.Struct, frozen=True):
    """A part, the file it writes and its estimated cost; argv: Python's arguments, without the file."""

    name: str
    measures: str
    file: str
    argv: tuple[str, ...]
    minutes: float
    memory_bytes: int


class PartEnded(msgspec.Struct, frozen=True):
    """How a part ended. tail: the last lines that it printed."""

    name: str
    status: Status
    file: str
    seconds: float
    tail: str = ""


class _Pair(NamedTuple):
    """A target and a drafter of timing shapes."""

    target: str
    drafter: str

    @property
    def weights_bytes(self) -> int:
        """Weights of both models, in a 16-bit type."""
        return _HALF * sum(timing_shapes.n_parameters(timing_shapes.SHAPES[name]) for name in self)

    def kv_bytes(self, n: int) -> int:
        """Keys and values of both models after n ids."""
        return sum(_kv_bytes(timing_shapes.SHAPES[name], n) for name in self)

    def step_s(self, n: int) -> float:
        """Seconds to read the weights, keys and values of both models once after n ids."""
        return (self.weights_bytes + self.kv_bytes(n)) / _READ_PER_S


_DECODED, _RAG = _Pair("qwen2.5-7b", "qwen2.5-0.5b"), _Pair("qwen2.5-32b", "qwen2.5-7b")


def parts() -> tuple[BenchPart, ...]:
    """All parts in order: first the tests, then what is measured, of which the earlier parts matter more."""
    return (_tests(), _decode(), _rag(), _contexts(), _lengths())


def _tests() -> BenchPart:
    argv = ("-m", "pytest", "-m", "gpu", "-q", "tests/engine")
    return BenchPart("tests", "what is tested on CUDA alone", "tests.txt", argv, _TESTS_MINUTES, 1 << 30)


def _decode() -> BenchPart:
    argv = _bench_argv("gpu", "--shapes", "qwen", "--context", str(_CONTEXT), "--blocks", str(_N_BLOCKS))
    measures = "decoding against transformers, the roofline of a step, a round and what recording it costs"
    steps = _N_BLOCKS * _N_NEW * (2 * _DECODED.step_s(_CONTEXT) + 2 * _THEIR_STEP_S)
    return _part("decode", measures, argv, _DECODED, _CONTEXT + _N_NEW, steps)


def _rag() -> BenchPart:
    passages = ",".join(map(str, _RAG_PASSAGES))
    argv = _bench_argv(
        "rag", "--target", f"timing:{_RAG.target}", "--drafter", f"timing:{_RAG.drafter}", "--device", "cuda",
        "--passage-tokens", passages, "--repeats", str(_RAG_REPEATS),
    )  # fmt: skip
    read = 20 * max(_RAG_PASSAGES)
    steps = (_RAG_REPEATS + 1) * len(_RAG_PASSAGES) * 4 * _RAG_TOKENS * 2 * _RAG.step_s(read)
    return _part("rag", "Speculative RAG against standard RAG at fixed token counts", argv, _RAG, read, steps)


def _contexts() -> BenchPart:
    argv = _bench_argv(
        "scaling", "--target", f"timing:{_DECODED.target}", "--drafter", f"timing:{_DECODED.drafter}", "--device",
        "cuda", "--contexts", ",".join(map(str, _SWEPT)), "--gammas", "1,2,4,6", "--max-new-tokens", "32",
        "--blocks", "3",
    )  # fmt: skip
    steps = (len(_SWEPT) * 3 + 5) * 4 * 32 * (_THEIR_STEP_S + _DECODED.step_s(max(_SWEPT)))
    return _part("contexts", "time a token against context and draft length", argv, _DECODED, max(_SWEPT), steps)


def _lengths() -> BenchPart:
    """Speculation against length: the small model whole, and cut to a window, which should be twice as fast at 32k."""
    target, drafter = f"timing:{_DECODED.target}", f"timing:{_DECODED.drafter}"
    argv = (
        "-m", "engine.cli", "longcontext", "--json", "--target", target, "--drafter", drafter, "--drafter",
        f"window:{_WINDOW}:{drafter}", "--device", "cuda", "--lengths", ",".join(map(str, _LENGTHS)),
        "--max-new-tokens", str(_LENGTH_NEW), "--repeats", str(_LENGTH_REPEATS),
    )  # fmt: skip
    n_lanes, n_read = 3, sum(_LENGTHS)
    reading = 2 * timing_shapes.n_parameters(timing_shapes.SHAPES[_DECODED.target]) * n_read / _COMPUTED_PER_S
    steps = n_lanes * (_LENGTH_REPEATS + 1) * sum(_LENGTH_NEW * _DECODED.step_s(n) for n in _LENGTHS)
    measures = "memory, time and acceptance against the length of the text, up to 32k"
    return _part("lengths", measures, argv, _DECODED, max(_LENGTHS), steps + n_lanes * (_LENGTH_REPEATS + 1) * reading)


def _bench_argv(name: str, *options: str) -> tuple[str, ...]:
    return ("-m", "engine.cli", "bench", name, *options, "--json")


def _part(name: str, measures: str, argv: tuple[str, ...], pair: _Pair, n: int, steps_s: float) -> BenchPart:
    seconds = _START_S + pair.weights_bytes / _DRAWN_PER_S + steps_s
    return BenchPart(
        name, measures, f"{name}.json", argv, round(seconds / 60, 1), pair.weights_bytes + pair.kv_bytes(n)
    )


def _kv_bytes(shape: timing_shapes.TimingShape, n: int) -> int:
    return _HALF * 2 * n * shape.n_layers * shape.n_kv_heads * shape.hidden // shape.n_heads


def run(chosen: tuple[BenchPart, ...], folder: Path, *, minutes: float) -> Iterator[PartEnded]:
    """Run parts one after another into a folder, and yield how each ended; all together end within the minutes."""
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + 60 * minutes
    for part in chosen:
        yield _run_part(part, folder / part.file, deadline - time.monotonic())


def _run_part(part: BenchPart, file: Path, left_s: float) -> PartEnded:
    if left_s <= 0:
        return PartEnded(part.name, _OUT_OF_TIME, str(file), 0.0)
    is_text = file.suffix == ".txt"
    argv = [sys.executable, *part.argv, *(() if is_text else ("--out", str(file)))]
    started, status = time.monotonic(), _FAILED
    try:
        process = subprocess.run(argv, capture_output=True, text=True, timeout=left_s, check=False, errors="replace")
        printed, status = process.stdout + process.stderr, _FAILED if process.returncode else _DONE
    except subprocess.TimeoutExpired as err:
        printed, status = _text(err.stdout), _OUT_OF_TIME
    if is_text:
        file.write_text(printed, encoding="utf-8")
    tail = "\n".join(printed.strip().splitlines()[-3:])
    return PartEnded(part.name, status, str(file), time.monotonic() - started, tail)


def _text(printed: bytes | str | None) -> str:
    return printed.decode("utf-8", "replace") if isinstance(printed, bytes) else printed or ""
