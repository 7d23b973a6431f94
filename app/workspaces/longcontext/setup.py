"""Panel of the settings: the document, the models and their memory, what is written, and what is measured."""

from collections.abc import Sequence
from typing import Annotated, cast

from msgspec import Meta, Struct
from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QVBoxLayout, QWidget

from app import theme
from app.panel import Panel
from app.panels.setup.drafters_box import DraftersBox
from app.panels.setup.memory_block import MemoryBlock
from app.panels.setup.pair_form import PairForm
from app.panels.setup.tree_fields import TREE, show_tree_fields, usable_values, why_no_tree
from app.state.store import RunStore
from app.widgets.config_form import ConfigForm
from app.widgets.focus import tab_through
from app.widgets.fold import FoldedRest
from app.widgets.labels import plain_label
from app.workspaces.longcontext.choice import LengthChoice
from app.workspaces.longcontext.document_box import DocumentBox
from app.workspaces.longcontext.kernel_box import KernelBox
from app.workspaces.longcontext.state import LengthProgress
from engine.commands import Estimate, Load, MeasureLengths, Survey
from engine.events import Estimated, Event, Surveyed
from engine.methods.speculative.config import SpeculativeConfig
from engine.runs.summary import Summary

_FIRST = ("gamma", "max_new_tokens", "tree")
_ELSEWHERE = ("chat", "system", "repeats", "generation_rules")
_DRAFTERS = ("builtin", "window:builtin", "builtin:longspec", "lookup")
_DEFAULTS = MeasureLengths()
_GROUP = "long-context"
# Those of the engine, whose file loads torch.
LEAST_CHUNK, MOST_CHUNK = 16, 4_096


class MeasuringConfig(Struct, frozen=True):
    """What only a measurement over lengths has."""

    repeats: Annotated[
        int, Meta(ge=1, le=1000, title="Repeats", description="times each drafter and plain decoding write, in turn")
    ] = _DEFAULTS.repeats
    n_texts: Annotated[
        int, Meta(ge=1, le=100, title="Texts a length", description="each from another place of the document")
    ] = _DEFAULTS.n_texts
    window: Annotated[
        int, Meta(ge=1, le=2**24, title="Window", description="last tokens that a drafter cut to a window reads")
    ] = _DEFAULTS.window
    sinks: Annotated[
        int,
        Meta(ge=0, le=2**16, title="First tokens kept", description="sinks: tokens that such a drafter keeps besides"),
    ] = _DEFAULTS.sinks
    prefill_chunk: Annotated[
        int,
        Meta(
            ge=LEAST_CHUNK, le=MOST_CHUNK, title="Prefill chunk", description="tokens of the text that are read at once"
        ),
    ] = _DEFAULTS.prefill_chunk


