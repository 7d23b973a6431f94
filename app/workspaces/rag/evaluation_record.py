"""Results of an evaluation of `draftscope rag eval`, read from its JSON Lines file or from an event.

Only the `summary` line is needed: `systems`, and `calibration` where the verdicts were calibrated. Every `_ci` is a
95 % interval, [low, high], every `_range` the smallest and the largest value of a question."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from engine.errors import InputError
from engine.evaluation.calibration import at_bound
from engine.events import EvaluationMeasured

_MOST_BYTES, _LONGEST_HEAD = 2**30, 2**16
Interval = tuple[float, float]


class SystemResult(msgspec.Struct, frozen=True):
    """The results of one way to answer over all questions; the latency is that of the median question.

    accuracy: over those whose answer is known, None without any. effective_context: tokens that the target read."""

    accuracy: float | None
    accuracy_ci: Interval | None = None
    latency_ms: float | None = None
    latency_ci: Interval | None = None
    latency_cut: float | None = None
    latency_cut_ci: Interval | None = None
    target_tokens: float = 0.0
    drafter_tokens: float = 0.0
    latency_cut_range: Interval | None = None
    n_no_answer: int = 0
    effective_context: float = 0.0
    n_iterations: float = 0.0


class ShownBin(msgspec.Struct, frozen=True):
    """Verdicts of similar confidence: their mean confidence, the share that was right, and their number."""

    confidence: float
    accuracy: float
    n: int


class ShownCalibration(msgspec.Struct, frozen=True):
    """How reliable the target's verdicts are, before and after the temperature fitted to them.

    n: verdicts used for the fit; n_held_out: other verdicts, from which errors and bins are computed."""

    temperature: float
    n: int
    n_held_out: int
    ece_before: float
    ece_after: float
    bins_before: tuple[ShownBin, ...]
    bins_after: tuple[ShownBin, ...]

    @property
    def says_nothing(self) -> bool:
        """Whether the temperature reached its bound: the verdicts do not separate right from wrong."""
        return at_bound(self.temperature)


class AblationCell(msgspec.Struct, frozen=True):
    """One setting of an ablation; difference: its accuracy minus that of the evaluation's own settings."""

    setting: str
    accuracy: float
    difference: float
    accuracy_ci: Interval | None = None
    difference_ci: Interval | None = None


class Evaluation(msgspec.Struct, frozen=True):
    """The results of an evaluation, final or so far. n_answered: of the n_questions, None where unknown; failed: why
    others have no answer, by name; n_lines: lines of the file it was read from, even where that has no summary."""

    systems: dict[str, SystemResult] = {}
    calibration: ShownCalibration | None = None
    ablation: tuple[AblationCell, ...] = ()
    dataset: str = ""
    n_questions: int = 0
    n_answered: int | None = None
    failed: dict[str, str] = {}
    n_lines: int = 0
    name: str = ""
    n_scored: int | None = None

    @property
    def n_asked(self) -> int:
        """The number of questions asked, answered or not."""
        return (self.n_answered or 0) + len(self.failed)


class _Line(msgspec.Struct, frozen=True):
    """The field that distinguishes the lines of the file."""

    event: str = ""


_line_decoder, _evaluation_decoder = msgspec.json.Decoder(_Line), msgspec.json.Decoder(Evaluation)


def of_event(event: EvaluationMeasured) -> Evaluation:
    """Convert the engine's results so far."""
    evaluation = msgspec.convert(msgspec.to_builtins(event.figures), Evaluation)
    return msgspec.structs.replace(evaluation, name=Path(event.file).name)


def is_evaluation(path: Path) -> bool:
    """Return whether a file looks like an evaluation, by its first line. Raises OSError."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_HEAD)
    try:
        return _line_decoder.decode(first).event == "evaluation"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
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
    evaluation, n_lines = Evaluation(), 0
    for line in lines:
        try:
            event = _line_decoder.decode(line).event
            evaluation = _evaluation_decoder.decode(line) if event == "summary" else evaluation
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
            if not n_lines or line.endswith(b"\n"):
                reason = f"{path} is no evaluation: line {n_lines + 1}: {err}"
                raise InputError(reason, "open the .jsonl file that draftscope rag eval wrote") from err
            break  # the last line is incomplete
        n_lines += 1
    if not n_lines:
        raise InputError(f"{path} is empty", "open the .jsonl file that draftscope rag eval wrote")
    return msgspec.structs.replace(evaluation, n_lines=n_lines, name=path.name)
