"""What the process prints: an event a line, a refusal last, and a defect with its traceback."""

import msgspec
import pytest

from engine.events import FileDownloaded, Refused
from engine.hub import getting
from engine.hub.child import Answer, HubRequest, answer, say

REQUEST = HubRequest("look_up", "org/x", "v1")


def printed(capfdbinary: pytest.CaptureFixture[bytes]) -> list[Answer]:
    return [msgspec.json.decode(line, type=Answer) for line in capfdbinary.readouterr().out.splitlines()]


def test_every_event_is_a_line(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    event = FileDownloaded("a\nb", 1, 1)
    monkeypatch.setattr(getting, "look_up", lambda _site, spec, revision, tell: tell(event))
    answer(REQUEST)
    say(event)
    assert printed(capfdbinary) == [event, event]


def test_a_refusal_and_a_defect_are_lines_too(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(msgspec.structs.replace(REQUEST, spec="../x"))
    monkeypatch.setattr(getting, "look_up", lambda *_: 1 / 0)
    answer(REQUEST)
    refused, defect = printed(capfdbinary)
    assert isinstance(refused, Refused)
    assert isinstance(defect, Refused)
    assert (refused.what, refused.hint[:16], refused.traceback) == ("look_up", "write OWNER/NAME", "")
    assert "ZeroDivisionError" in defect.traceback
