"""Signals that ask the program to end close its window as its own button does."""

import signal

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.widgets.ending_signals import EndingSignals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_once_and_the_next_one_is_as_before(
    qtbot: QtBot, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    parent, before = QObject(), signal.getsignal(number)
    signals, asked = EndingSignals(parent), []
    signals.asked.connect(lambda: asked.append(number))
    assert signal.getsignal(number) != before
    signal.raise_signal(number)
    qtbot.waitUntil(lambda: bool(asked))
    assert signals.came and signal.getsignal(number) == before
    assert capsys.readouterr().err == "draftscope: stopped; what was made so far is kept among the runs\n"
    signals.close()


def test_without_a_signal_everything_is_as_before(qtbot: QtBot) -> None:
    before, parent = signal.getsignal(signal.SIGTERM), QObject()
    signals = EndingSignals(parent)
    signals.close()
    assert not signals.came and signal.getsignal(signal.SIGTERM) == before
