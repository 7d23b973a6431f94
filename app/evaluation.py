"""What an evaluation of `draftscope rag eval` found, read from its file of JSON Lines; knows no widget.

Of the file only its `summary` is needed: `systems`, and `calibration` where the verdicts were calibrated. Every `_ci`
is a 95 % interval, [low, high]."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.errors import InputError

_MOST_BYTES = 2**30
Interval = tuple[float, float]


class SystemResult(msgspec.Struct, frozen=True):
    """One way to answer, over all questions; latency of the median question."""

    accuracy: float
    accuracy_ci: Interval | None = None
    latency_ms: float | None = None
    latency_ci: Interval | None = None
    latency_cut: float | None = None
    latency_cut_ci: Interval | None = None
    target_tokens: float = 0.0
    drafter_tokens: float = 0.0


class Bin(msgspec.Struct, frozen=True):
    """Verdicts stated between low and high: how many, how sure on average, what share was right; None where none is."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


class BinRow(NamedTuple):
    """The same, written as a list."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


class Calibration(msgspec.Struct, frozen=True):
    """How far the target's verdicts can be taken at their word, before and after the temperature fitted to them."""

    temperature: float
    ece_before: float
    ece_after: float
    bins_before: tuple[Bin | BinRow, ...]
    bins_after: tuple[Bin | BinRow, ...]

    @property
    def n(self) -> int:
        """How many verdicts it was fitted to."""
        return sum(one.n for one in self.bins_before)


class Evaluation(msgspec.Struct, frozen=True):
    """What an evaluation says in the end; n_lines: of the file, also where it has not ended."""

    systems: dict[str, SystemResult] = {}
    calibration: Calibration | None = None
    dataset: str = ""
    n_questions: int = 0
    n_lines: int = 0
    name: str = ""


class _Line(msgspec.Struct, frozen=True):
    """What tells the lines of the file apart."""

    event: str = ""


_line, _whole = msgspec.json.Decoder(_Line), msgspec.json.Decoder(Evaluation)


def read(path: Path) -> Evaluation:
    """Read an evaluation; one that has not ended has no systems. Raises InputError."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} has more than 1 GiB, which no evaluation has", "open another file")
        with path.open("rb") as file:
            return _collect(path, file)
    except OSError as err:
        raise InputError(f"{path} cannot be opened ({err.strerror})", "check the path") from err


def _collect(path: Path, lines: Iterable[bytes]) -> Evaluation:
    found, n_lines = Evaluation(), 0
    for line in lines:
        try:
            event = _line.decode(line).event
            found = _whole.decode(line) if event == "summary" else found
        except (msgspec.DecodeError, UnicodeDecodeError) as err:
            if not n_lines or line.endswith(b"\n"):
                reason = f"{path} is no evaluation: line {n_lines + 1}: {err}"
                raise InputError(reason, "open the .jsonl file that draftscope rag eval wrote") from err
            break  # the line that was not finished
        n_lines += 1
    if not n_lines:
        raise InputError(f"{path} is empty", "open the .jsonl file that draftscope rag eval wrote")
    return msgspec.structs.replace(found, n_lines=n_lines, name=path.name)
