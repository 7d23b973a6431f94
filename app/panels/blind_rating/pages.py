"""The three pages of rating blind: what to compare, a pair of texts, and what came of it."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QPushButton,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.text.plain_text import paragraphs
from app.widgets.labels import plain_label
from app.widgets.steady_box import SteadyBox
from app.widgets.tables import FigureTable, alignment
from app.words import ratings
from app.words.counts import count
from engine.store.blind_rating import Choice, RatingCounts, ShownPair
from engine.store.rateable import Rateable, pairs

_PROMPT_LINES = 3


def press_by_enter(button: QPushButton) -> None:
    """Let Enter press a button that has the focus, and only then: elsewhere in its dialog Enter must rate nothing."""
    button.setAutoDefault(False)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        shortcut = QShortcut(QKeySequence(key), button)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(button.click)


class ChoicePage(QWidget):
    """Which two authors are compared. `changed`: another pair is chosen."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rateable: Rateable | None = None
        self.n_pairs = 0
        self.first = self._box(self.tr("One text is from"))
        self.second = self._box(self.tr("The other is from"))
        self.note = plain_label(self.tr("Reading the texts…"), self, wraps=True)
        form = QFormLayout()
        form.setHorizontalSpacing(2 * theme.GRID)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for box in (self.first, self.second):
            label = plain_label(box.accessibleName(), self)
            label.setBuddy(box)
            form.addRow(label, box)
        how = self.tr(
            "For each prompt two texts are shown side by side, in random order and without names. You say which is "
            "better; what wrote them is revealed at the end, and your ratings are kept with the run."
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(plain_label(how, self, wraps=True))
        column.addLayout(form)
        column.addWidget(self.note)
        column.addStretch(1)

    def show_authors(self, rateable: Rateable, first: str, second: str) -> None:
        """Offer these authors, with two of them chosen."""
        self._rateable = rateable
        for box, chosen in ((self.first, first), (self.second, second)):
            box.clear()
            for author in rateable.authors:
                box.addItem(ratings.author(author.name), author.name)
            box.setCurrentIndex(box.findData(chosen))
            box.setEnabled(len(rateable.authors) > 1)
        self._on_chosen()

    def chosen(self) -> tuple[str, str]:
        """The names of the two."""
        return str(self.first.currentData()), str(self.second.currentData())

    def say(self, text: str) -> None:
        """Say why nothing can be compared."""
        self.n_pairs = 0
        self.note.setText(text)

    def _on_chosen(self) -> None:
        if self._rateable is None:
            return
        differing, n_same = pairs(self._rateable, *self.chosen())
        self.n_pairs = len(differing)
        if self.chosen()[0] == self.chosen()[1]:
            self.note.setText(self.tr("Choose two different ones."))
        else:
            self.note.setText(
                self.tr("{0} with different texts; {1} with the same text left out.").format(
                    count(self.n_pairs, "prompt"), f"{n_same:,}"
                )
            )
        self.changed.emit()

    def _box(self, name: str) -> SteadyBox:
        box = SteadyBox(self)
        box.setAccessibleName(name)
        box.setToolTip(self.tr("What wrote the texts; the side on which they stand is drawn anew for every prompt"))
        box.setMinimumContentsLength(32)
        box.activated.connect(lambda _place: self._on_chosen())
        return box


class PairPage(QWidget):
    """A prompt and two continuations, A on the left and B on the right. `rated`: which is better."""

    rated = Signal(str)
    taken_back = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.place = plain_label("", self, role="muted")
        self.prompt = self._text(self.tr("Prompt"))
        self.prompt.setFixedHeight(_PROMPT_LINES * self.fontMetrics().lineSpacing() + 2 * theme.GRID)
        self.left, self.right = self._text(self.tr("Text A")), self._text(self.tr("Text B"))
        for edit in (self.prompt, self.left, self.right):
            tip = self.tr("{0}; Tab goes on to the next, and to what you say of them")
            edit.setToolTip(tip.format(edit.accessibleName()))
        offered: tuple[tuple[Choice, str, str, str], ...] = (
            ("left", self.tr("A is better (1)"), "1", self.tr("The text on the left is the better one")),
            ("right", self.tr("B is better (2)"), "2", self.tr("The text on the right is the better one")),
            ("tie", self.tr("Equally good (3)"), "3", self.tr("Neither is better, and both will do")),
            ("both_bad", self.tr("Both bad (0)"), "0", self.tr("Neither is better, and neither will do")),
        )
        self.choices = {choice: self._button(text, key, choice, tip) for choice, text, key, tip in offered}
        self.back = QPushButton(self.tr("Back"), self)
        self.back.setToolTip(self.tr("Take the last rating back (Backspace)"))
        press_by_enter(self.back)
        self.back.clicked.connect(self.taken_back)
        self._key("Backspace", self.back)
        self._lay_out()

    def show_pair(self, shown: ShownPair, n: int) -> None:
        """Show a pair, the first of n or a later one."""
        self.place.setText(self.tr("Pair {0:,} of {1:,}").format(shown.number + 1, n))
        self.back.setEnabled(shown.number > 0)
        for edit, text in ((self.prompt, shown.prompt), (self.left, shown.left), (self.right, shown.right)):
            edit.setPlainText(paragraphs(text.strip()))
            edit.verticalScrollBar().setValue(0)

    def _text(self, name: str) -> QPlainTextEdit:
        edit = QPlainTextEdit(self)
        edit.setReadOnly(True)
        edit.setTabChangesFocus(True)
        edit.setAccessibleName(name)
        return edit

    def _button(self, text: str, key: str, choice: Choice, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(self.tr("{0} (key {1})").format(tip, key))
        press_by_enter(button)
        button.clicked.connect(lambda _checked=False: self.rated.emit(choice))
        self._key(key, button)
        return button

    def _key(self, key: str, button: QPushButton) -> None:
        """A key that works wherever the focus is while the page is shown."""
        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.setAutoRepeat(False)  # a key held down must not rate the next pair
        shortcut.activated.connect(button.click)

    def _lay_out(self) -> None:
        texts = QGridLayout()
        texts.setSpacing(theme.GRID)
        for place, (title, edit) in enumerate((("A", self.left), ("B", self.right))):
            texts.addWidget(plain_label(title, self, role="title"), 0, place)
            texts.addWidget(edit, 1, place)
            texts.setColumnStretch(place, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GRID)
        for button in self.choices.values():
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.place)
        column.addWidget(self.prompt)
        column.addLayout(texts, 1)
        column.addLayout(buttons)


class OutcomePage(QWidget):
    """What wrote the texts and how often each was preferred, of this sitting, and whether it is kept."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.heading = plain_label("", self, wraps=True)
        self.heading.setFont(theme.scaled(self.heading.font(), 1.2, bold=True))
        self.table = FigureTable(0, 2, self, padding=theme.GRID)
        self.table.setAccessibleName(self.tr("Ratings"))
        self.table.setHorizontalHeaderLabels([self.tr("rating"), self.tr("pairs")])
        self.table.setSelectionMode(FigureTable.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.preference = plain_label("", self, wraps=True)
        self.saved = plain_label("", self, role="muted", wraps=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * theme.GRID)
        for widget in (self.heading, self.table, self.preference, self.saved):
            column.addWidget(widget)
        column.setStretch(1, 1)

    def show_counts(self, counted: RatingCounts, n: int, sides: Sequence[bool]) -> None:
        """Reveal the two. n: pairs there were; sides: for each rated pair whether the first stood on the left."""
        self.heading.setText(
            self.tr("{0}: {1} of {2} rated.").format(ratings.versus(counted), f"{counted.n:,}", count(n, "pair"))
        )
        on_left = self.tr("{0} stood on the left").format(ratings.author(counted.first))
        rows = [*ratings.tally(counted), (on_left, sum(sides))]
        self.table.setRowCount(len(rows))
        for row, (words, number) in enumerate(rows):
            item = QTableWidgetItem(f"{number:,}")
            item.setTextAlignment(alignment(is_text=False))
            self.table.setItem(row, 0, QTableWidgetItem(words))
            self.table.setItem(row, 1, item)
        self.preference.setText(ratings.preference(counted))
