"""Refusals are one line, name the way out, and never show a token."""

import errno
from pathlib import Path

import httpx2
import pytest
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

from engine.errors import EngineError
from engine.hub.refusals import Asked, disk_refusal, host_of, hub_errors, refusal
from tests.hub_server import TOKEN

ASKED = Asked("https://me:secret@hub.example:8443/api", "org/x", "main", Path("/cache"))


def test_a_token_in_an_error_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    shown = str(refusal(httpx2.ConnectError(f"no route for {TOKEN}\nsecond line"), ASKED))
    assert TOKEN not in shown
    assert "second line" not in shown


def test_a_host_is_named_without_its_password() -> None:
    assert host_of(ASKED.endpoint) == "hub.example:8443"
    assert ASKED.page == "https://hub.example:8443/org/x"
    assert host_of("nonsense") == "the hub"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (HFValidationError("bad"), "is no id of a model"),
        (LocalEntryNotFoundError("no HEAD"), "cannot be reached"),
        (KeyError("sha"), "does not answer as a hub does"),
        (ValueError("Expecting value"), "does not answer as a hub does"),
        (PermissionError(errno.EACCES, "Permission denied"), "/cache cannot be written (Permission denied)"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full at /cache"),
        (httpx2.ReadTimeout("slow"), "cannot be reached (slow)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_becomes_one_line(error: Exception, reason: str) -> None:
    with pytest.raises(EngineError) as raised, hub_errors(ASKED):
        raise error
    assert reason in raised.value.message
    assert raised.value.hint


def test_what_is_said_already_passes_unchanged() -> None:
    said = EngineError("a", "b")
    with pytest.raises(EngineError) as raised, hub_errors(ASKED):
        raise said
    assert raised.value is said


def test_an_error_of_the_disk_without_words_still_says_something() -> None:
    assert "OSError" in disk_refusal(OSError(), Path("/cache")).message
