"""Reads what people write to name a model of a hub: OWNER/NAME, its address, or a GGUF file in it.

* imports neither Qt nor torch."""

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from engine.errors import InputError

_HINT = "write OWNER/NAME, for instance HuggingFaceTB/SmolLM2-135M-Instruct"
_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
_FILE_PART = re.compile(r"[\w.+ -]{1,200}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REVISION = re.compile(r"[\w.+/-]{1,200}", re.ASCII)
_GGUF = ".gguf"
_LONGEST = 80


class HubId(NamedTuple):
    """A repository, and the GGUF file in it if one was named."""

    repo: str
    file: str = ""

    @property
    def text(self) -> str:
        """As it is written."""
        return f"{self.repo}/{self.file}" if self.file else self.repo


def parse_id(text: str) -> HubId:
    """The model a text names. Raises InputError."""
    try:
        parts = _parts(text.strip())
    except ValueError:  # an address that is none
        parts = []
    file = "/".join(parts[2:])
    if not len(parts) >= 1 or not all(map(_is_part, parts[:2])) or (file and not _is_gguf(parts[2:])):
        raise InputError(f"{text.strip()[:_LONGEST]!r} names no model of a hub", _HINT)
    return HubId("/".join(parts[:2]), file)


def checked_revision(text: str) -> str:
    """A branch, tag or commit. Raises InputError."""
    if not _REVISION.fullmatch(text) or ".." in text or text.startswith("/"):
        raise InputError(f"{text[:_LONGEST]!r} is no revision", "name a branch, a tag or a commit, for instance main")
    return text


def is_commit(text: str) -> bool:
    """Whether a revision names one commit for ever."""
    return bool(_COMMIT.fullmatch(text))


def _parts(text: str) -> list[str]:
    """The parts between slashes; of an address, those that name the model and its file."""
    if not text.startswith(("http://", "https://")):
        return text.split("/")
    parts = [unquote(part) for part in urlsplit(text).path.strip("/").split("/")]
    return [*parts[:2], *parts[4:]] if parts[2:3] in (["blob"], ["resolve"]) else parts[:2]


def _is_part(part: str) -> bool:
    return bool(_PART.fullmatch(part)) and "--" not in part and ".." not in part


def _is_gguf(parts: list[str]) -> bool:
    safe = all(_FILE_PART.fullmatch(part) and part.strip(". ") for part in parts)
    return safe and parts[-1].lower().endswith(_GGUF)
