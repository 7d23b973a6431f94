"""State of the Compare tab: the comparison on show, the chosen lane and text, and the drafters there are."""

import re
from collections.abc import Iterable
from pathlib import Path

from app.state.dropped import TEXT_SUFFIXES
from app.state.engine_link import EngineLink
from app.state.store import RunStore
from app.state.tab_state import TabState
from app.text.plain_text import one_line
from app.words.counts import count
from app.workspaces.compare import words
from app.workspaces.compare.record import AskedTurn, ComparisonRecord, read_record
from engine.commands import Compare, Survey
from engine.errors import InputError
from engine.events import (
    PLAIN_LANE,
    ComparisonMeasured,
    Event,
    LaneRefused,
    Progressed,
    Refused,
    RunFailed,
    Surveyed,
    TextsRated,
)
from engine.experiments import prompt_sets
from engine.experiments.prompt_sets import PromptSet
from engine.machine import paths
from engine.runs.trace import Trace

_PROMPTS_ONLY, _PROMPTS_OR_LOGS = (".txt", ".parquet"), (".jsonl", ".json")
_EVENT, _LONGEST_HEAD = re.compile(rb'\s*\{\s*"event"\s*:'), 4096


class ComparingProgress(TabState):
    """At most one comparison: under way, ended, or read from a file.

    chosen_lane: the lane that panels show alone, empty for the recommended one. surveyed: the newest list of models.
    prompt_file: the newest file of prompts that was read, None while there is none; reading_prompts: the one being
    read."""

    work = Compare

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self.record = ComparisonRecord()
        self._last: ComparisonRecord | None = None
        self.chosen_lane = ""
        self.chosen_turn: AskedTurn | None = None
        self.surveyed: Surveyed | None = None
        self.prompt_file: tuple[Path, PromptSet] | None = None
        self._prompts_to_come: Path | None = None
        self._asked_survey: Survey | None = None
        self._store = store
        self._engine: EngineLink = store.engine

    def begin(self, command: Compare) -> None:
        """Start a comparison; runs are refused until it has ended."""
        self._store.make_way()
        self._store.told = ""
        self._engine.progressed = None
        if self.record.started is not None:
            self._last, self.record = self.record, ComparisonRecord(self.record.number)
        self.record.begin(command)
        self.chosen_lane, self.chosen_turn = "", None
        self.commands.ask(command)
        self._store.watch()

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the comparison."""
        return self._store.stopping or words.progress(self.record, at)

    # What panels show

    @property
    def lane(self) -> str:
        """The lane that panels show alone: the chosen, the recommended, or the first drafted one."""
        names = [lane.name for lane in self.record.lanes]
        if self.chosen_lane in names:
            return self.chosen_lane
        recommended = self.record.recommended
        if recommended in names and recommended != PLAIN_LANE:
            return recommended
        return next((name for name in names if name != PLAIN_LANE and name not in self.record.refused), PLAIN_LANE)

    @property
    def turn(self) -> AskedTurn | None:
        """The prompt whose texts are on show: the chosen or the first one; None if there is none."""
        if self.chosen_turn in self.record.texts:
            return self.chosen_turn
        return next(iter(self.record.texts), None)

    @property
    def longest_turn(self) -> AskedTurn | None:
        """The prompt with the longest text, which shows most."""
        texts = self.record.texts
        return max(texts, key=lambda turn: max(len(own.ids) for own in texts[turn].values()), default=None)

    def why_no_rating(self) -> str:
        """Why the texts of the lanes cannot be rated blind; empty where they can."""
        record = self.record
        if record.live or record.started is None:
            return words.tr("nothing is measured yet") if record.started is None else words.tr("it is being measured")
        if not record.differing:
            return words.tr("no text differs from the plain one")
        path = record.kept_in
        if path is None or path.parent.parent != paths.runs():
            return words.tr("ratings are kept with runs of the tab Runs: import the file there first")
        return ""

    def rated(self, verdicts: Iterable[TextsRated]) -> None:
        """Show ratings that were just kept."""
        for verdict in verdicts:
            self.record.take(verdict)
        self._store.changed.emit()

    def choose_lane(self, lane: str) -> None:
        """Show a lane in the panels that show one."""
        if lane != self.chosen_lane:
            self.chosen_lane = lane
            self._store.changed.emit()

    def choose_turn(self, turn: AskedTurn) -> None:
        """Show the texts of a prompt."""
        if turn != self.chosen_turn:
            self.chosen_turn = turn
            self._store.changed.emit()

    # Questions and files

    def survey(self, question: Survey) -> None:
        """Ask which drafters a target has, unless that was the last question."""
        if question != self._asked_survey:
            self._asked_survey = question
            self._store.ask(question)

    def forget_survey(self) -> None:
        """Ask again which drafters there are."""
        self._asked_survey = None

    def read_prompts(self, path: Path) -> None:
        """Read a file of prompts, to say what is in it before anything is measured."""
        self._prompts_to_come = path
        self._store.open_with(path, self, self._read_awaited)

    def _read_awaited(self, path: Path) -> object:
        """Read on the files' thread what `reading_prompts` names meanwhile; it names nothing after a failure either."""
        try:
            return _read_prompts(path)
        finally:
            self._prompts_to_come = None

    @property
    def reading_prompts(self) -> Path | None:
        """The file of prompts that is being read."""
        return self._prompts_to_come

    def read(self, path: Path) -> object | None:
        """Read a file of prompts; None for any other file. Raises EngineError, OSError."""
        kind = path.suffix.lower()
        if kind not in (*_PROMPTS_ONLY, *_PROMPTS_OR_LOGS) or not path.is_file() or _is_log(path):
            return None
        try:
            return _read_prompts(path)
        except InputError:
            if kind in _PROMPTS_ONLY:
                raise
            return None

    def read_log(self, log: Trace, path: Path) -> object | None:
        """Read the comparison of a log; None for a log of something else."""
        return read_record(log.events, path) if log.of_comparison else None

    def show(self, content: object, path: Path) -> str:
        """Show the comparison of a log, or a set of prompts. Returns what is under way and prevents that."""
        if isinstance(content, PromptSet):
            self.prompt_file = path, content
            return ""
        assert isinstance(content, ComparisonRecord)
        if self.live:
            return self.under_way()
        content.number = self.record.number + 1
        self.record = content
        self.chosen_lane, self.chosen_turn = "", None
        return ""

    def opened_as(self, content: object, path: Path) -> str:
        """Say that a text file is a set of prompts, and how it would be something else."""
        if not isinstance(content, PromptSet) or path.suffix.lower() not in TEXT_SUFFIXES:
            return ""
        message = words.tr("{0}: {1} to compare; with Decode in front it is the prompt, with RAG in front a document")
        return message.format(one_line(path.name), count(len(content.prompts), "prompt"))

    # The engine's answers

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it belongs to a comparison, or answers only this tab's question."""
        if isinstance(event, Surveyed):
            return self._take_survey(event)
        if isinstance(event, LaneRefused) and not self.live:  # a race refuses lanes too
            return False
        if isinstance(event, ComparisonMeasured) and event.complete:
            self._store.told = words.outcome(event)
        return self.record.take(event)

    def _take_survey(self, event: Surveyed) -> bool:
        """Keep a list of models; one for another target than Decode's is not for Decode."""
        question = self._asked_survey
        if question is None or event.target != question.target:
            return False
        self.surveyed = event
        shared = self._engine.surveyed
        return shared is not None and shared.target != event.target

    def fail(self, event: Refused | RunFailed) -> None:
        """Note that the comparison was refused or failed."""
        if isinstance(event, RunFailed) or event.what == "compare":
            self.record.fail(event)
            self._bring_back()
        elif event.what == "survey":
            self._asked_survey = None

    def kept(self, event: Refused | RunFailed) -> str:
        """The prompts measured before."""
        n = 0 if self.record.measured is None else self.record.measured.n_measured
        if self.record.failure is not event or not n:
            return ""
        return words.tr("what was measured over {0}, shown below").format(count(n, "prompt"))

    def cancelled(self) -> None:
        """Drop a comparison that was stopped before the engine received it."""
        if not self.commands.has(Compare):
            self.record.drop()
            self._bring_back()

    def _bring_back(self) -> None:
        """Show the last comparison again where the new one measured nothing."""
        if self._last is not None and self.record.started is None and not self.record.live:
            self._last.number = self.record.number + 1
            self.record, self._last = self._last, None


def _read_prompts(path: Path) -> object:
    return prompt_sets.read(str(path))


def _is_log(path: Path) -> bool:
    """Whether the first line of a file is an event. Raises OSError."""
    with path.open("rb") as file:
        return _EVENT.match(file.readline(_LONGEST_HEAD)) is not None
