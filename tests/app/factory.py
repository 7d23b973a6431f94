"""Hand-made events and a host that does nothing but note what it is told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue

from engine.commands import Command, Load
from engine.events import (
    BlockFinished,
    Candidate,
    Compared,
    Event,
    Fate,
    LastToken,
    ModelLoaded,
    PhaseFinished,
    ProposedToken,
    RoundFinished,
    RunFinished,
    RunStarted,
    Setting,
)

PAIR = Load()
MODEL = ModelLoaded("builtin", "builtin", "cpu", "float32", 2048, 32_000_000, 9_000_000, 0.2)


@dataclass
class FakeHost:
    """Keeps commands; a test puts the answers into the inbox."""

    inbox: "SimpleQueue[Event]" = field(default_factory=SimpleQueue)
    submitted: list[Command] = field(default_factory=list)
    n_cancelled: int = 0
    closed: bool = False

    def submit(self, command: Command) -> None:
        self.submitted.append(command)

    def cancel(self) -> None:
        self.n_cancelled += 1

    def close(self) -> bool:
        self.closed = True
        return True

    def say(self, *events: Event) -> None:
        """Answer."""
        for event in events:
            self.inbox.put(event)


def started(
    run_id: str = "run1",
    *,
    pieces: Iterable[str] = ("Once", " upon"),
    method: str = "speculative",
    settings: dict[str, Setting] | None = None,
    drafter: str = "builtin",
    forked_from: str | None = None,
    forked_at: int | None = None,
) -> RunStarted:
    """The start of a run over a prompt of the given pieces."""
    prompt = tuple(pieces)
    chosen = {"gamma": 4, "temperature": 0.0, "max_new_tokens": 128, "baseline": True} | (settings or {})
    return RunStarted(
        run_id, method, "2026-01-01T00:00:00Z", "".join(prompt), tuple(range(len(prompt))), prompt, "builtin",
        drafter, tuple(chosen.items()), "cpu", "float32", forked_from=forked_from, forked_at=forked_at,
    )  # fmt: skip


def token(
    text: str, fate: Fate, *, id: int = 7, p: float = 0.6, q: float = 0.8, u: float | None = 0.4
) -> ProposedToken:
    """A proposed token."""
    top = (Candidate(id, text, p), Candidate(id + 1, " other", 0.1))
    return ProposedToken(id, text, p, q, min(1.0, p / q), u, fate, 0.7, 0, top, tuple(reversed(top)))


def last(text: str, *, correction: bool = True, id: int = 9) -> LastToken:
    """A correction or a bonus."""
    rank = 1 if correction else None
    return LastToken(id, text, "correction" if correction else "bonus", 0.5, rank, (Candidate(id, text, 0.5),))


def a_round(
    number: int, accepted: Iterable[str], ghosts: Iterable[str] = (), end: str | None = " end"
) -> RoundFinished:
    """A round: accepted texts, then ghosts of which the first was rejected, then the last token."""
    kept, lost = list(accepted), list(ghosts)
    fates: list[Fate] = ["accepted"] * len(kept) + (["rejected"] + ["untested"] * (len(lost) - 1) if lost else [])
    proposed = tuple(
        token(text, fate, id=100 + i) for i, (text, fate) in enumerate(zip(kept + lost, fates, strict=True))
    )
    final = None if end is None else last(end, correction=bool(lost))
    emitted = (*(t.id for t in proposed[: len(kept)]), *([] if final is None else [final.id]))
    return RoundFinished(number, proposed, final, emitted, 2.0, 5.0, 0.25)


def blocks(n_pairs: int = 3) -> list[BlockFinished]:
    """Timed blocks: speculative twice as fast as plain."""
    made = [BlockFinished("speculative", pair, (1, 2), 1.0, 10.0, 5.0, 5.0, 1.0) for pair in range(n_pairs)]
    return made + [BlockFinished("plain", pair, (1, 2), 1.0, 20.0, 9.0, 4.0) for pair in range(n_pairs)]


def text_done() -> BlockFinished:
    """The recorded generation is whole; it is in no pair."""
    return BlockFinished("speculative", 0, (1, 2), 1.0, 40.0, 20.0, 9.0, 3.0, paired=False)


def whole_run(run_id: str = "run1") -> list[Event]:
    """A short finished run: two rounds, five tokens, three pairs of blocks, the same text."""
    return [
        started(run_id),
        PhaseFinished("prefill", 12.0, 1),
        a_round(0, [" a", " time"], [" lived", " ran"], " there"),
        a_round(1, [" was"], (), "\n"),
        text_done(),
        *blocks(),
        Compared(True, None, None),
        RunFinished("length", 5),
    ]
