"""The actions of keyboard, menu and toolbars, and the reasons why one is unavailable."""

from typing import Literal, TypeAlias, get_args

from PySide6.QtCore import QCoreApplication

from app.state import requests
from app.state.store import RunStore

Verb: TypeAlias = Literal["run", "pause", "step", "stop", "fork", "again", "replay"]
VERBS: tuple[Verb, ...] = get_args(Verb)


def tr(words: str) -> str:
    """Translate a reason."""
    return QCoreApplication.translate("verbs", words)


def why_not(store: RunStore, verb: Verb) -> str:
    """Why an action is unavailable now for the run on show; empty where it is available."""
    match verb:
        case "run":
            return store.may_start()
        case "stop":
            return store.may_stop()
        case "pause":
            return "" if store.in_rounds else tr("no run is at its rounds")
        case "step":
            return "" if store.in_rounds else store.may_start()
        case "fork":
            return _why_no_fork(store)
        case "again":
            return store.may_start() or ("" if store.started is not None else tr("there is no run to make again"))
        case "replay":
            return "" if store.replay.possible else tr("there is no run to replay")


def _why_no_fork(store: RunStore) -> str:
    if store.history.shown is None:
        return tr("There is no run to fork yet. Run first, then select a token of its text.")
    if store.may_start():
        return tr("Something is under way. Wait for its end, or stop it, to fork the run.")
    if store.selection is None:
        return tr("Select a token of the text first: click it, or go there with the arrow keys.")
    if not requests.can_fork(store.history.shown, store.selection):
        return tr("The selected token was not kept. Select one that was.")
    return ""
