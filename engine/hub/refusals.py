"""Turns what the hub, the network and the disk answer into one line each, with the way out.

* imports neither Qt nor torch."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import get_token
from huggingface_hub.errors import (
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from engine.errors import EngineError, InputError

_UNAUTHORISED, _FORBIDDEN, _TOO_MANY, _SERVER = 401, 403, 429, 500
_AGAIN = "get it again: it continues from what is there"
_LONGEST = 160


class Asked(NamedTuple):
    """What is being asked of a hub, for the words of a refusal."""

    endpoint: str
    repo: str
    revision: str
    folder: Path

    @property
    def host(self) -> str:
        """The hub's name without anything secret that its address may hold."""
        return host_of(self.endpoint)

    @property
    def page(self) -> str:
        """The address of the model's page."""
        return f"{urlsplit(self.endpoint).scheme}://{self.host}/{self.repo}"


def host_of(endpoint: str) -> str:
    """The host and port of an address; a user and password in it are left out."""
    return urlsplit(endpoint).netloc.rpartition("@")[2] or "the hub"


@contextmanager
def hub_errors(asked: Asked) -> Iterator[None]:
    """Raise EngineError in place of every error of the hub, the network or the disk."""
    try:
        yield
    except EngineError:
        raise
    except (HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, httpx2.HTTPError, httpx2.InvalidURL) as err:
        raise refusal(err, asked) from err
    except LocalEntryNotFoundError as err:  # how the client reports a file that it could not ask for
        raise unreachable(err.__cause__ or err, asked) from err
    except (FileMetadataError, ValueError, TypeError, KeyError, AttributeError) as err:
        reason = f"{asked.host} does not answer as a hub does ({_first_line(err)})"
        raise EngineError(reason, "check HF_ENDPOINT") from err
    except OSError as err:
        raise disk_refusal(err, asked.folder) from err


def refusal(err: Exception, asked: Asked) -> EngineError:
    """What the hub's client raised, in one line."""
    match err:
        case GatedRepoError():
            return gated(asked)
        case OfflineModeIsEnabled():
            return InputError("HF_HUB_OFFLINE is set, so that nothing is downloaded", "unset it for this command")
        case RevisionNotFoundError():
            return InputError(f"{asked.repo} has no revision {asked.revision}", "name a branch, a tag or a commit")
        case RemoteEntryNotFoundError():
            return EngineError(f"a file of {asked.repo} is no longer on {asked.host}", "look the model up again")
        case RepositoryNotFoundError() if get_token() is None:
            hint = "check the spelling, OWNER/NAME; a private one needs a token in HF_TOKEN"
            return InputError(f"there is no model {asked.repo} on {asked.host}", hint)
        case RepositoryNotFoundError():
            hint = "check the spelling, OWNER/NAME, and that the token in use may read it"
            return InputError(f"there is no model {asked.repo} on {asked.host}", hint)
        case HFValidationError():
            return InputError(f"{asked.repo} is no id of a model", "write OWNER/NAME")
        case HfHubHTTPError():
            return _status_refusal(err.response.status_code, asked)
        case _:
            return unreachable(err, asked)


def gated(asked: Asked) -> EngineError:
    """The refusal of a model whose terms this token's owner has not accepted."""
    hint = f"accept them at {asked.page}, then set HF_TOKEN to a token of yours, or log in with 'hf auth login'"
    if get_token() is not None:
        hint = f"accept them at {asked.page} with the account of the token in use"
    return InputError(f"{asked.repo} is gated: its owner wants its terms accepted first", hint)


def unreachable(err: BaseException, asked: Asked) -> EngineError:
    """The refusal of a hub that cannot be reached or breaks off."""
    reason = f"{asked.host} cannot be reached ({_first_line(err)})"
    return EngineError(reason, f"check the network, the proxy and HF_ENDPOINT, then {_AGAIN}")


def disk_refusal(err: OSError, folder: Path) -> EngineError:
    """The refusal of a disk that takes nothing more, or must not be written."""
    if err.errno in (errno.ENOSPC, errno.EDQUOT):
        return EngineError(f"the disk is full at {folder}", f"free some, then {_AGAIN}; or set HF_HOME to another disk")
    reason = f"{folder} cannot be written ({err.strerror or _first_line(err)})"
    return EngineError(reason, "check its permissions, or set HF_HOME to another folder")


def _status_refusal(status: int, asked: Asked) -> EngineError:
    if status == _UNAUTHORISED:
        return InputError(f"{asked.host} refused the token", "renew HF_TOKEN, or log in with 'hf auth login'")
    if status == _FORBIDDEN:
        return InputError(f"{asked.host} forbids reading {asked.repo}", "use a token that may read it, in HF_TOKEN")
    if status == _TOO_MANY:
        return EngineError(f"{asked.host} asks for fewer requests", f"wait some minutes, then {_AGAIN}")
    if status >= _SERVER:
        return EngineError(f"{asked.host} has a problem of its own (status {status})", f"later {_AGAIN}")
    return EngineError(f"{asked.host} refused the request (status {status})", "check the id and HF_ENDPOINT")


def _first_line(err: BaseException) -> str:
    """What an error says, short and without the token, whoever might have put it there."""
    text = (str(err).strip() or type(err).__name__).splitlines()[0][:_LONGEST]
    token = get_token()
    return text.replace(token, "…") if token else text
