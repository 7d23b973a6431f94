"""The dialog: nothing is sent before it is asked for, reasons stand beside what cannot be done, a stop is one click."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox
from pytestqt.qtbot import QtBot

from app.panels.get_model.dialog import GetModelDialog
from app.state.store import RunStore
from engine.commands import GetModel, ListModels, LookUpModel, OfferPairs, RemoveModel
from engine.events import Event, FileDownloaded, ModelRemoved, Progressed, Refused
from tests.app.factory import FakeHost
from tests.app.panels.get_model.models import DESCRIBED, DOWNLOADED, LISTED, OFFERED


class Shown:
    """The dialog on a store whose engine says what a test wants."""

    def __init__(self, qtbot: QtBot) -> None:
        self.store, self.host = RunStore(), FakeHost()
        self.store.attach(self.host)
        self.dialog = GetModelDialog(self.store)
        qtbot.addWidget(self.dialog)
        self.panel = self.dialog.panel
        self.panel.every_ms = 0
        self.dialog.show_beside()
        self.bringing, self.pairs, self.cached = self.panel.bringing, self.panel.pairs, self.panel.cached

    def say(self, *events: Event) -> None:
        self.host.say(*events)
        self.store.pump()

    def described(self, event: Event = DESCRIBED) -> None:
        """Look a model up."""
        self.say(OFFERED, LISTED)
        self.panel.ask("org/x")
        self.say(event)


@pytest.fixture
def shown(qtbot: QtBot) -> Iterator[Shown]:
    made = Shown(qtbot)
    yield made
    made.dialog.close()
    made.store.close()


def test_opening_it_asks_what_fits_and_what_is_cached_and_nothing_of_the_hub(shown: Shown) -> None:
    shown.say(OFFERED, LISTED)
    assert shown.host.submitted == [OfferPairs(), ListModels()]
    assert (shown.pairs.table.rowCount(), shown.cached.table.rowCount()) == (3, 3)


def test_an_id_is_looked_up_by_enter_and_a_wrong_one_is_refused_on_the_spot(shown: Shown, qtbot: QtBot) -> None:
    shown.say(OFFERED, LISTED)
    assert "write the id" in shown.panel.look.toolTip()
    qtbot.keyClicks(shown.panel.model, "../x")
    assert not shown.panel.look.isEnabled()
    assert "write OWNER/NAME" in shown.panel.look.toolTip()
    shown.panel.model.setText(" org/x ")
    qtbot.keyClick(shown.panel.model, Qt.Key.Key_Return)
    assert shown.host.submitted[-1] == LookUpModel("org/x", "main")
    assert not shown.panel.look.isEnabled(), "one at a time"
    assert shown.bringing.title.text() == "Looking org/x up…"


def test_what_it_brings_is_shown_before_anything_is_downloaded(shown: Shown) -> None:
    shown.described()
    files = shown.bringing.files
    cells = [[files.item(row, column).text() for column in range(3)] for row in range(3)]
    assert cells == [
        ["model.safetensors", "5.0 MB", "2.0 MB here"],
        ["config.json", "800 B", "✓ here already"],
        ["x.json", "9 B", "to download"],
    ]
    assert shown.bringing.get.isEnabled()
    assert not any(isinstance(command, GetModel) for command in shown.host.submitted)


def test_a_download_shows_its_progress_and_stops_at_a_click(shown: Shown, qtbot: QtBot) -> None:
    shown.described()
    shown.bringing.get.click()
    assert shown.host.submitted[-1] == GetModel("org/x", "main")
    shown.say(Progressed("downloading", 2.5e6, 5e6, "bytes", 1.0), FileDownloaded("x.json", 9, 9))
    assert shown.bringing.amount.text().startswith("2.5 MB of 5.0 MB")
    assert shown.bringing.bar.value() == 500
    assert shown.bringing.files.item(2, 2).text() == "✓ checksum right"
    shown.bringing.stop.click()
    assert shown.host.n_cancelled == 1
    assert shown.bringing.amount.text() == "Stopping after this step…"
    assert not shown.bringing.stop.isEnabled()
    shown.say(Refused("getmodel", "stopped by the user", "get it again: it continues from what is there"))
    assert "continues from what is there" in shown.bringing.note.text()
    assert shown.bringing.get.isVisible()


def test_a_model_that_is_there_can_be_used_at_once_and_the_cache_is_listed_anew(shown: Shown) -> None:
    offered: list[tuple[str, str]] = []
    shown.store.model_offered.connect(lambda spec, role: offered.append((spec, role)))
    shown.described()
    shown.bringing.get.click()
    shown.say(DOWNLOADED)
    assert shown.bringing.note.text().startswith("✓ In the cache")
    shown.bringing.as_target.click()
    shown.bringing.as_drafter.click()
    assert offered == [("org/x", "target"), ("org/x", "drafter")]
    shown.say(OFFERED)
    assert shown.host.submitted[-2:] == [OfferPairs(), ListModels()]


def test_a_gated_model_names_the_way_out_and_cannot_be_downloaded(shown: Shown) -> None:
    shown.described(replace(DESCRIBED, gated=True, why_not="org/x is gated", hint="accept its terms, set HF_TOKEN"))
    assert shown.bringing.note.text() == "⚠ org/x is gated\nNext: accept its terms, set HF_TOKEN"
    assert not shown.bringing.get.isEnabled()
    assert "org/x is gated" in shown.bringing.get.toolTip()


def test_a_pair_is_looked_up_by_its_parts_and_used_once_both_are_there(shown: Shown) -> None:
    pairs: list[tuple[str, str]] = []
    shown.store.drafter_offered.connect(lambda target, drafter: pairs.append((target, drafter)))
    shown.say(OFFERED, LISTED)
    assert not shown.pairs.target.isEnabled()
    shown.pairs.table.selectRow(0)
    assert "2.0 GB are not downloaded yet" in shown.pairs.use.toolTip()
    shown.pairs.target.click()
    assert shown.host.submitted[-1] == LookUpModel("org/large", "main")
    shown.pairs.table.selectRow(1)
    assert "280.0 GiB" in shown.pairs.note.text()
    shown.pairs.table.selectRow(2)
    shown.pairs.use.click()
    assert pairs == [("org/small", "org/small")]


def test_a_model_is_removed_only_after_asking(shown: Shown, qtbot: QtBot) -> None:
    shown.say(OFFERED, LISTED)
    shown.panel.lists.setCurrentIndex(1)
    shown.cached.table.selectRow(0)
    shown.cached.remove.click()
    box = shown.cached.question
    assert isinstance(box, QMessageBox)
    assert box.textFormat() == Qt.TextFormat.PlainText
    assert not any(isinstance(command, RemoveModel) for command in shown.host.submitted)
    next(button for button in box.buttons() if button.text() == "Remove").click()
    assert shown.host.submitted[-1] == RemoveModel("org/small")
    shown.say(ModelRemoved("org/small", 5))
    assert "org/small was removed" in shown.bringing.note.text()


def test_what_cannot_be_loaded_is_not_offered_for_use(shown: Shown) -> None:
    shown.say(OFFERED, LISTED)
    shown.cached.table.selectRow(1)
    assert not shown.cached.target.isEnabled()
    assert "it has no weights" in shown.cached.target.toolTip()
    assert shown.cached.remove.isEnabled()


def test_every_label_shows_foreign_text_as_text(shown: Shown) -> None:
    shown.described(replace(DESCRIBED, licence="<b>x</b>"))
    labels = [label for label in shown.dialog.findChildren(QLabel) if label.text()]
    mnemonics = {"&Model", "&Revision"}
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels if label.text() not in mnemonics)
    assert any(label.text() == "<b>x</b>" for label in labels)


def test_every_control_can_be_reached_and_has_a_name(shown: Shown) -> None:
    for widget in (shown.panel.model, shown.panel.revision, shown.pairs.table, shown.cached.table, shown.bringing.bar):
        assert widget.accessibleName()
    for widget in (shown.panel.model, shown.panel.look, shown.pairs.table, shown.bringing.get):
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
