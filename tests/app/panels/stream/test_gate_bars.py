"""The bars of a gate below the tokens: where they are offered, what they paint, and what the card says."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from PySide6.QtGui import QImage

from app.panels.stream.panel import TokenStreamPanel
from app.state.selection import Selection
from app.state.store import RunStore
from engine.events import RoundFinished
from tests.app.factory import a_round, started

Shown = tuple[RunStore, TokenStreamPanel, Callable[..., None]]
SETTINGS = {"threshold": 0.4}


def gated(*probs: float, audited: bool = False) -> RoundFinished:
    """A round of unverified tokens to which a gate gave these probabilities."""
    event = a_round(0, [" word"] * len(probs))
    tokens = [
        replace(token, gate=prob, fate="unverified", audited=audited, accept_prob=float(prob > 0.5))
        for token, prob in zip(event.proposed, probs, strict=True)
    ]
    return replace(event, proposed=tuple(tokens))


def image(panel: TokenStreamPanel) -> QImage:
    return panel.view.viewport().grab().toImage()


def test_only_a_run_with_a_gate_offers_its_bars(shown: Shown) -> None:
    _, panel, say = shown
    say(started(), a_round(0, [" a"]))
    assert panel.gate.isHidden()
    say(started("gated", method="sprinter", settings=SETTINGS), gated(0.9, 0.2))
    assert not panel.gate.isHidden()
    panel.gate.setChecked(True)
    assert panel.view.marks.gate and panel.gate_key.isVisible()
    say(started("plain"), a_round(0, [" a"]))
    assert panel.gate.isHidden() and not panel.view.marks.has_bars, "other methods pay nothing for it"


def test_bars_of_gate_and_x_ray_take_turns(shown: Shown) -> None:
    _, panel, say = shown
    say(started(method="sprinter", settings=SETTINGS), gated(0.9))
    panel.gate.setChecked(True)
    panel.x_ray.setChecked(True)
    assert not panel.gate.isChecked() and not panel.view.marks.gate and panel.x_ray_key.isVisible()
    panel.gate.setChecked(True)
    assert not panel.x_ray.isChecked() and not panel.x_ray_key.isVisible()


@pytest.mark.parametrize("other", [0.1, 1.0])
def test_the_bar_shows_what_the_gate_gave(shown: Shown, other: float) -> None:
    _, panel, say = shown
    say(started("one", method="sprinter", settings=SETTINGS), gated(0.5))
    without = image(panel)
    panel.gate.setChecked(True)
    first = image(panel)
    say(started("two", method="sprinter", settings=SETTINGS), gated(other))
    assert first != without and image(panel) != first


def test_the_tick_moves_with_the_threshold(shown: Shown) -> None:
    _, panel, say = shown
    panel.gate.setChecked(True)
    say(started("one", method="sprinter", settings=SETTINGS), gated(0.5))
    first = image(panel)
    say(started("two", method="sprinter", settings={"threshold": 0.9}), gated(0.5))
    assert image(panel) != first


def facts(panel: TokenStreamPanel) -> dict[str, str]:
    return dict(panel.view.card.facts)


@pytest.mark.parametrize(("prob", "verdict"), [(0.8, "right"), (0.45, "wrong")])
def test_the_card_states_gate_threshold_and_audit(shown: Shown, prob: float, verdict: str) -> None:
    store, panel, say = shown
    say(started(method="sprinter", settings=SETTINGS), gated(prob, audited=True))
    store.select(Selection(0, 0))
    said = facts(panel)
    assert (said["gate"], said["threshold"], said["audit"]) == (f"{prob:.3f}", "0.400", verdict)
    say(started("plain"), a_round(0, [" a"]))
    store.select(Selection(0, 0))
    assert not {"gate", "threshold", "audit"} & facts(panel).keys()
