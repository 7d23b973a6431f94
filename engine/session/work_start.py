"""States the start of work that has no start of its own: trainings, evaluations, measurements."""

import secrets
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, TypeAlias, cast

from engine.commands import Command, Evaluate, Measure, Train
from engine.events import (
    GATE_TRAINING,
    Event,
    GateTrainingStarted,
    Progressed,
    Setting,
    Warned,
    WorkKind,
    WorkStarted,
)
from engine.machine import versions
from engine.models import devices
from engine.models.hashes import pair_hashes
from engine.models.loading import LoadedModel
from engine.runtime import Provenance

_Startless: TypeAlias = Train | Evaluate | Measure


class PairInUse(NamedTuple):
    """What a session has loaded: the target (None if nothing is), the drafter's SPEC, and where both are from."""

    target: LoadedModel | None
    drafter_spec: str
    provenance: Provenance


def with_start(pair: PairInUse, command: Command, events: Iterator[Event]) -> Iterator[Event]:
    """The events of a command, and before the first that is kept the start of the work, if it has none of its own:
    what is refused before leaves nothing behind."""
    return _with_start(pair, command, events) if isinstance(command, Train | Evaluate | Measure) else events


def _with_start(pair: PairInUse, command: _Startless, events: Iterator[Event]) -> Iterator[Event]:
    has_begun = False
    with closing(cast(Generator[Event, None, None], events)):
        for event in events:
            if not has_begun and not isinstance(event, Progressed | Warned):
                has_begun = True
                yield start_of(pair, command)
            yield event


def started_on_pair(
    pair: PairInUse, kind: WorkKind, method: str, settings: tuple[tuple[str, Setting], ...], subject: str = ""
) -> WorkStarted:
    """The start of work on the loaded pair."""
    target = pair.target
    assert target is not None
    return WorkStarted(
        work_id=secrets.token_hex(4),
        kind=kind,
        started_utc=versions.now_utc(),
        method=method,
        target=target.spec,
        drafter=pair.drafter_spec,
        settings=settings,
        device=str(target.device),
        dtype=str(target.dtype).removeprefix("torch."),
        subject=subject,
        versions=versions.versions(),
        processor=pair.provenance.processor,
        hashes=pair.provenance.hashes,
    )


def training_started(command: Train) -> WorkStarted:
    """The start of a training, which loads its target itself."""
    device = devices.parse_device(command.device)
    return WorkStarted(
        work_id=secrets.token_hex(4),
        kind="training",
        started_utc=versions.now_utc(),
        method=str(command.settings.get("objective", "")),
        target=command.target,
        drafter=command.out,
        settings=tuple(command.settings.items()),
        device=str(device),
        dtype=command.dtype,
        subject=command.data,
        versions=versions.versions(),
        processor=versions.processor(device),
        hashes=pair_hashes(command.target, None),
    )


def builtin_training_started(out: Path, minutes: float | None) -> WorkStarted:
    """The start of the training of the built-in models, which load nothing."""
    device = devices.parse_device("auto")
    settings = () if minutes is None else (("minutes", minutes),)
    return WorkStarted(
        secrets.token_hex(4), "training", versions.now_utc(), "builtin", "builtin", str(out), settings, str(device),
        "float32", versions=versions.versions(), processor=versions.processor(device),
    )  # fmt: skip


def gate_training_started(event: GateTrainingStarted, settings: Mapping[str, Setting]) -> WorkStarted:
    """The start of a gate's training, which reads rows and loads no model."""
    return WorkStarted(
        secrets.token_hex(4), "training", versions.now_utc(), GATE_TRAINING, event.target, event.drafter,
        tuple(settings.items()), "cpu", "float32", event.rows, versions.versions(),
        versions.processor(devices.parse_device("cpu")),
    )  # fmt: skip


def start_of(pair: PairInUse, command: Train | Evaluate | Measure) -> WorkStarted:
    """The start of a command's work."""
    match command:
        case Train():
            return training_started(command)
        case Evaluate():
            settings = (*command.settings.items(), *command.options.items())
            return started_on_pair(pair, "evaluation", "speculative_rag", settings, command.dataset)
        case Measure():
            return started_on_pair(pair, "measurement", "scaling", _settings_of(command))


def _settings_of(command: Measure) -> tuple[tuple[str, Setting], ...]:
    lists = {"contexts": command.contexts, "gammas": command.gammas, "batches": command.batches}
    texts = ((name, ",".join(map(str, numbers))) for name, numbers in lists.items())
    return (*texts, ("gamma", command.gamma), ("n_new", command.n_new), ("n_blocks", command.n_blocks))
