"""Runs a conversion in a process of its own and follows its progress.

* imports neither Qt nor torch."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import BinaryIO, cast

from engine.errors import MemoryExhausted, ModelError
from engine.events import Progressed
from engine.models.gguf.plan import ConversionPlan

_MODULE = "engine.models.gguf"
_POLL_S = 0.2
_TAIL_BYTES = 4096
_BAR = re.compile(rb"(\d+)/(\d+) \[")
# Reading is most of the work; shorter bars follow, of what is written.
_READING = 0.9
_SAFETENSORS = "use the model's safetensors folder instead"


def run(work: ConversionPlan, folder: Path) -> Iterator[Progressed]:
    """Convert into a folder; yields progress. The process ends with this generator, however that ends.

    Raises ModelError, MemoryExhausted, OSError."""
    began = time.perf_counter()
    command = [sys.executable, "-m", _MODULE, str(work.header.path), str(folder), work.dtype]
    process = subprocess.Popen(
        command, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    bars = _ProgressBars(cast(BinaryIO, process.stderr))
    try:
        while process.poll() is None:
            done = bars.share * work.disk_bytes
            yield Progressed("converting", done, work.disk_bytes, "bytes", time.perf_counter() - began)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_POLL_S)
        bars.join()
        _refuse_failed(process.returncode, cast(BinaryIO, process.stdout).read(), bars.tail, work)
    finally:
        process.kill()
        process.wait()
        bars.join()
        for pipe in (process.stdin, process.stdout, process.stderr):
            cast(BinaryIO, pipe).close()


def _environment() -> dict[str, str]:
    """The environment of the process: it finds this program wherever that was started, and asks no network."""
    here, old = str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH")
    python_path = here if not old else f"{here}{os.pathsep}{old}"
    return {
        **os.environ,
        "PYTHONPATH": python_path,
        "HF_HUB_OFFLINE": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONIOENCODING": "utf-8",
    }


class _ProgressBars:
    """Reads the progress bars that transformers draws on stderr.

    share: of the work, as far as the bars tell. tail: the last bytes that were written."""

    def __init__(self, pipe: BinaryIO) -> None:
        self.share, self.tail = 0.0, b""
        self._thread = Thread(target=self._read, args=(pipe,), name="draftscope-bars", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until everything was read."""
        self._thread.join()

    def _read(self, pipe: BinaryIO) -> None:
        while text := os.read(pipe.fileno(), 2**16):
            self.tail = (self.tail + text)[-_TAIL_BYTES:]
            for done, total in _BAR.findall(text):
                self.share = max(self.share, _READING * int(done) / max(1, int(total)))


def _refuse_failed(status: int, stdout: bytes, stderr: bytes, work: ConversionPlan) -> None:
    """Raise what the process reported, or what the way it ended tells."""
    name = work.header.path.name
    if status < 0:
        why = "probably because memory ran out" if status == -signal.SIGKILL else _last_line(stderr)
        reason = f"{name}: the conversion was ended by signal {-status}, {why}"
        raise MemoryExhausted(reason, "close other programs, or use the model's safetensors folder")
    try:
        report = json.loads(stdout.splitlines()[-1])
        if status == 0 and report == {}:
            return
        raise ModelError(str(report["message"]), str(report["hint"]))
    except (ValueError, IndexError, KeyError, TypeError) as err:
        raise ModelError(f"{name} could not be converted ({_last_line(stderr)})", _SAFETENSORS) from err


def _last_line(stderr: bytes) -> str:
    return (stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"])[-1][:200]
