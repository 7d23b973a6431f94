"""The tree of an answer: the question, its follow-ups and the final answer, with documents and what they took."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from app import theme
from app.plots.table_export import as_csv
from app.text.plain_text import one_line, plain_tip
from app.widgets.labels import plain_label
from app.words import quantities
from app.words.counts import count
from app.workspaces.scaling import words
from app.workspaces.scaling.record import ScalingRecord, ScalingStep

_STEP, _ANSWER, _P, _DOCUMENTS, _READ, _CACHED, _TIME = range(7)
_LONGEST = 200
# In characters: below this width what came from the cache is only in the tooltip of what was read.
_WIDE, _NARROW = 95, 80
_ANSWER_SHARE = 0.24
_PLACE = Qt.ItemDataRole.UserRole


class StepTree(QWidget):
    """`step_picked`: a step, counted from 0, by mouse or keys. A step under way has an ellipsis in place of its answer.

    Items are made once and then filled, so that selection and focus stay while the tree grows."""

    step_picked = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._filling = False
        self._shown: tuple[ScalingStep, ...] = ()
        self.tree = _Tree(self)
        self.tree.setAccessibleName(self.tr("Steps of the answer"))
        self.tree.currentItemChanged.connect(lambda item, _before: self._on_current(item))
        self._name_columns()
        self.copy = QAction(self.tr("Copy steps as CSV"), self.tree)
        self.copy.triggered.connect(lambda _checked=False: QGuiApplication.clipboard().setText(as_csv(self.rows())))
        self.tree.addAction(self.copy)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.empty = plain_label(
            self.tr(
                "Ask: the question stands here with its documents, below it every follow-up question with what was"
                " retrieved for it, its answer and its probability, and the final answer."
            ),
            self.tree.viewport(), role="muted", wraps=True,
        )  # fmt: skip
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        middle = QVBoxLayout(self.tree.viewport())
        middle.setContentsMargins(4 * theme.GRID, 0, 4 * theme.GRID, 0)
        middle.addWidget(self.empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        column.addWidget(self.tree)

    def show_record(self, record: ScalingRecord, picked: int | None) -> None:
        """Show the steps so far, and which one is selected; None selects the newest."""
        steps = record.steps
        self._filling = True
        self.empty.setVisible(not steps)
        if steps != self._shown:
            self._shown = steps
            self._fill(steps, record.gold)
        if steps:
            self._select(len(steps) - 1 if picked is None else min(picked, len(steps) - 1))
        self._filling = False

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Give the answers their share, and leave out what is in a tooltip where the window is narrow."""
        super().resizeEvent(event)
        width = self.width() / self.fontMetrics().averageCharWidth()
        self.tree.setColumnHidden(_CACHED, width < _WIDE)
        self.tree.setColumnHidden(_DOCUMENTS, width < _NARROW)  # they are lines of the tree as well
        self.tree.header().resizeSection(_ANSWER, round(_ANSWER_SHARE * self.width()))

    def rows(self) -> list[list[str]]:
        """The steps as they are shown, titles first."""
        columns = range(_TIME + 1)
        heads = [self.tree.headerItem().text(column) for column in columns]
        root = self.tree.topLevelItem(0)
        items = [] if root is None else [root, *_steps_below(root)]
        return [heads, *([item.text(column) for column in columns] for item in items)]

    # Filling

    def _fill(self, steps: tuple[ScalingStep, ...], gold: tuple[str, ...]) -> None:
        if not steps:
            self.tree.clear()
            return
        root = self.tree.topLevelItem(0) or QTreeWidgetItem(self.tree)
        places = [root, *_children_with(root, range(1, len(steps)))]
        for number, (item, step) in enumerate(zip(places, steps, strict=True)):
            self._fill_step(item, number, step, gold)
        for item in [item for item in _steps_below(root) if item.data(_STEP, _PLACE) >= len(steps)]:
            root.removeChild(item)
        root.setExpanded(True)
        root.setFirstColumnSpanned(True)  # a question is long, and has few figures

    def _fill_step(self, item: QTreeWidgetItem, number: int, step: ScalingStep, gold: tuple[str, ...]) -> None:
        item.setData(_STEP, _PLACE, number)
        texts = (
            self._title(number, step), self._answer(step, gold), words.share(step.probability), _documents(step),
            f"{step.input_tokens:,}" if step.calls else "", f"{step.cached_tokens:,}" if step.calls else "",
            "" if step.ms is None else quantities.milliseconds(step.ms),
        )  # fmt: skip
        for column, text in enumerate(texts):
            if column == _P and step.probability is None:
                text = ""
            item.setText(column, text)
            side = Qt.AlignmentFlag.AlignRight if column >= _P else Qt.AlignmentFlag.AlignLeft
            item.setTextAlignment(column, side | Qt.AlignmentFlag.AlignVCenter)
        self._explain(item, step)
        font = theme.tabular(self.tree.font())
        font.setBold(step.kind == "final")
        for column in (_STEP, _ANSWER):
            item.setFont(column, font)
        if step.kind != "question":
            self._fill_lines(item, number, _lines(step))
            if step.note:
                item.setExpanded(True)

    def _fill_lines(self, item: QTreeWidgetItem, number: int, lines: list[tuple[str, str]]) -> None:
        """Show lines below a step, each with its tooltip."""
        while item.childCount() > len(lines):
            item.takeChild(item.childCount() - 1)
        for place, (text, tip) in enumerate(lines):
            child = item.child(place) or QTreeWidgetItem(item)
            child.setData(_STEP, _PLACE, number)
            child.setText(_STEP, text)
            child.setToolTip(_STEP, plain_tip(tip))
            child.setFirstColumnSpanned(True)  # it has no figures

    def _title(self, number: int, step: ScalingStep) -> str:
        text = one_line(step.text, longest=_LONGEST)
        match step.kind:
            case "question":
                behind = count(len(step.documents), "document") if step.documents else _odd(step)
                return self.tr("{0}  · {1}").format(text, behind) if behind else text
            case "final":
                return self.tr("★ Final answer (forced)") if step.forced else self.tr("★ Final answer")
        return self.tr("↳ {0}  {1}").format(number, text)

    def _answer(self, step: ScalingStep, gold: tuple[str, ...]) -> str:
        if step.is_open:
            return "…"
        if step.kind == "question":
            return ""
        answer = one_line(step.answer, longest=_LONGEST) or words.no_answer()
        if step.kind == "final" and gold:
            return f"{'✓' if words.is_right(step.answer, gold) else '✗'} {answer}"
        return answer

    def _explain(self, item: QTreeWidgetItem, step: ScalingStep) -> None:
        item.setToolTip(_STEP, plain_tip("\n".join(filter(None, (one_line(step.text), one_line(step.note))))))
        item.setToolTip(_ANSWER, plain_tip(one_line(step.answer)))
        read = self.tr("{0:,} read in {1}, {2:,} of them not computed again; {3:,} written")
        n_calls = len(step.calls)
        tip = read.format(step.input_tokens, n_calls, step.cached_tokens, step.output_tokens) if n_calls else ""
        item.setToolTip(_READ, tip)
        if step.n_known:
            item.setToolTip(_DOCUMENTS, self.tr("{0:,} new, {1:,} were there before").format(
                len(step.documents), step.n_known
            ))  # fmt: skip

    # Selecting

    def _select(self, number: int) -> None:
        root = self.tree.topLevelItem(0)
        current = self.tree.currentItem()
        if root is None or (current is not None and current.data(_STEP, _PLACE) == number):
            return
        item = next((item for item in (root, *_steps_below(root)) if item.data(_STEP, _PLACE) == number), root)
        self.tree.setCurrentItem(item)
        self.tree.scrollToItem(item)

    def _on_current(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and not self._filling:
            self.step_picked.emit(int(item.data(_STEP, _PLACE)))

    def _name_columns(self) -> None:
        heads = (
            (self.tr("step"), self.tr("The question, its follow-up questions and the documents that came with them.")),
            (self.tr("answer"), self.tr("The intermediate answer; ✓ right or ✗ wrong where the final one is known.")),
            (self.tr("p"), self.tr("The model's probability of the answer: that of its tokens, multiplied.")),
            (self.tr("docs"), self.tr("Documents that are new in the context at this step.")),
            (self.tr("read"), self.tr("Input tokens of the calls of this step, each call counted whole.")),
            (self.tr("cached"), self.tr("Those of them that were not computed again.")),
            (self.tr("time"), self.tr("Of the step, retrieval included.")),
        )
        for column, (title, meaning) in enumerate(heads):
            self.tree.headerItem().setText(column, title)
            self.tree.headerItem().setToolTip(column, meaning)
            side = Qt.AlignmentFlag.AlignRight if column >= _P else Qt.AlignmentFlag.AlignLeft
            self.tree.headerItem().setTextAlignment(column, side | Qt.AlignmentFlag.AlignVCenter)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_STEP, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_ANSWER, QHeaderView.ResizeMode.Interactive)