class LongContextSetupPanel(Panel):
    """The left column. `changed`: something else is chosen."""

    changed = Signal()
    every_ms = 250

    def __init__(self, store: RunStore, pair: Load, parent: QWidget | None = None, *, named: bool = False) -> None:
        super().__init__(store, parent)
        self._named = named or pair != Load()
        self._surveyed: Surveyed | None = None
        self._asked_survey: Survey | None = None
        self._asked_pair: Load | None = None
        self.document = DocumentBox(self)
        self.models = PairForm(pair, self)
        self.memory = MemoryBlock(self)
        self.form = ConfigForm(
            SpeculativeConfig, self, first=_FIRST, without=_ELSEWHERE,
            folded=[name for name in SpeculativeConfig.__struct_fields__ if name not in _FIRST],
        )  # fmt: skip
        self.lengths = QLineEdit(", ".join(map(str, _DEFAULTS.lengths)), self)
        self.lengths.setProperty("role", "search")
        self.lengths.setToolTip(self.tr("Tokens before the first new one, such as 512, 2048, 8192 or 1k 4k"))
        tip = self.tr("The drafters to measure; each continues the text at every length")
        self.drafters = DraftersBox(self, first=_DRAFTERS, tip=tip)
        self.measuring = ConfigForm(MeasuringConfig, self, folded=("n_texts", "window", "sinks", "prefill_chunk"))
        self.attention = KernelBox(self)
        self.more = FoldedRest(
            self.tr("More"),
            self.tr("Window, prefill and attention, sampling, seed, and where and how the models are computed"),
            (self.measuring.rest, self._kernel_row(), self.form.rest, self.models.computing),
            self,
        )
        for signal in (
            self.document.changed, self.models.changed, self.form.changed, self.measuring.changed,
            self.drafters.changed, self.lengths.textChanged, self.attention.currentIndexChanged,
        ):  # fmt: skip
            signal.connect(self._on_choice)
        self.models.look_asked.connect(self._survey_again)
        self._lay_out()
        self.models.show_reason("")
        self.draw((), store.summary)

    def choice(self) -> LengthChoice:
        """What is chosen."""
        own = self.measuring.values(MeasuringConfig)
        whole = {name: cast(int, value) for name, value in own.items()}
        settings = usable_values(self.form, self.form.values(SpeculativeConfig)) | {"repeats": whole["repeats"]}
        return LengthChoice(
            pair=self.models.pair(),
            drafters=self.drafters.specs(),
            lengths=self.lengths.text(),
            text=self.document.spec(),
            pages=self.document.pages.text(),
            part=self.document.chosen_part(),
            n_read=self.document.n_read.value(),
            attention=self.attention.value(),
            settings=settings,
            **whole,
        )

    def read(self, n_new: int) -> None:
        """Read the document once the engine has its target and nothing to do, and say what came of it. n_new: tokens
        that a run writes behind it."""
        lengths = self.store.tab(LengthProgress)
        if (why_not := self.document.why_not()) or not self.is_loaded:
            lengths.forget_text()
            self.document.show_text(None, why_not or self._not_loaded(), bad=bool(why_not))
            return
        if self.isVisible() and not self.store.busy:
            lengths.read_text(self.document.question(n_new), self.models.pair().target)
        note = lengths.why_unread or self.tr("the document is being read")
        self.document.show_text(lengths.text, note, bad=bool(lengths.why_unread))

    def _not_loaded(self) -> str:
        return self.tr("read once the target is loaded: Run loads it")

    def why_no_text(self) -> str:
        """Why no run can read the document; empty where one can, or will once the target is loaded."""
        return self.document.why_not() or self.store.tab(LengthProgress).why_unread

    @property
    def is_loaded(self) -> bool:
        """Whether the chosen target is in memory."""
        model = self.store.engine.model
        return model is not None and model.target == self.models.pair().target

    def draw(self, new: Sequence[Event], summary: Summary) -> None:
        """Show the estimate of the pair, the models there are and what was found out about attention kernels."""
        engine = self.store.engine
        if engine.surveyed is not None and engine.surveyed is not self._surveyed:
            self._surveyed = engine.surveyed
            self.models.show_survey(engine.surveyed)
        self.drafters.show_models(self.models.pair().target, self._surveyed)
        estimate = self._estimate()
        progress = engine.progressed if self.store.doing == "loading" else None
        self.memory.show_estimate(estimate, in_use=self.models.pair() == self.store.commands.pair_to_come)
        self.memory.show_loaded(engine.model, progress)
        self.models.show_conversions(estimate)
        self.models.show_reason("" if estimate is None else estimate.why_not)
        self.models.show_runtime(engine.model)
        could_branch = self.form.control(TREE).isEnabled()
        show_tree_fields(self.form, why_no_tree(engine.model, self.models.pair()))
        if self.form.control(TREE).isEnabled() != could_branch:
            self._on_choice()
        self.attention.show_kernels(self.store.tab(LengthProgress).kernels)
        self._ask()

    def save(self, settings: QSettings) -> None:
        """Save the choices."""
        self.document.save(settings)
        self.form.save(settings, _GROUP)
        self.measuring.save(settings, f"{_GROUP}/measuring")
        pair = self.models.pair()
        for name, value in (
            ("target", pair.target), ("drafter", pair.drafter), ("lengths", self.lengths.text()),
            ("drafters", "\n".join(self.drafters.checked())), ("attention", self.attention.value()),
            ("more", self.more.is_open),
        ):  # fmt: skip
            settings.setValue(f"{_GROUP}/{name}", value)

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices; a pair given on the command line stays."""
        self.document.restore(settings)
        self.form.restore(settings, _GROUP)
        self.measuring.restore(settings, f"{_GROUP}/measuring")
        target, drafter = settings.value(f"{_GROUP}/target"), settings.value(f"{_GROUP}/drafter")
        if not self._named and isinstance(target, str) and isinstance(drafter, str) and target and drafter:
            self.models.choose(target, drafter)
        if isinstance(lengths := settings.value(f"{_GROUP}/lengths"), str) and lengths:
            self.lengths.setText(lengths[:200])
        if isinstance(checked := settings.value(f"{_GROUP}/drafters"), str):
            self.drafters.check(spec for spec in checked.split("\n") if spec)
        self.attention.choose(str(settings.value(f"{_GROUP}/attention", "auto")))
        self.more.open(bool(settings.value(f"{_GROUP}/more", False, type=bool)))

    # Questions to the engine

    def _estimate(self) -> Estimated | None:
        """The engine's estimate, if it is for the chosen pair."""
        estimate, pair = self.store.engine.estimated, self.models.pair()
        is_own = estimate is not None and (estimate.target, estimate.drafter) == (pair.target, pair.drafter)
        return estimate if is_own else None

    def _ask(self) -> None:
        """Ask for the estimate of another pair and the models of another target, once the engine has nothing to do."""
        if not self.isVisible() or self.store.busy or self.store.engine.model is None:
            return
        pair = self.models.pair()
        survey = Survey(pair.target, self.models.recent.specs, pair.device, pair.dtype)
        if self._estimate() is None and pair != self._asked_pair:
            self._asked_pair = pair
            self.store.ask(Estimate(pair))
        elif survey != self._asked_survey and (self._surveyed is None or self._surveyed.target != pair.target):
            self._asked_survey = survey
            self.store.ask(survey)

    def _survey_again(self) -> None:
        self._surveyed = self._asked_survey = None
        self.draw((), self.store.summary)

    def _on_choice(self) -> None:
        changed = self.form.n_changed_in_rest + self.measuring.n_changed_in_rest + self.models.n_changed
        self.more.show_changes(changed + (self.attention.currentIndex() > 0))
        show_tree_fields(self.form, why_no_tree(self.store.engine.model, self.models.pair()))
        self.changed.emit()

    # Layout

    def _kernel_row(self) -> QWidget:
        row = QWidget(self)
        _form(row, ((self.tr("Attention kernel"), self.attention),))
        return row

    def _lay_out(self) -> None:
        asked = QWidget(self)
        _form(asked, ((self.tr("Lengths"), self.lengths), (self.tr("Drafters"), self.drafters)))
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, theme.GRID, theme.GRID, theme.GRID)
        column.setSpacing(theme.GRID)
        for title, *contents in (
            (self.tr("Document"), self.document),
            (self.tr("Models"), self.models),
            (self.tr("Writing"), self.form),
            (self.tr("Measuring lengths"), asked, self.measuring, self.more),
        ):
            column.addWidget(plain_label(title, self, role="title"))
            for content in contents:
                column.addWidget(content)
        column.addWidget(self.memory)
        column.addStretch(1)
        tab_through(column)


def _form(parent: QWidget, rows: Sequence[tuple[str, QWidget]]) -> None:
    """Rows of a name and a control."""
    form = QFormLayout(parent)
    form.setContentsMargins(0, 0, 0, 0)
    form.setVerticalSpacing(theme.GRID - 2)
    form.setHorizontalSpacing(theme.GRID)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for text, control in rows:
        label = plain_label(text, parent)
        label.setBuddy(control)
        label.setToolTip(control.toolTip())
        control.setAccessibleName(text)
        form.addRow(label, control)
