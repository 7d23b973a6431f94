"""What an evaluation of `draftscope rag eval` found, read from its file of JSON Lines; knows no widget.

Of the file only its `summary` is needed: `systems`, and `calibration` where the verdicts were calibrated. Every `_ci`
is a 95 % interval, [low, high]."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from engine.errors import InputError
from engine.evaluation.calibration import at_bound
from engine.events import EvaluationMeasured

_MOST_BYTES, _LONGEST_HEAD = 2**30, 2**16
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


class ShownBin(msgspec.Struct, frozen=True):
    """Verdicts of about the same confidence: how sure they were on average, what share was right, how many."""

    confidence: float
    accuracy: float
    n: int


class ShownCalibration(msgspec.Struct, frozen=True):
    """How far the target's verdicts can be taken at their word, before and after the temperature fitted to them.

    n: verdicts it was fitted to; n_held_out: others, which errors and bins are of."""

    temperature: float
    n: int
    n_held_out: int
    ece_before: float
    ece_after: float
    bins_before: tuple[ShownBin, ...]
    bins_after: tuple[ShownBin, ...]

    @property
    def says_nothing(self) -> bool:
        """Whether the temperature went to its bound: the verdicts do not tell right from wrong."""
        return at_bound(self.temperature)


class AblationCell(msgspec.Struct, frozen=True):
    """One setting of an ablation; difference: of its accuracy to that of the evaluation's own settings."""

    setting: str
    accuracy: float
    difference: float
    accuracy_ci: Interval | None = None
    difference_ci: Interval | None = None


class Evaluation(msgspec.Struct, frozen=True):
    """What an evaluation says, in the end or so far. n_answered: of the n_questions, None where that is not told;
    failed: why others have no answer, by name; n_lines: of the file it was read from, also where that has no summary.
    """

    systems: dict[str, SystemResult] = {}
    calibration: ShownCalibration | None = None
    ablation: tuple[AblationCell, ...] = ()
    dataset: str = ""
    n_questions: int = 0
    n_answered: int | None = None
    failed: dict[str, str] = {}
    n_lines: int = 0
    name: str = ""

    @property
    def n_asked(self) -> int:
        """Questions that were asked, answered or not."""
        return (self.n_answered or 0) + len(self.failed)


class _Line(msgspec.Struct, frozen=True):
    """What tells the lines of the file apart."""

    event: str = ""


_line, _whole = msgspec.json.Decoder(_Line), msgspec.json.Decoder(Evaluation)


def of_event(event: EvaluationMeasured) -> Evaluation:
    """What the engine found so far."""
    found = msgspec.convert(msgspec.to_builtins(event.figures), Evaluation)
    return msgspec.structs.replace(found, name=Path(event.file).name)


def is_evaluation(path: Path) -> bool:
    """Whether a file may be one, by its first line. Raises OSError."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_HEAD)
    try:
        return _line.decode(first).event == "evaluation"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


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