class _Tree(QTreeWidget):
    """Home and End go to the question and to the last step."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setColumnCount(_TIME + 1)
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.setFont(theme.tabular(self.font()))
        self.setRootIsDecorated(True)
        self.setUniformRowHeights(True)
        self.setIndentation(2 * theme.GRID)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Leave Return to the shortcuts of the window."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()
            return
        super().keyPressEvent(event)


def _steps_below(root: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    return [item for place in range(root.childCount()) if (item := root.child(place)) is not None]


def _children_with(root: QTreeWidgetItem, numbers: range) -> list[QTreeWidgetItem]:
    """The items below a root, made where they are missing."""
    below = _steps_below(root)
    return [below[place] if place < len(below) else QTreeWidgetItem(root) for place in range(len(numbers))]


def _lines(step: ScalingStep) -> list[tuple[str, str]]:
    """What stands below a step, with tooltips: what is out of the ordinary about it, and the documents that came in.

    Of the question there are too many documents to be lines."""
    odd = [(_odd(step), one_line(step.note, longest=3 * _LONGEST))] if step.note else []
    return odd + [
        (f"▤ {one_line(each.title or each.text, longest=_LONGEST)}", one_line(each.text, longest=3 * _LONGEST))
        for each in step.documents
    ]


def _odd(step: ScalingStep) -> str:
    """What is out of the ordinary about a step; empty for most."""
    return words.tr("note: {0}").format(one_line(step.note, longest=_LONGEST)) if step.note else ""


def _documents(step: ScalingStep) -> str:
    if not step.documents and not step.n_known:
        return ""
    return f"{len(step.documents)}" if step.kind == "question" else f"+{len(step.documents)}"
