"""The pages below the plane: a threshold, the table of a sweep, a live run, the making of a gate; and their verbs."""

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QTabWidget, QWidget

from app.panels.verbs import Verbs
from app.state import requests, verbs
from app.state.dropped import DroppedFiles
from app.state.requests import Setup
from app.state.store import RunStore
from app.state.verbs import Verb
from app.text.plain_text import path_line
from app.words.model_names import full_name
from app.workspaces.approximate.gate_page import GatePage
from app.workspaces.approximate.gate_state import GateProgress
from app.workspaces.approximate.live_page import LivePage
from app.workspaces.approximate.setup import ApproximateSetupPanel
from engine.commands import Run
from engine.methods.sprinter.config import SprinterConfig

_METHOD = "sprinter"


class ApproximatePages(QTabWidget):
    """of_sweep: what a threshold does, and the table of a sweep. `changed`: something else is chosen, or another page
    is in front."""

    changed = Signal()

    def __init__(
        self,
        store: RunStore,
        verbs_of_tab: Verbs,
        setup: ApproximateSetupPanel,
        of_sweep: tuple[QWidget, QWidget],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._store, self._setup = store, setup
        at_threshold, table = of_sweep
        self.live = LivePage(store, verbs_of_tab, self)
        self.making = GatePage(store, self, pair=setup.pair, sampling=lambda: setup.form.values(SprinterConfig))
        self._why_no_settings = self._why_not_chosen()
        self.setDocumentMode(True)
        for page, title, tip in (
            (at_threshold, self.tr("At the threshold"), self.tr("What the gate does from the chosen threshold on")),
            (table, self.tr("All ways of decoding"), self.tr("Their figures, as a sweep measured them")),
            (self.live, self.tr("Run"), self.tr("Decode the prompt with the gate, in view")),
            (self.making, self.tr("Train"), self.tr("Collect rows, and train a gate on them")),
        ):
            self.setTabToolTip(self.addTab(page, title), tip)
        self.live.changed.connect(self.changed)
        self.making.changed.connect(self.changed)
        self.making.use_asked.connect(self.use_gate)
        self.currentChanged.connect(lambda _place: self.changed.emit())

    # Verbs

    def takes(self, verb: Verb) -> bool:
        """Whether the page in front, and not the tab, says what a verb does."""
        return verb != "run" or self.currentWidget() in (self.live, self.making)

    def do(self, verb: Verb) -> None:
        """Run with the gate, make a gate, or what belongs to the run on show."""
        match verb:
            case "run" if self.currentWidget() is self.making:
                self.making.do("both")
            case "run":
                self.start(held=False)
            case "step" if self._store.in_rounds:
                self._store.step()
            case "step":
                self.start(held=True)
            case "replay":
                self.live.transport.toggle()
            case "again":
                self._run_again()

    def why_not(self, verb: Verb) -> str:
        """Why a verb is not possible; empty where it is."""
        match verb:
            case "run" if self.currentWidget() is self.making:
                return self.making.why_not()
            case "step" if self._store.in_rounds:
                return ""
            case "run" | "step":
                return self._why_no_settings or self._store.may_start()
            case "fork":
                return self.tr("fork runs in Decode, which shows this run as well")
        return verbs.why_not(self._store, verb)

    # Runs with a gate

    def run_at(self, threshold: float) -> None:
        """Show the run of the prompt with this threshold. Such a run that is under way is stopped; other work is not,
        and the status line then says what it waits for."""
        self._setup.show_threshold(threshold)
        self.setCurrentWidget(self.live)
        front = self._store.commands.front
        if isinstance(front, Run) and front.method == _METHOD:
            self._store.cancel()
        elif reason := self._store.may_start():
            self._store.tell(self.tr("no run from {0:g}: {1}").format(threshold, reason))
            return
        if reason := self._why_not_chosen():
            self._store.tell(self.tr("no run from {0:g}: {1}").format(threshold, reason))
        else:
            self.start(held=False)

    def start(self, *, held: bool) -> None:
        """Decode the prompt with the gate; held: pause after the first round."""
        chosen, prompt = self._chosen(), self.live.prompt
        earlier = prompt.conversation.earlier if self._is_chat() else ()
        self._store.run(chosen.pair, requests.run(chosen, prompt.text(), earlier, held=held))

    def ask_conversation(self) -> None:
        """Show the prompt that was dropped, and ask as chat if it is the last turn of a conversation."""
        self.setCurrentWidget(self.live)
        dropped, model = self._store.tab(DroppedFiles).prompt, self._store.engine.model
        if dropped is None or not dropped.earlier or model is None:
            return
        if not model.chat_template:
            message = self.tr("{0} has no chat template: of the conversation only its last turn is asked")
            hint = self.tr("choose an instruct model as the target")
            self._store.report(message.format(full_name(model.target, "target")), hint, what="conversation")
            return
        self._setup.form.set_values({"chat": "on"})
        if dropped.earlier[0].role == "system":
            self._store.tell(self.tr("runs with a gate have no system prompt: Decode asks with it"))

    def _is_chat(self) -> bool:
        model = self._store.engine.model
        return model is not None and model.chat_template and self._chosen().settings.get("chat") != "off"

    def _chosen(self) -> Setup:
        settings = {**self._setup.form.values(SprinterConfig), **self.live.settings()}
        return Setup(self._setup.pair(), _METHOD, settings)

    def _why_not_chosen(self) -> str:
        """Why what is chosen cannot be run; empty where it can."""
        if self._setup.pair().drafter in ("none", "lookup"):
            return self.tr("a gate needs a drafter that is a model: choose another drafter")
        return requests.why_not(self._chosen())

    def _run_again(self) -> None:
        """Repeat the run on show from the same prompt with the next seed."""
        started = self._store.started
        assert started is not None
        pair = requests.pair_of(started, self._setup.pair(), self._store.engine.model)
        self._store.run(pair, requests.with_seed(started))

    # The gate

    def use_gate(self, folder: str) -> None:
        """Decode with a gate from now on, with the pair that it was trained for, and show where to run it."""
        trained = self._store.tab(GateProgress).record.trained
        if trained is not None:
            self._setup.models.choose(trained.target, trained.drafter)
        self._setup.form.set_values({"gate": folder})
        self._store.tell(self.tr("runs and sweeps use the gate in {0}").format(path_line(folder)))
        self.setCurrentWidget(self.live)

    # Upkeep

    def follow_choice(self) -> None:
        """Find out whether what is chosen now can be run, and a gate be made for it."""
        self._why_no_settings = self._why_not_chosen()
        self.making.follow_choice()

    def follow_engine(self) -> None:
        """Follow whether work may begin."""
        self.making.follow_engine()

    def save(self, settings: QSettings) -> None:
        """Save the choices."""
        self.live.save(settings)
        self.making.save(settings)
        settings.setValue("approximate/page", self.currentIndex())

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices."""
        self.live.restore(settings)
        self.making.restore(settings)
        page = str(settings.value("approximate/page", "0"))
        self.setCurrentIndex(int(page) if page.isascii() and page.isdigit() and len(page) < 3 else 0)
