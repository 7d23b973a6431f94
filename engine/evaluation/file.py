"""Reads and writes an evaluation's file: what decides its result, one line per question, and last the summary.

* imports neither Qt nor torch.

A killed evaluation continues the file with the same first line, which holds everything that decides the result."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, get_args

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct

from engine.errors import EngineError, InputError, InUse
from engine.events import Setting
from engine.events.answers import Sampling, System
from engine.machine import paths
from engine.machine.refused_writes import way_out

SCHEMA = 3
Fault: TypeAlias = Literal["retrieval", "partition", "draft", "score"]


class Grid(Struct, frozen=True):
    """The settings that an ablation tries, besides which scores decide; empty if there is none."""

    samplings: tuple[Sampling, ...] = ()
    m: tuple[int, ...] = ()
    k: tuple[int, ...] = ()


def every_sampling(m: tuple[int, ...], k: tuple[int, ...]) -> Grid:
    """Build the grid of all ways to choose subsets, at these numbers of drafts and of passages per draft."""
    return Grid(get_args(Sampling), m, k)


class EvaluationHead(Struct, frozen=True, tag_field="event", tag="evaluation"):
    """Everything that decides the result. questions: a digest of them and of the documents they come with; documents:
    identifies the index; models: fingerprints of target, drafter and embedder; place: where each runs."""

    dataset: str
    layout: str
    n_questions: int
    questions: str
    documents: str
    settings: dict[str, Setting]
    models: dict[str, str]
    place: dict[str, str]
    versions: dict[str, str]
    grid: Grid
    schema: int = SCHEMA


class SystemAnswer(Struct, frozen=True):
    """What one system answered (None: nothing), whether it is right, and its cost without retrieval.

    exact: whether it is a known answer word for word; f1: of its words. effective_context: tokens that the target read,
    over all its calls; cached_tokens of them were not computed again; retrieving_ms: of all its retrievals;
    n_iterations: follow-up questions; 0 where not counted."""

    answer: str | None
    right: bool
    latency_ms: float
    ttft_ms: float
    prefill_ms: float
    decode_ms: float
    target_tokens: int
    drafter_tokens: int
    exact: bool = False
    f1: float = 0.0
    effective_context: int = 0
    output_tokens: int = 0
    retrieving_ms: float = 0.0
    n_iterations: int = 0
    cached_tokens: int = 0


class Scores(Struct, frozen=True):
    """Of a complete draft: the three scores, the score that decided, and the target's log odds of Yes against No."""

    draft: float
    self_contain: float
    self_reflect: float
    total: float
    log_odds: float


class DraftLine(Struct, frozen=True):
    """A draft: places of its passages, whether these have the evidence (None if that is unknown), its two parts,
    whether it is right; scores: None if it is not complete."""

    subset: tuple[int, ...]
    evidence: bool | None
    rationale: str
    response: str
    right: bool
    scores: Scores | None


class QuestionLine(Struct, frozen=True, tag_field="event", tag="question"):
    """A question and all its answers. found: whether the passages have the evidence, covered: whether those of one
    draft have it, None if that is unknown. cells: for each ablation, how likely its answer is right.

    why: the reason there is no answer; everything after it is empty then."""

    id: str
    kind: str
    question: str
    answers: tuple[str, ...]
    why: str = ""
    found: bool | None = None
    covered: bool | None = None
    winner: int | None = None
    systems: dict[System, SystemAnswer] = {}
    drafts: tuple[DraftLine, ...] = ()
    phases_ms: dict[str, float] = {}
    cells: dict[str, float] = {}

    @property
    def is_scored(self) -> bool:
        """Whether its answer is known."""
        return bool(self.answers)

    @property
    def fault(self) -> Fault | None:
        """The step to blame for a wrong answer of Speculative RAG; None if it is right or there is none."""
        answer = self.systems.get("speculative_rag")
        if answer is None or answer.right:
            return None
        if self.found is False:
            return "retrieval"
        if any(draft.right for draft in self.drafts):
            return "score"
        return "partition" if self.covered is False else "draft"


class SummaryLine(Struct, frozen=True, tag_field="event", tag="summary"):
    """The last line; its content is built elsewhere."""


Line: TypeAlias = EvaluationHead | QuestionLine | SummaryLine
_decoder = msgspec.json.Decoder(Line)


class EvaluationFile:
    """A file to which lines are added, each written out before the next is started; one writer at a time."""

    def __init__(self, head: EvaluationHead, name: str) -> None:
        """Open the evaluation of a head, new or to be continued; `known` has its questions so far.

        Raises InUse: another program writes it. InputError: it is damaged. EngineError if it cannot be written."""
        first = msgspec.json.encode(head, order="deterministic") + b"\n"
        digest = sha256(first).hexdigest()[:12]
        self.path = paths.evaluations() / f"{paths.file_name(name)}-{digest}.jsonl"
        self._lock = FileLock(f"{self.path}.lock", timeout=0)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._file, self.known = _open(self.path, first)
        except Timeout as err:
            raise InUse(f"{self.path} is being written by another evaluation", "wait until it ends") from err
        except OSError as err:
            self._lock.release()
            raise _write_error(self.path, err) from err
        except BaseException:
            self._lock.release()
            raise

    def add(self, line: QuestionLine) -> None:
        """Append a question. Raises EngineError if the disk refuses."""
        self._write(msgspec.json.encode(line))

    def finish(self, summary: dict[str, object]) -> None:
        """Append the summary. Raises EngineError if the disk refuses."""
        self._write(msgspec.json.encode({"event": "summary", **summary}))

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line + b"\n")
            self._file.flush()
        except OSError as err:
            raise _write_error(self.path, err) from err

    def close(self) -> None:
        """Close the file; what a full disk still refuses was reported by `add`."""
        try:
            self._file.close()
        except OSError:
            return
        finally:
            self._lock.release()


def _open(path: Path, first: bytes) -> tuple[BinaryIO, tuple[QuestionLine, ...]]:
    """Open the file at the end of its last complete question; also returns the questions in it."""
    file = path.open("r+b" if path.exists() else "w+b")
    try:
        first_line = file.readline()
        if first_line != first and first.startswith(first_line):  # new, or killed in its first line
            file.seek(0)
            file.truncate()
            file.write(first)
            file.flush()
            return file, ()
        if first_line != first:
            raise InputError(f"{path} begins as no evaluation of its name does", "delete it, or move it away")
        questions, end = _questions(path, file, len(first))
        file.seek(end)
        file.truncate()
        return file, questions
    except BaseException:
        file.close()
        raise


def _questions(path: Path, lines: Iterable[bytes], start: int) -> tuple[tuple[QuestionLine, ...], int]:
    """The questions of a file and where they end. Raises InputError if a line among them is damaged."""
    questions: list[QuestionLine] = []
    end = start
    for number, line in enumerate(lines, 2):
        if not line.endswith(b"\n"):
            break
        try:
            record = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
            raise InputError(f"{path}: line {number} is damaged ({err})", "delete the file to begin anew") from err
        if not isinstance(record, QuestionLine):
            break
        questions.append(record)
        end += len(line)
    return tuple(questions), end


def _write_error(path: Path, err: OSError) -> EngineError:
    return EngineError(f"{path} cannot be written ({err.strerror or err})", f"{way_out(err)}; run it again to go on")
