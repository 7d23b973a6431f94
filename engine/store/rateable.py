"""Reads from kept work the texts that can be rated side by side: of two runs, a comparison, or a sweep of thresholds.

* imports neither Qt nor torch."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.errors import InputError
from engine.events import (
    PLAIN_LANE,
    ComparisonStarted,
    Event,
    GenerationMeasured,
    RoundFinished,
    RunStarted,
    SettingMeasured,
    SettingsMeasured,
)
from engine.runs import trace

_ONE_LOG = "select two runs of one prompt, one comparison, or one sweep of thresholds"


class PromptPlace(NamedTuple):
    """A prompt and a turn of it, by their numbers."""

    prompt: int
    turn: int = 0


class Author(NamedTuple):
    """What wrote texts. name: in words, another for each; run: the kept run, empty where one log has all authors."""

    name: str
    run: str
    texts: Mapping[PromptPlace, str]


class Rateable(NamedTuple):
    """Texts by author and prompt. exact: the author to compare others with; paths: the logs they are from."""

    authors: tuple[Author, ...]
    prompts: Mapping[PromptPlace, str]
    exact: str
    paths: tuple[Path, ...]

    def author(self, name: str) -> Author:
        """The author of this name."""
        return next(author for author in self.authors if author.name == name)


class RatedPair(NamedTuple):
    """Two different continuations of a prompt."""

    place: PromptPlace
    prompt: str
    first: str
    second: str


def read(paths: Sequence[Path]) -> Rateable:
    """The texts of two runs, or of one comparison or sweep. Raises InputError where there are not two to compare."""
    logs = [_events(path) for path in paths]
    if len(logs) == 2 and all(isinstance(log[0], RunStarted) for log in logs):
        return _of_runs(paths, logs)
    if len(logs) == 1 and isinstance(logs[0][0], ComparisonStarted):
        return _several(_of_comparison(logs[0]), paths, PLAIN_LANE)
    if len(logs) == 1:
        return _several(_of_sweep(logs[0]), paths, "plain")
    raise InputError("these are not two texts of one prompt", _ONE_LOG)


def pairs(rateable: Rateable, first: str, second: str) -> tuple[tuple[RatedPair, ...], int]:
    """What two authors wrote for the same prompts, where it differs; and for how many prompts it is the same."""
    ours, theirs = rateable.author(first).texts, rateable.author(second).texts
    shared = [place for place in ours if place in theirs]
    differing = tuple(
        RatedPair(place, rateable.prompts.get(place, ""), ours[place], theirs[place])
        for place in shared
        if ours[place].strip() != theirs[place].strip()
    )
    return differing, len(shared) - len(differing)


def _events(path: Path) -> tuple[Event, ...]:
    read_log = trace.read(path)
    if read_log.damage is not None:
        raise InputError(f"the file of this run is damaged ({read_log.damage})", "ratings cannot be kept in it")
    return read_log.events


def _of_runs(paths: Sequence[Path], logs: Sequence[Sequence[Event]]) -> Rateable:
    starts = [log[0] for log in logs]
    first, second = (start for start in starts if isinstance(start, RunStarted))
    if first.question != second.question:
        raise InputError("the two runs have different prompts", _ONE_LOG)
    names = [_run_name(first), _run_name(second)]
    if names[0] == names[1]:
        names = [f"{name} ({path.parent.name})" for name, path in zip(names, paths, strict=True)]
    authors = tuple(
        Author(name, path.parent.name, {PromptPlace(0): _text(log)})
        for name, path, log in zip(names, paths, logs, strict=True)
    )
    exact = next((name for name, start in zip(names, (first, second), strict=True) if start.method == "plain"), "")
    return Rateable(authors, {PromptPlace(0): first.question}, exact or names[0], tuple(paths))


def _run_name(start: RunStarted) -> str:
    """Method and drafter of a run, and what makes its text another than the target's."""
    settings = dict(start.settings)
    if start.method == "plain":
        return "plain"
    threshold = settings.get("threshold")
    beside = f", threshold {threshold:g}" if isinstance(threshold, int | float) else ""
    return f"{start.method}, {start.drafter}{beside}"


def _text(log: Iterable[Event]) -> str:
    return "".join(event.text for event in log if isinstance(event, RoundFinished) and not event.lane)


def _of_comparison(log: Sequence[Event]) -> tuple[dict[str, dict[PromptPlace, str]], dict[PromptPlace, str]]:
    """The first text of each lane for each turn."""
    started = log[0]
    assert isinstance(started, ComparisonStarted)
    prompts = {
        PromptPlace(i, j): turn for i, prompt in enumerate(started.prompts) for j, turn in enumerate(prompt.turns)
    }
    texts: dict[str, dict[PromptPlace, str]] = {lane.name: {} for lane in started.lanes}
    for event in log:
        if isinstance(event, GenerationMeasured) and not event.repeat and event.lane in texts:
            texts[event.lane].setdefault(PromptPlace(event.prompt, event.turn), event.text)
    return texts, prompts


def _of_sweep(log: Iterable[Event]) -> tuple[dict[str, dict[PromptPlace, str]], dict[PromptPlace, str]]:
    """The texts of each way of decoding; of a sweep kept by an earlier version only those of the first prompt."""
    texts: dict[str, dict[PromptPlace, str]] = {}
    prompts: dict[PromptPlace, str] = {}
    for event in log:
        if isinstance(event, SettingMeasured):
            own = event.texts or ((event.text,) if event.text else ())
            texts[_way_name(event)] = {PromptPlace(i): text for i, text in enumerate(own)}
        elif isinstance(event, SettingsMeasured):
            prompts = {PromptPlace(i): prompt for i, prompt in enumerate(event.prompts)}
    return texts, prompts


def _way_name(event: SettingMeasured) -> str:
    match event.verification:
        case "plain":
            return "plain"
        case "exact" | "block":
            return f"{event.verification} γ {event.gamma}"
        case _:
            return f"{event.verification} {event.setting:g}"


def _several(
    read_texts: tuple[dict[str, dict[PromptPlace, str]], dict[PromptPlace, str]], paths: Sequence[Path], exact: str
) -> Rateable:
    texts, prompts = read_texts
    authors = tuple(Author(name, "", own) for name, own in texts.items() if own)
    if len(authors) < 2:
        raise InputError("this run has no two texts of one prompt", _ONE_LOG)
    names = [author.name for author in authors]
    return Rateable(authors, prompts, exact if exact in names else names[0], tuple(paths))
