"""What every command states about itself: what it needs, how it ends, and in what words.

* imports neither Qt nor torch."""

from typing import ClassVar, Literal

import msgspec

from engine.events import Event, Refused, RunFailed, RunFinished, WorkKind


class Order(msgspec.Struct, frozen=True):
    """The base of all commands: traits that a host reads, so that it need not distinguish commands by type.

    needs_pair: a pair must be loaded first. can_be_held: Pause, Step and Resume act on it. is_run: its events are those
    of a run and are logged. is_question: it is answered when nothing else is waiting. last: the events that end it,
    besides a refusal; an event with a field `complete` ends it only if that is true. ends_itself: it checks the cancel
    flag itself, because it reports something at its end. patience_s: how long a stop may take before the engine's
    process is killed. after_stop: the hint shown after a stop. doing: one word for what the engine does meanwhile.
    under_way: why nothing else can start meanwhile, also shown as status. kept_as: as what its events are kept in the
    store of runs, empty if they are not."""

    needs_pair: ClassVar[bool] = False
    can_be_held: ClassVar[bool] = False
    is_run: ClassVar[bool] = False
    is_question: ClassVar[bool] = False
    last: ClassVar[tuple[type[Event], ...]] = ()
    ends_itself: ClassVar[bool] = False
    patience_s: ClassVar[float] = 5.0
    after_stop: ClassVar[str] = "nothing was changed; start it again"
    doing: ClassVar[str] = ""
    under_way: ClassVar[str] = ""
    kept_as: ClassVar[WorkKind | Literal[""]] = ""

    @property
    def name(self) -> str:
        """The command's name in refusals."""
        return type(self).__name__.lower()

    def ends_with(self, event: Event) -> bool:
        """Whether this event is the command's last."""
        if isinstance(event, Refused):  # a run continues if only its file could not be written
            return event.what == self.name
        return isinstance(event, self.last) and getattr(event, "complete", True)


class RunOrder(Order, frozen=True):
    """The traits of a run on the loaded pair."""

    needs_pair: ClassVar[bool] = True
    can_be_held: ClassVar[bool] = True
    is_run: ClassVar[bool] = True
    last: ClassVar[tuple[type[Event], ...]] = (RunFinished, RunFailed)
    after_stop: ClassVar[str] = "start it again"
    doing: ClassVar[str] = "running"
    under_way: ClassVar[str] = "a run is under way"
    kept_as: ClassVar[WorkKind | Literal[""]] = "run"


class OwnModels(Order, frozen=True, kw_only=True):
    """The models of work that loads its target itself, which all its drafters share."""

    target: str = "builtin"
    device: str = "auto"
    drafter_device: str = "auto"
    dtype: str = "auto"
    runtime: str = "auto"
    quantize: str = "none"


class QuestionOrder(Order, frozen=True):
    """The traits of a question."""

    is_question: ClassVar[bool] = True
