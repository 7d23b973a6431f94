"""What routing would have brought to a sweep's questions, or why the sweep cannot tell."""

from engine.allocation.grid import cells_of
from engine.cli.scaling_routing import routing_fields, routing_lines
from engine.events import CellAnswered
from tests.allocations import answered

CELLS = cells_of((0, 1, 2), (0,), (1, 3))
TEXTS = {"bridge": "Who leads the school of the town?", "single": "When was the mill built?"}


def swept(n: int, *, quality: bool = True) -> list[CellAnswered]:
    return [
        answered(
            f"q{i}", cell, kind=kind, right=cell.k > 0 and (kind == "single" or cell.n > 1), question=TEXTS[kind],
            quality=0.9 if quality else None,
        )
        for i in range(n) for kind in (("single", "bridge")[i % 2],) for cell in CELLS
    ]  # fmt: skip


def test_both_routes_have_their_figures() -> None:
    fields = routing_fields(swept(24), "accuracy")
    iterating, escalation = fields["iterating"], fields["escalation"]
    assert isinstance(iterating, dict) and iterating["share_iterated"] == 0.5 and iterating["routed"][0] == 1.0
    assert isinstance(escalation, list) and len(escalation) == 21
    lines = routing_lines(swept(24), "accuracy")
    assert lines[0].startswith("iterating never 0.50 at") and lines[1].startswith("escalation below 0.00")


def test_what_a_sweep_cannot_tell_is_said() -> None:
    fields = routing_fields(swept(4, quality=False), "accuracy")
    assert fields == {"iterating": None, "escalation": None}
    assert routing_lines(swept(4, quality=False), "accuracy") == [
        "when to iterate: 4 questions are too few to learn from", "escalation: this sweep did not judge its answers"
    ]  # fmt: skip
