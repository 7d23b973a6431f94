"""Panel of the drafts: a grid with a card for each, with its live text, passages and scores, and the winner."""

from collections import deque
from math import lcm
from time import perf_counter

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from app import theme
from app.state.store import RunStore
from app.text.plain_text import one_line, plain_tip
from app.widgets.labels import plain_label
from app.words.counts import count
from app.workspaces.rag import answer_words
from app.workspaces.rag.answer import DraftRecord
from app.workspaces.rag.answer_panel import AnswerPanel
from app.workspaces.rag.answers import AnswerProgress
from app.workspaces.rag.card_export import CardExport, offer_export
from app.workspaces.rag.cluster_marks import mark_of
from app.workspaces.rag.draft_card import FAILED, WON, DraftCard, Member
from app.workspaces.rag.score_bars import ScoreRow, ScoreScale, scale_of
from engine.events import CandidateScored

_CARD_WIDTH = 24 * theme.GRID
_MOST_COLUMNS = 5
_SLICE_S = 0.002


class DraftsPanel(AnswerPanel):
    """A grid of as many columns as fit. Cards are made once and reused; `cards` are those of the answer on show.

    Only visible cards are drawn, a few at a time, so that drawing never blocks the window."""

    every_ms = 33
    shows_live_text = True

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._card_pool: list[DraftCard] = []
        self.exports: list[CardExport] = []
        self._n_shown, self._n_columns = 0, 0
        self._to_draw: deque[DraftCard] = deque()
        self._draw_timer = QTimer(self)
        self._draw_timer.setSingleShot(True)
        self._draw_timer.setInterval(0)
        self._draw_timer.timeout.connect(self._draw_some)
        self.empty = plain_label(
            self.tr("Drafts appear here, side by side: each is written from a few passages of its own."),
            self, role="muted", wraps=True,
        )  # fmt: skip
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._page = QWidget(self)
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme.GRID)
        self.area = QScrollArea(self)
        self.area.setWidget(self._page)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setAccessibleName(self.tr("Drafts"))
        self.area.verticalScrollBar().valueChanged.connect(lambda _value: self._draw_later())
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, 0, theme.GRID, 0)
        column.addWidget(self.empty, 1)
        column.addWidget(self.area, 1)
        self._arrange()

    @property
    def drawing(self) -> bool:
        """Whether cards are still waiting to be drawn."""
        return bool(self._to_draw)

    @property
    def cards(self) -> list[DraftCard]:
        """The cards of the answer on show."""
        return self._card_pool[: self._n_shown]

    def clear(self) -> None:
        """Empty the cards; the next answer reuses them."""
        super().clear()
        self._to_draw.clear()
        for card in self._card_pool:
            card.clear()

    def show_answer(self) -> None:
        """Bring every card up to date with its draft."""
        drafts = self.answer.drafts
        if len(drafts) != self._n_shown:
            self._show_cards(len(drafts))
        if not drafts:
            return
        chosen = self.answer.draft_at(self.store.tab(AnswerProgress).pick)
        for card in self.cards:
            card.show_chosen(chosen=card.number == chosen)
        self._draw_later()

    def _draw_later(self) -> None:
        """Queue the cards not queued yet; those that wait longest are drawn first, so that none is always late."""
        waiting = set(self._to_draw)
        self._to_draw.extend(card for card in self.cards if card not in waiting)
        self._draw_some()

    def _draw_some(self) -> None:
        """Draw visible cards for one slice of time, and leave the rest to the next."""
        began, scale = perf_counter(), self._scale()
        while self._to_draw and perf_counter() - began < _SLICE_S:
            card = self._to_draw.popleft()
            if card.number < self._n_shown and self._is_visible(card):
                self._draw_card(card, self.answer.drafts[card.number], scale)
        if self._to_draw:
            self._draw_timer.start()

    def _is_visible(self, card: DraftCard) -> bool:
        top = card.mapTo(self.area.viewport(), card.rect().topLeft()).y()
        return top < self.area.viewport().height() and top + card.height() > 0

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Fit the columns to the width, and draw the cards that become visible."""
        super().resizeEvent(event)
        self._arrange()
        self._draw_later()

    def _draw_card(self, card: DraftCard, draft: DraftRecord, scale: ScoreScale) -> None:
        cited = () if draft.finished is None else draft.finished.cited
        card.members.show_members(
            tuple(
                Member(mark_of(self.answer.cluster(place)), place + 1, place in cited)
                for place in self.answer.subset(card.number)
            )
        )
        if draft.finished is None:
            card.append(draft.pieces)
        else:
            card.show_finished(draft.finished.rationale, draft.finished.response, self._passages(card.number))
        card.show_forced("" if draft.finished is None else answer_words.forced(draft.finished))
        card.show_scores(_rows(draft.scored, won=card.number == self.answer.winner), scale)
        figures = card.bars.accessibleDescription()
        card.bars.setToolTip(plain_tip("\n".join(filter(None, (figures, self._scores_tip())))))
        self._show_state(card, draft)

    def _passages(self, draft: int) -> tuple[str, ...]:
        """The passages that a draft was made from, by rank."""
        retrieved = self.answer.retrieved
        passages = () if retrieved is None else retrieved.passages
        return tuple(f"[{at + 1}] {passages[at].text}" for at in self.answer.subset(draft) if at < len(passages))

    def _show_state(self, card: DraftCard, draft: DraftRecord) -> None:
        """Show a mark in the corner, and its meaning below the bars."""
        won, why = card.number == self.answer.winner, answer_words.why_incomplete(self.answer, card.number)
        if won:
            card.show_state(WON, self.tr("chosen: {0}").format(self._margin()), won=True, bad=False)
        elif why:
            card.show_state(FAILED, self.tr("incomplete: {0}").format(why), won=False, bad=True)
        elif draft.finished is not None:
            reused = self.tr("kept from before") if draft.finished.reused else ""
            note = " · ".join(filter(None, (reused, self._other_scores(draft))))
            card.show_state("", note, won=False, bad=False)
        else:
            note = count(draft.n_tokens, "token") if draft.n_tokens else ""
            card.show_state("", note, won=False, bad=False)

    def _margin(self) -> str:
        chosen, runner_up = self.answer.chosen, self.answer.runner_up
        if chosen is None or chosen.margin is None or runner_up is None:
            return self.tr("no other draft to compare with")
        if answer_words.is_tie(chosen.margin):
            return self.tr("tie with draft {0}").format(runner_up + 1)
        return self.tr("{0} draft {1}").format(answer_words.factor(chosen.margin), runner_up + 1)

    def _other_scores(self, draft: DraftRecord) -> str:
        """Scores that are not in the paper."""
        others = () if draft.scored is None else draft.scored.others
        return " · ".join(f"{one_line(other.name)} {other.value:.3g}" for other in others)

    def _scale(self) -> ScoreScale:
        """The scale that all cards share."""
        scores = [draft.scored for draft in self.answer.drafts.values() if draft.scored is not None]
        return scale_of(
            [
                log_p
                for score in scores
                for log_p in (score.log_draft, score.log_self_contain, score.log_self_reflect, score.log_score)
            ]
        )

    def _show_cards(self, n: int) -> None:
        names = score_names()
        while len(self._card_pool) < n:
            card = DraftCard(len(self._card_pool), names, self._page)
            card.picked.connect(self._pick)
            card.bars.setToolTip(self._scores_tip())
            self.exports += offer_export(card, self.store, self.history)
            self._card_pool.append(card)
        self._n_shown, self._n_columns = n, 0
        self._arrange()

    def _arrange(self) -> None:
        """Arrange the cards in rows of equal length."""
        width = max(1, self.width() - 3 * theme.GRID)
        most_columns = max(1, min(_MOST_COLUMNS, width // _CARD_WIDTH))
        n_rows = -(-self._n_shown // most_columns)
        n_columns = -(-self._n_shown // n_rows) if n_rows else 1
        self.empty.setVisible(not self._n_shown)
        self.area.setVisible(bool(self._n_shown))
        if n_columns == self._n_columns:
            return
        self._n_columns = n_columns
        # Cards of the last row share its width: the grid has so many columns that both rows divide it.
        n_last = self._n_shown - (n_rows - 1) * n_columns if n_rows else 1
        n_units = lcm(n_columns, n_last)
        for unit in range(max(n_units, self._grid.columnCount())):
            self._grid.setColumnStretch(unit, 1 if unit < n_units else 0)
        for number, card in enumerate(self._card_pool):
            self._grid.removeWidget(card)
            card.setVisible(number < self._n_shown)
            if number < self._n_shown:
                row, place = divmod(number, n_columns)
                span = n_units // (n_last if row == n_rows - 1 else n_columns)
                self._grid.addWidget(card, row, place * span, 1, span)

    def _pick(self, number: int) -> None:
        self.store.tab(AnswerProgress).point(self.store.tab(AnswerProgress).pick._replace(draft=number, passage=None))

    def _scores_tip(self) -> str:
        return self.tr(
            "draft: how sure the drafter was of rationale and response. contained: how likely the target finds both "
            "without documents. reflection: how likely it says Yes, the rationale supports the response. Their "
            "product decides. Longer is better; the scale is of powers of ten."
        )


def score_names() -> tuple[str, ...]:
    """Return the short names of the rows of a card."""
    return (
        answer_words.tr("draft"),
        answer_words.tr("contained"),
        answer_words.tr("reflection"),
        answer_words.tr("product"),
    )


def _rows(scored: CandidateScored | None, *, won: bool) -> tuple[ScoreRow, ...]:
    values = (
        (None,) * 4
        if scored is None
        else (scored.log_draft, scored.log_self_contain, scored.log_self_reflect, scored.log_score)
    )
    hues = ("bar_p", "bar_p", "bar_p", "good" if won else "bar_q")
    return tuple(
        ScoreRow(name, value, hue, strong=place == len(hues) - 1)
        for place, (name, value, hue) in enumerate(zip(score_names(), values, hues, strict=True))
    )
