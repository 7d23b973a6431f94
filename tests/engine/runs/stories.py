"""Hand-made events for tests that need no model."""

from engine.events import (
    BlockFinished,
    Candidate,
    Compared,
    Event,
    Fate,
    LastToken,
    PhaseFinished,
    ProposedToken,
    RoundFinished,
    RunFinished,
    RunStarted,
)


def proposed(token: int, fate: Fate, *, overlap: float = 0.5) -> ProposedToken:
    """A drafted token."""
    top = (Candidate(token, f"t{token}", 0.5),)
    return ProposedToken(token, f"t{token}", 0.5, 0.25, 1.0, 0.1, fate, overlap, 0, top, top)


def round_of(index: int, *token_fates: Fate, last: bool = True) -> RoundFinished:
    """A round with one token a fate, 1 ms drafting, 2 ms verifying, half a millisecond beside."""
    drafted = tuple(proposed(10 + i, fate) for i, fate in enumerate(token_fates))
    kind = "correction" if "rejected" in token_fates else "bonus"
    end = LastToken(99, "t99", kind, 0.9) if last else None
    emitted = tuple(token.id for token in drafted if token.fate == "accepted") + ((99,) if last else ())
    return RoundFinished(index, drafted, end, emitted, 1.0, 2.0, 0.5, at_s=0.01 * (index + 1))


def started(gamma: int = 2) -> RunStarted:
    """The start of a run."""
    settings = (("gamma", gamma), ("temperature", 0.0))
    return RunStarted(
        "ab12", "speculative", "2026-01-01T00:00:00Z", "Hi", (1, 2), ("H", "i"), "T", "D", settings, "cpu", "float32"
    )


def whole_run() -> list[Event]:
    """A small finished run with three pairs of blocks."""
    events: list[Event] = [
        started(),
        PhaseFinished("prefill", 4.0, 1),
        round_of(0, "accepted", "accepted"),
        round_of(1, "rejected", "untested"),
        round_of(2, "accepted", "rejected"),
    ]
    for pair in range(3):
        events.append(BlockFinished("speculative", pair, (10, 11, 99, 99, 10, 99), 4.0, 10.5, 3.5, 2.0, 0.5))
        events.append(BlockFinished("plain", pair, (10, 11, 99, 99, 10, 99), 4.0, 21.0, 3.5, 2.5))
    return [*events, Compared(True, None, None), RunFinished("length", 6)]


def tree_round(index: int, path: tuple[int, ...], *, last: bool = True) -> RoundFinished:
    """A round over a tree of seven nodes, whose parents are -1, -1, 0, 0, 1, 3 and 4; path: what was accepted of it."""
    parents = (-1, -1, 0, 0, 1, 3, 4)
    end = path[-1] if path else -1
    fates: list[Fate] = ["accepted" if node in path else "untested" for node in range(len(parents))]
    for node, parent in enumerate(parents):
        if parent == end and last:
            fates[node] = "rejected"
    drafted = tuple(proposed(10 + node, fate, overlap=0.1 * (node + 1)) for node, fate in enumerate(fates))
    ending = LastToken(99, "t99", "correction" if "rejected" in fates else "bonus", 0.9) if last else None
    emitted = tuple(drafted[node].id for node in path) + ((99,) if last else ())
    return RoundFinished(index, drafted, ending, emitted, 3.0, 2.0, 0.5, parents=parents, path=path)
